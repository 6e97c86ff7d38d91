"""``loa settings``: what can be set, what is set; ``--markdown`` makes ``docs/settings.md``."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

import click
from pydantic import SecretStr

from admin.cli.base import Loa, emit_json, json_option, pass_loa, show_table
from config.i18n import t
from config.settings import Settings


def described() -> list[dict[str, str]]:
    """Every setting: its variable, type, default and meaning."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        rows.append(
            {
                "name": f"LOA_{name.upper()}",
                "type": _type_name(field.annotation),
                "default": default,
                "description": field.description or "",
            }
        )
    return rows


def _type_name(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        return _type_name(next(part for part in get_args(annotation) if part is not type(None)))
    names = {"int": "whole number", "float": "number", "str": "text", "Path": "folder", "SecretStr": "secret"}
    name: str = annotation.__name__
    return names.get(name, name)


def markdown() -> str:
    """The text of ``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Loa reads these environment variables once, at start; all begin with `LOA_`, all may be left out.",
        "A variable that begins with `LOA_` and is not in this list is reported when a command starts.",
        "Made from `config/settings.py` by `loa settings --markdown`.",
        "",
        "| variable | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for row in described():
        default = f"`{row['default']}`" if row["default"] else "–"
        lines.append(f"| `{row['name']}` | {row['type']} | {default} | {row['description']} |")
    return "\n".join(lines) + "\n"


@click.command(help=t("Liệt kê các thiết lập và giá trị hiện tại.", "List the settings and their values now."))
@click.option("--markdown", "as_markdown", is_flag=True, help=t("In docs/settings.md.", "Print docs/settings.md."))
@json_option
@pass_loa
def settings(loa: Loa, as_markdown: bool, as_json: bool) -> None:
    """Show every setting. Secrets are shown as set or not set, never themselves."""
    if as_markdown:
        click.echo(markdown(), nl=False)
        return
    now = {f"LOA_{name.upper()}": _shown(getattr(loa.settings, name)) for name in Settings.model_fields}
    if as_json:
        emit_json(now)
        return
    rows = [(row["name"], now[row["name"]] or "", row["description"]) for row in described()]
    show_table([t("Biến", "Variable"), t("Giá trị", "Value"), t("Ý nghĩa", "Meaning")], rows)


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "•••"
    if isinstance(value, str) and "@" in value and "://" in value:
        scheme, rest = value.split("://", 1)
        return f"{scheme}://•••@{rest.rsplit('@', 1)[1]}"
    return value if value is None or isinstance(value, int | float) else str(value)
