"""``loa web``, ``loa worker``, ``loa beat``: the processes of ``loa up`` one by one."""

from __future__ import annotations

import click

from admin.cli.base import Loa, pass_loa, say
from admin.cli.programs import beat_program, run_in_foreground, web_program, worker_program
from config.i18n import t


def _ready(loa: Loa) -> None:
    """Refuse early, in words, instead of letting the process fail on every request."""
    _ = loa.database, loa.keyring


@click.command(help=t("Chạy giao diện web bằng gunicorn.", "Run the console under gunicorn."))
@click.option("--host", help=t("Địa chỉ (mặc định LOA_WEB_HOST).", "Address (default LOA_WEB_HOST)."))
@click.option(
    "--port", type=click.IntRange(1, 65535), help=t("Cổng (mặc định LOA_WEB_PORT).", "Port (default LOA_WEB_PORT).")
)
@pass_loa
def web(loa: Loa, host: str | None, port: int | None) -> int:
    """The console."""
    _ready(loa)
    bind = f"{host or loa.settings.web_host}:{port or loa.settings.web_port}"
    say(t("Giao diện web tại http://{bind}", "The console is at http://{bind}", bind=bind))
    return run_in_foreground(loa, web_program(loa.settings, bind))


@click.command(help=t("Chạy tiến trình gửi tin.", "Run a worker."))
@click.option("--gateway", help=t("Chỉ phục vụ một nhà mạng.", "Serve this gateway only."))
@click.option("--concurrency", type=click.IntRange(1, 64), help=t("Số việc cùng lúc.", "Tasks at once."))
@pass_loa
def worker(loa: Loa, gateway: str | None, concurrency: int | None) -> int:
    """Hands."""
    _ready(loa)
    return run_in_foreground(loa, worker_program(gateway, concurrency))


@click.command(help=t("Chạy nhịp một giây; chỉ cần một tiến trình.", "Run the beat of one second; one is enough."))
@pass_loa
def beat(loa: Loa) -> int:
    """The tick."""
    _ready(loa)
    return run_in_foreground(loa, beat_program())
