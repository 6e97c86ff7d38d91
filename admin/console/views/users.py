"""Users: who may sign in, with which roles, for which part of the city; inviting, locking, ending sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import flash, request, url_for
from markupsafe import Markup
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from admin.console import accounts, factors, formats, joining, words
from admin.console.context import actor, console, reading
from admin.console.devices import describe
from admin.console.forms import Form
from admin.console.frame import ListScreen, back_to, drawn, expose, shown, told
from admin.console.icons import badge
from admin.console.lockout import LockOut
from admin.console.places import place_of, place_tree, titles_of
from admin.console.sessions import terms
from admin.console.views.departments import DepartmentPages
from campaigns import grants
from campaigns.access import PERSONAL
from campaigns.errors import LoaError, NotFound
from campaigns.models import User
from campaigns.store import console as store
from campaigns.store import factors as factor_store
from campaigns.store.invites import list_departments, list_invites, read_limits
from campaigns.store.signed_in import list_open
from campaigns.store.users import find_user_by_id
from config.i18n import Text, t


def _roles(_view: Any, _context: Any, user: User, _column: str) -> str:
    return ", ".join(str(words.ROLE_TITLES.get(role.name, role.name)) for role in user.roles) or "–"


def _name(_view: Any, _context: Any, user: User, _column: str) -> Markup:
    return Markup("<a href='{}'>{}</a>").format(url_for(".show", user_id=user.id), user.email)


def locked_seconds(email: str) -> int:
    """For how long failed sign-ins keep the account locked; 0 where they do not, or nobody can say."""
    try:
        return LockOut(console().redis).locked_seconds(email)
    except RedisError:
        return 0


def _standing(user: User) -> Markup:
    """Whether the person can sign in."""
    if not user.active:
        return badge(words.USER_BADGES["off"])
    return badge(words.USER_BADGES["locked" if locked_seconds(user.email) else "active"])


def _scope(_view: Any, context: Any, user: User, _column: str) -> str:
    return context["limits"].get(user.id) or t("Toàn thành phố", "The whole city")


def _switch(user: User) -> Markup | str:
    """The button that switches a person off or on; none for oneself."""
    if user.email == actor().email or not actor().may("user.edit"):
        return "–"
    return drawn("console/user_switch.html", user=user)


class UserScreen(DepartmentPages, ListScreen):
    """For administrators. Nobody's role gives the right to send alone: who makes a campaign cannot approve it."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "user.view",
        "show": "user.view",
        "invite": "user.edit",
        "withdraw": "user.edit",
        "edit": "user.edit",
        "reset": "user.edit",
        "unlock": "user.edit",
        "grant": "user.edit",
        "end_sessions": "user.edit",
        "drop_factors": "user.edit",
        "deactivate": "user.edit",
        "activate": "user.edit",
        **DepartmentPages.department_rules,
    }
    list_template = "console/users.html"
    column_list = ("email", "roles", "department_id", "active", "created_at", "id")
    column_labels: ClassVar[dict[str, Any]] = {
        "email": "Email",
        "roles": Text("Vai trò", "Roles"),
        "department_id": Text("Phạm vi", "Scope"),
        "active": Text("Tình trạng", "Standing"),
        "created_at": Text("Thêm lúc", "Added"),
        "id": Text("Việc", "Action"),
    }
    column_sortable_list = ("email", "created_at")
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("email", False)]
    column_searchable_list = ("email",)
    search_title = Text("Tìm theo email", "Search by email")
    column_formatters: ClassVar[dict[str, Any]] = {
        "email": _name,
        "roles": _roles,
        "department_id": _scope,
        "active": shown(_standing),
        "created_at": shown(lambda user: formats.moment(user.created_at)),
        "id": shown(_switch),
    }

    def render(self, template: str, /, **values: Any) -> str:
        """The list comes with everybody's limits in words, and the links that are open."""
        if template == self.list_template:
            session = reading()
            values["limits"] = {
                user.id: ", ".join(titles_of(session, *read_limits(session, user.id))) for user in values["data"]
            }
            values["invites"] = list_invites(session)
        return super().render(template, **values)

    @expose("/invite", methods=("GET", "POST"))
    def invite(self) -> Any:
        """Invite somebody; the link is shown once."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST":
            try:
                with console().database.transaction() as work:
                    made = joining.invite(
                        work,
                        actor(),
                        form.get("email"),
                        form.list("role"),
                        place_of(form),
                        hours=console().settings.invite_hours,
                    )
                return self._link(made)
            except LoaError as refusal:
                form.errors["email"] = str(refusal)
        return self._person_form(form, None)

    def _person_form(self, form: Form, user: User | None) -> Any:
        session = reading()
        page = self.render(
            "console/user_form.html",
            form=form,
            user=user,
            departments=list_departments(session),
            tree=place_tree(session, console().settings.default_edition, form),
            hours=console().settings.invite_hours,
        )
        return page, 422 if form.errors else 200

    def _link(self, made: joining.Link) -> str:
        return self.render(
            "console/user_link.html",
            email=made.invite.email,
            is_reset=made.invite.user_id is not None,
            link=url_for("signing_in.join", token=made.token, _external=True),
            until=made.invite.expires_at,
        )

    @expose("/invites/<int:invite_id>/withdraw", methods=("POST",))
    def withdraw(self, invite_id: int) -> Any:
        """Make a link good no more."""
        return self._do(
            lambda work: joining.withdraw(work, actor(), invite_id),
            t("Đã thu hồi liên kết.", "The link is withdrawn."),
        )

    @expose("/<int:user_id>/")
    def show(self, user_id: int) -> str:
        """One person: roles, scope, sessions, how the person signs in."""
        session = reading()
        user = self._find(user_id)
        department = next((d.name for d in list_departments(session) if d.id == user.department_id), "")
        return self.render(
            "console/user.html",
            user=user,
            is_me=user.email == actor().email,
            department=department,
            limits=titles_of(session, *read_limits(session, user_id)),
            standing=_standing(user),
            locked=locked_seconds(user.email),
            sessions=list_open(session, user_id, **terms(console().settings)),
            has_totp=user.totp_cipher is not None,
            passkeys=len(factor_store.list_passkeys(session, user_id)),
            recovery_left=factor_store.count_recovery_codes(session, user_id),
            describe=describe,
            personal=sorted(PERSONAL),
            history=store.list_audit_of(session, "user", user_id) if actor().may("audit.view") else [],
        )

    @staticmethod
    def _find(user_id: int) -> User:
        user = find_user_by_id(reading(), user_id)
        if user is None:
            raise NotFound("Không có người dùng này.", "There is no such user.")
        return user

    @expose("/<int:user_id>/edit", methods=("GET", "POST"))
    def edit(self, user_id: int) -> Any:
        """Roles, department and scope."""
        user = self._find(user_id)
        if request.method == "GET":
            return self._person_form(self._filled(user), user)
        form = Form.sent()
        try:
            with console().database.transaction() as work:
                accounts.change_person(work, actor(), user_id, form.list("role"), place_of(form))
        except LoaError as refusal:
            form.errors["role"] = str(refusal)
            return self._person_form(form, user)
        flash(t("Đã lưu. Có hiệu lực từ trang tiếp theo.", "Saved. It holds from their next page on."), "success")
        return back_to(".show", user_id=user_id)

    @staticmethod
    def _filled(user: User) -> Form:
        departments, areas = read_limits(reading(), user.id)
        return Form(
            {"department": str(user.department_id or "")},
            {
                "role": [role.name for role in user.roles],
                "departments": [str(each) for each in departments],
                "area": [str(each) for each in areas],
            },
        )

    @expose("/<int:user_id>/reset", methods=("POST",))
    def reset(self, user_id: int) -> Any:
        """A link by which somebody sets a new password."""
        drops = Form.sent().get("drops") == "yes"
        try:
            with console().database.transaction() as work:
                made = joining.reset(
                    work, actor(), user_id, hours=console().settings.invite_hours, drops_second_factor=drops
                )
        except LoaError as refusal:
            flash(str(refusal), "error")
            return back_to(".show", user_id=user_id)
        return self._link(made)

    @expose("/<int:user_id>/grant", methods=("POST",))
    def grant(self, user_id: int) -> Any:
        """Give a person what no role carries, or take it back."""
        form, user = Form.sent(), self._find(user_id)
        give = grants.grant if form.get("held") == "yes" else grants.revoke
        return self._do(
            lambda work: give(work, actor(), user.email, form.get("permission")[:100]),
            t("Đã lưu. Có hiệu lực từ trang tiếp theo.", "Saved. It holds from their next page on."),
            user_id,
        )

    @expose("/<int:user_id>/unlock", methods=("POST",))
    def unlock(self, user_id: int) -> Any:
        """Forget failed sign-ins."""

        def work(session: Session) -> None:
            user = accounts.note_unlocked(session, actor(), user_id)
            LockOut(console().redis).forgive(user.email)

        return self._do(work, t("Đã mở khoá đăng nhập.", "Signing in is open again."), user_id)

    @expose("/<int:user_id>/end-sessions", methods=("POST",))
    def end_sessions(self, user_id: int) -> Any:
        """End every session of a person."""
        return self._do(
            lambda work: accounts.end_sessions(work, actor(), user_id),
            t("Đã kết thúc mọi phiên.", "Every session was ended."),
            user_id,
        )

    @expose("/<int:user_id>/drop-factors", methods=("POST",))
    def drop_factors(self, user_id: int) -> Any:
        """Take away second factors that somebody lost."""
        return self._do(
            lambda work: factors.drop_all(work, actor(), user_id),
            t("Đã gỡ xác thực hai bước.", "The second factors are taken away."),
            user_id,
        )

    @expose("/<int:user_id>/deactivate", methods=("POST",))
    def deactivate(self, user_id: int) -> Any:
        """Keep a person out and end every session."""
        return self._do(
            lambda work: accounts.set_active(work, actor(), user_id, False),
            t("Đã khoá tài khoản và kết thúc mọi phiên.", "Switched off; every session ended."),
        )

    @expose("/<int:user_id>/activate", methods=("POST",))
    def activate(self, user_id: int) -> Any:
        """Let a person in again."""
        return self._do(
            lambda work: accounts.set_active(work, actor(), user_id, True),
            t("Đã mở lại tài khoản.", "The account is open again."),
        )

    @staticmethod
    def _do(work: Callable[[Session], Any], done: str, user_id: int | None = None) -> Any:
        def act() -> None:
            with console().database.transaction() as session:
                work(session)

        told(act, done)
        return back_to(".index_view") if user_id is None else back_to(".show", user_id=user_id)
