"""``loa sandbox``: a simulated telco that speaks SMPP, in the foreground until Ctrl-C."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from admin.cli.base import Function, emit_json, json_option
from campaigns.errors import InvalidInput
from campaigns.gateways.smpp.sandbox import Sandbox, SandboxOptions
from campaigns.gateways.smpp.sandbox.process import run_sandbox
from config.i18n import t

DEFAULT_PORT = 2775

OPTIONS: dict[str, tuple[str, str]] = {
    "host": ("Địa chỉ lắng nghe.", "Address to listen on."),
    "port": ("Cổng; 0 lấy một cổng trống.", "Port; 0 takes a free one."),
    "control": (
        "Nơi nhận lệnh điều khiển, mỗi dòng một JSON: số cổng (0: cổng trống) hoặc đường dẫn.",
        "Where commands are taken, one JSON per line: a port (0: a free one) or a path.",
    ),
    "system_id": ("Chỉ nhận tài khoản này.", "Let in this account only."),
    "password": ("Mật khẩu của tài khoản.", "The account's password."),
    "tps": (
        "Số phần tin nhận mỗi giây; quá mức trả ESME_RTHROTTLED. 0: không giới hạn.",
        "Parts taken per second; above it ESME_RTHROTTLED. 0: no limit.",
    ),
    "burst": ("Số phần nhận liền một lúc; 0: của một giây.", "Parts taken at once; 0: those of one second."),
    "delay": ("Giây chờ trước khi trả lời.", "Seconds before an answer."),
    "receipt_delay": ("Giây từ lúc nhận tới báo cáo.", "Seconds from taking to the receipt."),
    "shuffle": (
        "Thêm tới ngần này giây cho mỗi báo cáo, để chúng đến lộn xộn.",
        "Up to this many seconds more for each receipt, so that they overtake.",
    ),
    "fail_share": ("Tỷ lệ báo cáo không tới máy.", "Share of receipts that say undelivered."),
    "refuse_share": ("Tỷ lệ từ chối ngay.", "Share refused at once."),
    "refuse_with": ("Mã từ chối (nhiều lần được).", "Status of those refusals (may be repeated)."),
    "duplicate_share": ("Tỷ lệ báo cáo gửi hai lần.", "Share of receipts sent twice."),
    "missing_share": ("Tỷ lệ không bao giờ báo cáo.", "Share of receipts never sent."),
    "early_share": ("Tỷ lệ báo cáo đến trước câu trả lời.", "Share of receipts sent before the answer."),
    "mute_share": ("Tỷ lệ nhận mà không trả lời.", "Share taken and never answered."),
    "stray_share": ("Tỷ lệ báo cáo lạ gửi kèm.", "Share of receipts sent in addition that nobody can place."),
    "drop_after": (
        "Ngắt kết nối sau ngần này phần, câu trả lời cuối không gửi.",
        "Break a connection after so many parts, its last answers unsent.",
    ),
    "refuse_binds": ("Không cho ai kết nối.", "Let nobody bind."),
    "hang": ("Đọc mà không trả lời gì.", "Read everything, answer nothing."),
    "ids": ("Mã tin khác nhau thế nào giữa trả lời và báo cáo.", "How ids differ between answer and receipt."),
    "receipts": ("Báo cáo bằng văn bản, bằng TLV hay cả hai.", "Receipts by text, by TLV, or both."),
    "receipt_window": ("Số báo cáo chờ xác nhận cùng lúc.", "Receipts on the wire without an answer."),
    "receipt_retry": ("Giây chờ trước khi gửi lại báo cáo bị từ chối.", "Seconds before a refused receipt goes again."),
    "enquire_link": ("Giây im lặng trước khi hỏi thăm; 0: không hỏi.", "Silence before the link is checked; 0: never."),
    "seed": ("Hạt giống của ngẫu nhiên.", "Seed of what is left to chance."),
    "log": ("Tệp ghi mỗi phần nhận một dòng.", "File with one line for each part taken."),
}
"""Every field of ``SandboxOptions``, in Vietnamese and English."""


def _options(function: Function) -> Function:
    for name, words in reversed(OPTIONS.items()):
        default: Any = DEFAULT_PORT if name == "port" else SandboxOptions.model_fields[name].default
        flag = "--" + name.replace("_", "-")
        if isinstance(default, bool):
            function = click.option(flag, is_flag=True, help=t(*words))(function)
        elif isinstance(default, tuple):
            function = click.option(flag, multiple=True, metavar="ESME_…", help=t(*words))(function)
        elif isinstance(default, StrEnum):
            kind = click.Choice([str(member) for member in type(default)])
            function = click.option(flag, type=kind, default=str(default), show_default=True, help=t(*words))(function)
        else:
            plain = _type_of(name, default)
            function = click.option(flag, type=plain, default=default, show_default=True, help=t(*words))(function)
    return function


def _type_of(name: str, default: Any) -> Any:
    if name == "log":
        return click.Path(dir_okay=False, path_type=Path)
    return str if default is None else type(default)


@click.command(
    help=t(
        "Nhà mạng giả lập nói SMPP 3.4, chạy tới khi Ctrl-C. Tỷ lệ từ 0 đến 1.",
        "A simulated telco that speaks SMPP 3.4, until Ctrl-C. Shares lie between 0 and 1.",
    )
)
@_options
@json_option
def sandbox(as_json: bool, **chosen: Any) -> None:
    """Run one simulated telco; says where it listens once it does."""
    options = _read({name: value for name, value in chosen.items() if value not in (None, ())})

    def announce(running: Sandbox) -> None:
        if as_json:
            emit_json({"host": options.host, "port": running.port, "control": running.control})
            return
        words = t("Nhà mạng giả lập đang nghe tại", "The simulated telco listens at")
        control = f" ({t('điều khiển', 'control')}: {running.control})" if running.control else ""
        click.echo(f"{words} {options.host}:{running.port}{control}")

    try:
        run_sandbox(options, announce)
    except OSError as error:
        raise InvalidInput(
            "Không chạy được nhà mạng giả lập ở {host}:{port}: {why}.",
            "The simulated telco cannot run at {host}:{port}: {why}.",
            host=options.host,
            port=options.port,
            why=error.strerror or str(error),
        ) from None


def _read(chosen: dict[str, Any]) -> SandboxOptions:
    try:
        return SandboxOptions(**chosen)
    except ValidationError as error:
        found = error.errors(include_input=False)[0]
        raise click.BadParameter(found["msg"], param_hint="--" + str(found["loc"][0]).replace("_", "-")) from None
