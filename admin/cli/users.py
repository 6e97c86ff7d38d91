"""``loa users``: the people who sign in or act on the command line, and their roles."""

from __future__ import annotations

import sys
from typing import Any

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say, show_table
from campaigns import grants
from campaigns.access import PERSONAL, ROLES, SYSTEM
from config.i18n import t


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
