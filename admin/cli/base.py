"""What every command has in common: the services it opens, who acts, and how it speaks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from campaigns.errors import InvalidInput
from config.i18n import Text, t
from config.settings import Settings, get_settings

if TYPE_CHECKING:
    from campaigns.access import Actor
    from campaigns.store.database import Database
    from config.embedded import EmbeddedServices
    from config.keys import Keyring

Function = TypeVar("Function", bound=Callable[..., Any])


class Loa:
    """What a command works with. Everything opens when it is first asked for and closes with the command."""

    def __init__(self) -> None:
        self._services: EmbeddedServices | None = None
        self._database: Database | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment."""
        return get_settings()

    @property
    def home(self) -> Path:
        """``LOA_HOME``."""
        return self.settings.home

    @property
    def services(self) -> EmbeddedServices:
        """The embedded services, running for at least as long as this command."""
        if self._services is None:
            from config.embedded import EmbeddedServices

            self._services = EmbeddedServices(self.home, notice=_notice).start()
        return self._services

    @property
    def database_url(self) -> str:
        """Address of PostgreSQL."""
        return self.settings.database_url or self.services.database_url

    @property
    def redis_url(self) -> str:
        """Address of Redis."""
        return self.settings.redis_url or self.services.redis_url

    @property
    def database(self) -> Database:
        """The database, with the tables of this version.

        Raises:
            InvalidInput: a server of its own has the tables of another version.
        """
        if self._database is None:
            from admin.cli.prepare import ensure_tables
            from campaigns.store.database import Database

            opened = Database(
                self.database_url, keyring=lambda: self.keyring, pool_size=2, application="loa-command"
            )
            try:
                ensure_tables(opened, lambda: self.keyring, may_migrate=self.settings.database_url is None)
            except BaseException:
                opened.close()
                raise
            self._database = opened
        return self._database

    @cached_property
    def keyring(self) -> Keyring:
        """The keys of this installation, made at the first start."""
        from config.keys import load_keyring

        inline = self.settings.keyring
        return load_keyring(self.home, inline.get_secret_value() if inline else None)

    def actor(self, as_email: str | None = None) -> Actor:
        """Who acts: ``--as``, else ``LOA_USER``.

        Raises:
            InvalidInput: neither was given.
            NotFound: nobody has this address.
        """
        from campaigns.store.users import load_actor

        email = as_email or self.settings.user
        if not email:
            raise InvalidInput(
                "Chưa rõ ai thực hiện. Hãy thêm --as EMAIL hoặc đặt LOA_USER.",
                "Nobody is named as acting. Add --as EMAIL or set LOA_USER.",
            )
        with self.database.transaction() as session:
            return load_actor(session, email)

    def reader(self, as_email: str | None = None) -> Actor:
        """Who looks: as ``actor``, or the installation itself, which sees all, where nobody is named.

        Raises:
            NotFound: nobody has this address.
        """
        from campaigns.access import SYSTEM

        return self.actor(as_email) if as_email or self.settings.user else SYSTEM

    def close(self) -> None:
        """Give back what was opened; embedded services nobody else uses end."""
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._services is not None:
            self._services.stop()
            self._services = None


pass_loa = click.make_pass_decorator(Loa)


def as_option(function: Function) -> Function:
    """``--as EMAIL``, handed over as ``as_email``."""
    words = t("Người thực hiện (mặc định: LOA_USER).", "Who acts (default: LOA_USER).")
    return click.option("--as", "as_email", metavar="EMAIL", help=words)(function)


def errors_option(function: Function) -> Function:
    """``--errors-to FILE``, handed over as ``errors_to``: where the rows of a list go that could not be used."""
    words = t("Tệp ghi các dòng lỗi.", "File for the rows that could not be used.")
    return click.option("--errors-to", type=click.Path(dir_okay=False, path_type=Path), help=words)(function)


def json_option(function: Function) -> Function:
    """``--json``, handed over as ``as_json``."""
    words = t("In một tài liệu JSON ra stdout.", "Print one JSON document on stdout.")
    return click.option("--json", "as_json", is_flag=True, help=words)(function)


def emit_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Text | Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def say(message: str) -> None:
    """Tell the person something: on stderr, so that stdout holds results only."""
    click.echo(message, err=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[int] = ()) -> None:
    """Print a table on stdout; the columns named in ``numbers`` are set to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, title in enumerate(columns):
        table.add_column(title, justify="right" if place in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    # Written to a file or a pipe, lines are not folded at 80 characters.
    wide = None if sys.stdout.isatty() else 10_000
    Console(width=wide, highlight=False, markup=False).print(table)


class Progress:
    """A bar on the terminal, or nothing at all where nobody looks."""

    def __init__(self, bar: Any = None, task: Any = None) -> None:
        self._bar, self._task = bar, task

    def advance(self, steps: float = 1) -> None:
        """Go on by ``steps``."""
        if self._bar is not None:
            self._bar.advance(self._task, steps)

    def update(
        self, *, completed: float | None = None, total: float | None = None, description: str | None = None
    ) -> None:
        """Set where it stands, how far there is to go, or what is being done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=completed, total=total, description=description)


@contextmanager
def progress(description: str, total: float | None, unit: str) -> Iterator[Progress]:
    """A progress bar with rate and time left, on stderr, only on a terminal."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text as Words

    class Rate(ProgressColumn):
        """Steps per second."""

        def render(self, task: Any) -> Words:
            speed = task.finished_speed or task.speed
            return Words(f"{speed:,.0f} {unit}/s" if speed else "", style="progress.data.speed")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=False) as bar:
        yield Progress(bar, bar.add_task(description, total=total))


def _notice(event: str) -> None:
    if event == "postgres.recovering":
        say(
            t(
                "PostgreSQL đang khôi phục sau lần dừng đột ngột, xin chờ…",
                "PostgreSQL is recovering from its sudden end, please wait…",
            )
        )
