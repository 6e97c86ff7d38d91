"""The command line ``loa``: the list of commands, and how refusals end."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from admin.cli.base import Loa, say
from campaigns.errors import LoaError
from config.errors import ConfigError
from config.i18n import Text, set_language, t
from config.keys import KeyringError
from config.settings import get_settings, misspelt_settings

COMMANDS: dict[str, tuple[str, Text]] = {
    "up": ("admin.cli.up:up", Text("Chạy toàn bộ Loa trên máy này", "Run all of Loa on this machine")),
    "web": ("admin.cli.processes:web", Text("Chạy giao diện web", "Run the console")),
    "worker": ("admin.cli.processes:worker", Text("Chạy tiến trình gửi tin", "Run a worker")),
    "beat": ("admin.cli.processes:beat", Text("Chạy nhịp một giây", "Run the beat of one second")),
    "migrate": ("admin.cli.migrate:migrate", Text("Tạo, nâng cấp bảng dữ liệu", "Make or upgrade the tables")),
    "sandbox": ("admin.cli.sandbox:sandbox", Text("Nhà mạng giả lập nói SMPP", "A simulated telco that speaks SMPP")),
    "areas": ("admin.cli.areas:areas", Text("Đơn vị hành chính", "Administrative areas")),
    "contacts": ("admin.cli.contacts:contacts", Text("Danh bạ người dân", "The register of people")),
    "templates": ("admin.cli.templates:templates", Text("Mẫu tin nhắn", "Texts")),
    "gateways": ("admin.cli.gateways:gateways", Text("Kết nối nhà mạng", "Telecom gateways")),
    "holidays": ("admin.cli.holidays:holidays", Text("Ngày nghỉ lễ", "Public holidays")),
    "tariffs": ("admin.cli.tariffs:tariffs", Text("Giá một phần tin", "Prices of a message part")),
    "campaigns": ("admin.cli.campaigns:campaigns", Text("Chiến dịch", "Campaigns")),
    "unknown": ("admin.cli.unknown:unknown", Text("Tin chưa rõ kết quả", "Messages nobody knows the fate of")),
    "stats": ("admin.cli.stats:stats", Text("Kết quả theo địa bàn, nhà mạng…", "Results by area, carrier…")),
    "reconcile": ("admin.cli.stats:reconcile", Text("Đối chiếu lại mọi con số", "Recount everything")),
    "messages": ("admin.cli.messages:messages", Text("Tin nhắn đã quá hạn lưu", "Messages that have had their time")),
    "optouts": ("admin.cli.optouts:optouts", Text("Người dân từ chối nhận tin", "Refusals")),
    "consents": ("admin.cli.consents:consents", Text("Đồng ý nhận quảng cáo", "Consents to advertising")),
    "do-not-call": (
        "admin.cli.donotcall:do_not_call",
        Text("Danh sách không quảng cáo", "The national do-not-call list"),
    ),
    "senders": ("admin.cli.senders:senders", Text("Tên người gửi (brandname)", "Sender names")),
    "requests": ("admin.cli.requests:requests", Text("Yêu cầu của công dân", "What citizens ask about their data")),
    "retention": ("admin.cli.retention:retention", Text("Thời hạn lưu giữ dữ liệu", "How long data are kept")),
    "keys": ("admin.cli.keys:keys", Text("Khoá mã hoá số điện thoại", "Keys that encrypt the numbers")),
    "audit": ("admin.cli.audit:audit", Text("Nhật ký chỉ ghi thêm", "The append-only audit")),
    "proof": ("admin.cli.proof:proof", Text("Hồ sơ chứng minh của chiến dịch", "A campaign's proof, signed")),
    "users": ("admin.cli.users:users", Text("Người dùng và vai trò", "People and their roles")),
    "settings": ("admin.cli.settings:settings", Text("Các thiết lập LOA_*", "The settings LOA_*")),
}
"""Name → where the command is, and what it does. Imported when called, so that ``loa --help`` stays quick."""


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table: from the whole to the parts."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in ``loa --help``, without importing anything."""
        with formatter.section(t("Lệnh", "Commands")):
            formatter.write_dl([(name, str(described)) for name, (_, described) in COMMANDS.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    invoke_without_command=False,
)
@click.version_option(package_name="loa")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Loa: bulk SMS campaigns of the City of Da Nang."""
    loa = Loa()
    ctx.obj = loa
    ctx.call_on_close(loa.close)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0 done, 1 refused with a reason on stderr, 2 wrong usage, 130 interrupted."""
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (LoaError, ConfigError) as error:
        say(t("Không thực hiện được: {why}", "Refused: {why}", why=str(error)))
        for name in getattr(error, "detail", {}).get("placeholders", ()):
            say(t("Ghi giá trị trên dòng lệnh: --set {name}=…", "On the command line: --set {name}=…", name=name))
    except KeyringError as error:
        say(t("Không dùng được bộ khoá: {why}", "The keyring cannot be used: {why}", why=str(error)))
    except click.Abort:
        say(t("Đã dừng.", "Stopped."))
        return 130
    except Exception as error:
        words = _database_trouble(error)
        if words is None:
            raise
        say(words)
    return 1


def _run(arguments: list[str]) -> int:
    _read_settings()
    outcome: Any = cli.main(args=arguments, prog_name="loa", standalone_mode=False)
    return outcome if isinstance(outcome, int) else 0


def _read_settings() -> None:
    from pydantic import ValidationError

    try:
        set_language(get_settings().language)
    except ValidationError as error:
        lines = [f"LOA_{str(found['loc'][0]).upper()}: {found['msg']}" for found in error.errors(include_input=False)]
        raise click.UsageError(t("Thiết lập sai.", "A setting is wrong.") + "\n" + "\n".join(lines)) from None
    if get_settings().class_rules:
        from campaigns.content.classes import all_class_rules

        all_class_rules()
    for name, nearest in misspelt_settings().items():
        hint = t(" Ý bạn là {name}?", " Did you mean {name}?", name=nearest) if nearest else ""
        say(t("Không có thiết lập {name}, bỏ qua.", "There is no setting {name}; it is ignored.", name=name) + hint)


def _database_trouble(error: Exception) -> str | None:
    from redis.exceptions import ConnectionError as RedisGone
    from sqlalchemy.exc import OperationalError

    if isinstance(error, OperationalError):
        cause = str(error.orig).strip().splitlines()
        why = cause[0] if cause else "?"
        return t("Không dùng được PostgreSQL: {why}", "PostgreSQL cannot be used: {why}", why=why)
    if isinstance(error, RedisGone):
        return t("Không kết nối được Redis.", "Redis cannot be reached.")
    return None
