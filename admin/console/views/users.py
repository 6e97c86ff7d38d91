"""Users: who may sign in, with which roles; adding and switching off."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import request
from markupsafe import Markup

from admin.console import accounts, formats, words
from admin.console.context import actor, console
from admin.console.forms import Form
from admin.console.frame import ListScreen, back_to, drawn, expose, shown, told
from campaigns.errors import LoaError
from campaigns.models import User
from config.i18n import Text, t


def _roles(_view: Any, _context: Any, user: User, _column: str) -> str:
    return ", ".join(str(words.ROLE_TITLES.get(role.name, role.name)) for role in user.roles) or "–"


def _switch(user: User) -> Markup | str:
    """The button that switches a person off or on; none for oneself."""
    if user.email == actor().email or not actor().may("user.edit"):
        return "–"
    return drawn("console/user_switch.html", user=user)


class UserScreen(ListScreen):
    """For administrators. Nobody's role gives the right to send alone: who makes a campaign cannot approve it."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "user.view",
        "add": "user.edit",
        "deactivate": "user.edit",
        "activate": "user.edit",
    }
    list_template = "console/users.html"
    column_list = ("email", "roles", "active", "created_at", "id")
    column_labels: ClassVar[dict[str, Any]] = {
        "email": "Email",
        "roles": Text("Vai trò", "Roles"),
        "active": Text("Tình trạng", "Standing"),
        "created_at": Text("Thêm lúc", "Added"),
        "id": Text("Việc", "Action"),
    }
    column_sortable_list = ("email", "created_at")
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("email", False)]
    column_searchable_list = ("email",)
    search_title = Text("Tìm theo email", "Search by email")
    column_formatters: ClassVar[dict[str, Any]] = {
        "roles": _roles,
        "active": shown(lambda user: t("Đang dùng", "Active") if user.active else t("Đã khoá", "Switched off")),
        "created_at": shown(lambda user: formats.moment(user.created_at)),
        "id": shown(_switch),
    }

    @expose("/add", methods=("GET", "POST"))
    def add(self) -> Any:
        """Add a person; the first password is shown once."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST":
            try:
                with console().database.transaction() as work:
                    user, password = accounts.add_user(work, actor(), form.get("email"), form.list("role"))
                return self.render("console/user_added.html", email=user.email, password=password)
            except LoaError as refusal:
                form.errors["email"] = str(refusal)
        return self.render("console/user_add.html", form=form), 422 if form.errors else 200

    @expose("/<int:user_id>/deactivate", methods=("POST",))
    def deactivate(self, user_id: int) -> Any:
        """Keep a person out and end every session."""
        return self._set_active(
            user_id, False, t("Đã khoá tài khoản và kết thúc mọi phiên.", "Switched off; every session ended.")
        )

    @expose("/<int:user_id>/activate", methods=("POST",))
    def activate(self, user_id: int) -> Any:
        """Let a person in again."""
        return self._set_active(user_id, True, t("Đã mở lại tài khoản.", "The account is open again."))

    def _set_active(self, user_id: int, active: bool, done: str) -> Any:
        def work() -> None:
            with console().database.transaction() as session:
                accounts.set_active(session, actor(), user_id, active)

        told(work, done)
        return back_to(".index_view")
