"""``loa up``: everything on one machine, kept running until Ctrl-C."""

from __future__ import annotations

import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from admin.cli.base import Loa, pass_loa, say
from admin.cli.machine import Stop, await_http, listen, only_one, stop_on_signals
from admin.cli.programs import beat_program, program_environment, rehearse, web_program, worker_program
from admin.cli.supervisor import Child, Supervisor, end_leftovers
from config.errors import ConfigError
from config.i18n import t
from config.keys import write_private

WEB_SECONDS = 90.0
SERVICE_LOOK_SECONDS = 3.0


@click.command(
    help=t(
        "Chạy toàn bộ Loa trên máy này: PostgreSQL, Redis, giao diện web, tiến trình gửi tin. Dừng bằng Ctrl-C.",
        "Run all of Loa on this machine: PostgreSQL, Redis, console, worker, beat. Ctrl-C ends it.",
    )
)
@click.option(
    "--demo",
    is_flag=True,
    help=t(
        "Thêm ba nhà mạng giả lập, 20.000 người giả định và hai chiến dịch được gửi thật tới đó.",
        "Add three simulated telcos, 20,000 made-up people and two campaigns that are really sent to them.",
    ),
)
@click.option("--exit", "leave", is_flag=True, help=t("Với --demo: gửi xong thì thoát.", "With --demo: end when sent."))
@click.option(
    "--port", type=click.IntRange(1, 65535), help=t("Cổng (mặc định LOA_WEB_PORT).", "Port (default LOA_WEB_PORT).")
)
@pass_loa
def up(loa: Loa, demo: bool, leave: bool, port: int | None) -> int:
    """Start, watch, end. Returns 1 when the demo's books do not balance."""
    if leave and not demo:
        raise click.UsageError(t("--exit chỉ dùng cùng --demo.", "--exit goes with --demo only."))
    if demo:
        rehearse()
    home = loa.home.expanduser().absolute()
    supervisor = Supervisor(home / "up.json", _tell_ending)
    with only_one(home) as note:
        try:
            with stop_on_signals(supervisor.kill), _ended(supervisor):
                url = _start(loa, home, supervisor, port)
                note(url)
                if demo:
                    from admin.cli.demo import run_demo

                    balanced = run_demo(loa, home, supervisor, url)
                    if leave:
                        return 0 if balanced else 1
                else:
                    _invite(loa, home, url)
                say(t("Loa đang chạy tại {url}. Ctrl-C để dừng.", "Loa runs at {url}. Ctrl-C ends it.", url=url))
                threading.Event().wait()
        except Stop:
            return 0
    return 0


@contextmanager
def _ended(supervisor: Supervisor) -> Iterator[None]:
    try:
        yield
    finally:
        say(t("Đang dừng các tiến trình…", "Ending all processes…"))
        supervisor.stop()


def _start(loa: Loa, home: Path, supervisor: Supervisor, port: int | None) -> str:
    """Services, tables, keys, processes; the console's address once it answers."""
    from admin.cli.prepare import prepare
    from admin.console.security import load_secret_key

    left = end_leftovers(home / "up.json")
    if left:
        names = ", ".join(left)
        words = t("Đã dọn tiến trình của lần chạy trước: {names}.", "Ended what an earlier run left: {names}.")
        say(words.format(names=names))
    say(t("Khởi động PostgreSQL và Redis…", "Starting PostgreSQL and Redis…"))
    environment = program_environment(loa)
    prepare(loa.database)
    _ = loa.keyring
    load_secret_key(loa.settings)
    if not (loa.settings.database_url and loa.settings.redis_url):
        threading.Thread(target=_revive_services, args=(loa,), name="services", daemon=True).start()
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    wanted = port or loa.settings.web_port
    door = listen(loa.settings.web_host, wanted)
    actual: int = door.getsockname()[1]
    if actual != wanted:
        words = t("Cổng {wanted} đang bận, dùng cổng {actual}.", "Port {wanted} is taken; using {actual}.")
        say(words.format(wanted=wanted, actual=actual))
    web = web_program(loa.settings, f"fd://{door.fileno()}")
    supervisor.add(Child("web", web, environment, logs / "web.log", (door.fileno(),), keep=(door,)))
    supervisor.add(Child("worker", worker_program(), environment, logs / "worker.log"))
    supervisor.add(Child("beat", beat_program(), environment, logs / "beat.log"))
    _await_web(door, actual, supervisor, logs)
    return f"http://{_shown(loa.settings.web_host)}:{actual}"


def _await_web(door: socket.socket, port: int, supervisor: Supervisor, logs: Path) -> None:
    host = str(door.getsockname()[0])
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not listened on
    if not await_http(local, port, "/healthz", WEB_SECONDS, lambda: supervisor.endings("web") < 4):
        words = "\n".join((logs / "web.log").read_text(errors="replace").splitlines()[-12:])
        raise ConfigError(
            "Giao diện web không khởi động được. Những dòng cuối của nhật ký {log}:\n{words}",
            "The console does not start. Last lines of {log}:\n{words}",
            log=str(logs / "web.log"),
            words=words,
        )


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104  compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _revive_services(loa: Loa) -> None:
    """Start PostgreSQL and Redis again when they die under us."""
    while True:
        time.sleep(SERVICE_LOOK_SECONDS)
        services = loa.services
        if services.held and not services.alive():
            say(t("PostgreSQL hoặc Redis đã dừng, đang chạy lại…", "PostgreSQL or Redis ended; starting again…"))
            try:
                services.start()
            except ConfigError as error:
                say(str(error))


def _tell_ending(name: str, code: int, wait: float) -> None:
    say(
        t(
            "Tiến trình {name} đã dừng (mã {code}); chạy lại sau {wait:.0f} giây. Xem logs/{name}.log.",
            "Process {name} ended (code {code}); starting it again in {wait:.0f} s. See logs/{name}.log.",
            name=name,
            code=code,
            wait=wait,
        )
    )


def _invite(loa: Loa, home: Path, url: str) -> None:
    """Print a link that makes the first administrator, once; only its hash is kept."""
    from campaigns.store.users import count_holders

    with loa.database.transaction() as session:
        if count_holders(session, "administrator"):
            (home / "setup_token").unlink(missing_ok=True)
            return
    token = secrets.token_urlsafe(24)
    write_private(home / "setup_token", hashlib.sha256(token.encode()).hexdigest())
    words = "Mở liên kết này một lần để tạo quản trị viên đầu tiên:"
    say(t(words, "Open this link once to make the first administrator:"))
    click.echo(f"{url}/setup/{token}")
