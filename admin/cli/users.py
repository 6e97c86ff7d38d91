"""``loa users``: the people who sign in or act on the command line, and their roles."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say, show_table
from campaigns import grants
from campaigns.access import PERSONAL, ROLES, SYSTEM
from campaigns.errors import InvalidInput
from config.i18n import t

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from admin.console.accounts import Place


@click.group(help=t("Người dùng và vai trò.", "People and their roles."))
def users() -> None:
    """The group."""


@users.command(
    help=t(
        "Thêm một người. Mật khẩu đọc từ stdin với --password-stdin; nếu không, Loa đặt một mật khẩu và in ra một lần.",
        "Add a person. The password comes from stdin with --password-stdin; else one is made and shown once.",
    )
)
@click.argument("email")
@click.option(
    "--role", "roles", type=click.Choice(list(ROLES)), multiple=True, required=True, help=t("Vai trò.", "Role.")
)
@click.option("--password-stdin", is_flag=True, help=t("Đọc mật khẩu từ stdin.", "Read the password from stdin."))
@as_option
@json_option
@pass_loa
def add(
    loa: Loa, email: str, roles: tuple[str, ...], password_stdin: bool, as_email: str | None, as_json: bool
) -> None:
    """Add a person. Without ``--as`` the installation itself acts: whoever holds its keys may do anything."""
    from admin.console import accounts

    chosen = sys.stdin.readline(1000).rstrip("\r\n") if password_stdin else None
    if chosen is not None:
        accounts.check_password(chosen, email)
    actor = loa.actor(as_email) if as_email or loa.settings.user else SYSTEM
    with loa.database.transaction() as session:
        user, made = accounts.add_user(session, actor, email, sorted(set(roles)))
        if chosen is not None:
            accounts.change_password(session, actor, user.id, chosen)
        found = {"id": user.id, "email": user.email, "roles": sorted(set(roles))}
    if as_json:
        emit_json(found if chosen is not None else {**found, "password": made})
        return
    say(t("Đã thêm {email}.", "Added {email}.", email=found["email"]))
    if chosen is None:
        say(t("Mật khẩu (chỉ hiện một lần):", "Password (shown this once):"))
        click.echo(made)


PLACES = (
    click.option("--department", metavar="NAME", help=t("Cơ quan của người này.", "The department they work for.")),
    click.option(
        "--only-department",
        "only",
        multiple=True,
        metavar="NAME",
        help=t("Chỉ thấy của cơ quan này (lặp lại được).", "Sees only this department's (may be repeated)."),
    ),
    click.option("--districts", help=t("Chỉ các quận, huyện này (mã).", "Only these districts (codes).")),
    click.option("--wards", help=t("Chỉ các phường, xã này (mã).", "Only these wards (codes).")),
)


def place_options(function: Any) -> Any:
    """Department and scope of somebody who is invited."""
    for option in reversed(PLACES):
        function = option(function)
    return function


@users.command(help=t("Mời một người: in ra liên kết dùng một lần.", "Invite a person: prints a link that works once."))
@click.argument("email")
@click.option(
    "--role", "roles", type=click.Choice(list(ROLES)), multiple=True, required=True, help=t("Vai trò.", "Role.")
)
@place_options
@as_option
@json_option
@pass_loa
def invite(loa: Loa, /, email: str, roles: tuple[str, ...], as_email: str | None, as_json: bool, **place: Any) -> None:
    """Print a link by which somebody joins; only its hash is kept."""
    from admin.console import joining

    actor = loa.reader(as_email)
    with loa.database.transaction() as session:
        chosen = _place(session, loa.settings.default_edition, **place)
        made = joining.invite(session, actor, email, roles, chosen, hours=loa.settings.invite_hours)
        found = {"email": made.invite.email, "link": _link(loa, made.token), "until": made.invite.expires_at}
    _show_link(found, as_json)


@users.command(
    help=t(
        "Đặt lại mật khẩu: in ra liên kết dùng một lần. Dùng được cả khi không còn quản trị viên nào đăng nhập được.",
        "Reset a password: prints a link that works once. Helps also when no administrator can sign in any more.",
    )
)
@click.argument("email")
@click.option(
    "--drop-second-factor",
    "drops",
    is_flag=True,
    help=t("Gỡ cả xác thực hai bước khi liên kết được dùng.", "Second factors go too when the link is used."),
)
@as_option
@json_option
@pass_loa
def reset(loa: Loa, email: str, drops: bool, as_email: str | None, as_json: bool) -> None:
    """Print a link by which somebody sets a new password, and forget failed sign-ins."""
    from redis import Redis

    from admin.console import joining
    from admin.console.lockout import LockOut
    from campaigns.errors import NotFound
    from campaigns.store.users import find_user

    actor = loa.reader(as_email)
    with loa.database.transaction() as session:
        user = find_user(session, email)
        if user is None:
            raise NotFound("Không có người dùng “{who}”.", "There is no user “{who}”.", who=email)
        made = joining.reset(session, actor, user.id, hours=loa.settings.invite_hours, drops_second_factor=drops)
        found = {"email": user.email, "link": _link(loa, made.token), "until": made.invite.expires_at}
    with Redis.from_url(loa.redis_url) as redis:
        LockOut(redis).forgive(email)
    _show_link(found, as_json)


def _place(
    session: Session,
    edition: str,
    department: str | None,
    only: tuple[str, ...],
    districts: str | None,
    wards: str | None,
) -> Place:
    from admin.console.accounts import Place
    from campaigns.store.areas import load_area_ids
    from campaigns.store.invites import find_department

    def number(name: str) -> int:
        found = find_department(session, name)
        if found is None:
            raise InvalidInput("Không có cơ quan “{name}”.", "There is no department “{name}”.", name=name)
        return found.id

    codes = [code.strip() for code in ",".join(filter(None, (districts, wards))).split(",") if code.strip()]
    ids = load_area_ids(session, edition)
    unknown = [code for code in codes if code not in ids]
    if unknown:
        raise InvalidInput(
            "Không có mã địa bàn {codes} trong danh mục {edition}.",
            "Edition {edition} has no area {codes}.",
            codes=", ".join(unknown),
            edition=edition,
        )
    return Place(
        number(department) if department else None,
        tuple(number(name) for name in only),
        tuple(ids[code] for code in codes),
    )


def _link(loa: Loa, token: str) -> str:
    host = loa.settings.web_host
    shown = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not listened on
    return f"http://{shown}:{loa.settings.web_port}/join/{token}"


def _show_link(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit_json(found)
        return
    say(
        t(
            "Liên kết cho {email}, dùng một lần (nếu giao diện web ở địa chỉ khác, thay phần đầu):",
            "Link for {email}, works once (where the console has another address, change its beginning):",
            email=found["email"],
        )
    )
    click.echo(found["link"])


@users.command("list", help=t("Mọi người dùng.", "Everybody."))
@json_option
@pass_loa
def list_command(loa: Loa, as_json: bool) -> None:
    """Everybody, by address; passwords are never shown."""
    from campaigns.store.users import list_users

    with loa.database.transaction() as session:
        rows: list[dict[str, Any]] = [
            {"email": user.email, "roles": sorted(role.name for role in user.roles), "active": user.active}
            for user in list_users(session)
        ]
    if as_json:
        emit_json(rows)
        return
    active, off = t("đang dùng", "active"), t("đã khoá", "off")
    show_table(
        (t("Email", "Email"), t("Vai trò", "Roles"), t("Trạng thái", "State")),
        [(row["email"], ", ".join(row["roles"]), active if row["active"] else off) for row in rows],
    )


def _personal(name: str, help_text: str) -> None:
    @users.command(name, help=help_text)
    @click.argument("email")
    @click.argument("permission", type=click.Choice(sorted(PERSONAL)))
    @as_option
    @pass_loa
    def change(loa: Loa, email: str, permission: str, as_email: str | None) -> None:
        actor = loa.actor(as_email) if as_email or loa.settings.user else SYSTEM
        with loa.database.transaction() as session:
            held = sorted(getattr(grants, name)(session, actor, email, permission).granted)
        say(t("{email} có quyền riêng: {held}.", "{email} holds: {held}.", email=email, held=", ".join(held) or "–"))


_personal("grant", t("Cấp một quyền riêng cho một người.", "Give one person a permission no role carries."))
_personal("revoke", t("Thu lại quyền riêng của một người.", "Take such a permission back."))
