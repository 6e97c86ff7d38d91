"""The circuit breaker of a gateway account, as plain values: closed, open, half open; and demotion below that.

Closed: it works. Open: it rests and is given nothing. Half open: one message tries whether it works again. What is
wrong with a message never counts here; the telco's own trouble, missing answers and lost connections do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from config.i18n import Text

FAILURES_IN_A_ROW = 20
WINDOW = 200
"""So many of the latest answers decide by share."""
OPEN_SHARE = 0.5
DEMOTE_SHARE = 0.2
DEMOTED_SECONDS = 600.0
"""Then it is judged anew: a demoted gateway may get too little to prove itself."""
BINDS_REFUSED = 3
"""Refused binds in a row, where no session of the account is open."""
LONGEST_REST = 600.0


class State(StrEnum):
    """Where the breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Cause(StrEnum):
    """Why something changed."""

    FAILURES = "failures"
    SHARE = "share"
    BINDS = "binds"
    PROBE = "probe"
    PROBE_FAILED = "probe-failed"
    ANSWERED = "answered"


DEMOTED = "demoted"
"""What a change is called that only sets the gateway behind others."""

CAUSES: Mapping[Cause, Text] = {
    Cause.FAILURES: Text("lỗi {count} lần liên tiếp: {error}", "{count} failures in a row: {error}"),
    Cause.SHARE: Text("lỗi {count} lần gần đây: {error}", "{count} recent failures: {error}"),
    Cause.BINDS: Text("{count} lần không kết nối được: {error}", "{count} refused binds: {error}"),
    Cause.PROBE: Text("gửi thử một tin", "a probe of one message"),
    Cause.PROBE_FAILED: Text("tin thử chưa gửi được: {error}", "a probe that failed: {error}"),
    Cause.ANSWERED: Text("tin thử đã được trả lời", "a probe that was answered"),
}


@dataclass(frozen=True, slots=True)
class Health:
    """How an account stands; what has never failed is ``Health()``."""

    state: State = State.CLOSED
    retry_at: datetime | None = None
    """Open: when it is tried again. Half open: when the one who tries is given up."""
    rests: int = 0
    """Times it was opened since it last worked."""
    in_a_row: int = 0
    binds_refused: int = 0
    recent: tuple[tuple[int, int], ...] = ()
    """(answers, failures) of the latest stretches, oldest first; those of about the last ``WINDOW`` answers."""
    demoted_until: datetime | None = None

    @property
    def clean(self) -> bool:
        """Whether good news changes nothing."""
        failed = any(failures for _, failures in self.recent)
        return self.state is State.CLOSED and not (self.in_a_row or self.rests or failed)


@dataclass(frozen=True, slots=True)
class Report:
    """Answers of a gateway since the last look."""

    answers: int = 0
    failures: int = 0
    in_a_row: int = 0
    """Failures since the last answer that was none."""
    error: str = ""
    """Of the last failure; empty where there was none."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is written down and shown: a new state, or a demotion, and why."""

    state: str
    cause: Cause
    count: int = 0
    error: str = ""


Judged = tuple[Health, Change | None]


def rest_seconds(rests: int, first: float) -> float:
    """How long the account rests for the ``rests``-th time in a row: twice as long each time, up to a bound."""
    return float(min(first * 2 ** min(max(rests - 1, 0), 20), max(first, LONGEST_REST)))


def _opened(health: Health, now: datetime, first: float, cause: Cause, count: int, error: str) -> Judged:
    rests = health.rests + 1
    retry_at = now + timedelta(seconds=rest_seconds(rests, first))
    rested = Health(State.OPEN, retry_at, rests, binds_refused=health.binds_refused)
    return rested, Change(State.OPEN, cause, count, error)


def observe(health: Health, report: Report, now: datetime, first_rest: float) -> Judged:
    """What answers mean for a closed breaker; to any other they are late news and mean nothing."""
    if health.state is not State.CLOSED:
        return health, None
    succeeded = report.answers > report.failures
    in_a_row = report.in_a_row if succeeded else health.in_a_row + report.failures
    recent = _latest((*health.recent, (report.answers, report.failures)))
    answers, failures = (sum(column) for column in zip(*recent, strict=True)) if recent else (0, 0)
    if in_a_row >= FAILURES_IN_A_ROW:
        return _opened(health, now, first_rest, Cause.FAILURES, in_a_row, report.error)
    if report.failures and answers >= WINDOW and failures >= answers * OPEN_SHARE:
        return _opened(health, now, first_rest, Cause.SHARE, failures, report.error)
    proven = succeeded and answers >= WINDOW / 2
    judged = replace(health, in_a_row=in_a_row, recent=recent, rests=0 if proven else health.rests)
    too_many = report.failures and answers >= WINDOW and failures >= answers * DEMOTE_SHARE
    if too_many and not _is_demoted(health, now):
        demoted = replace(judged, recent=(), demoted_until=now + timedelta(seconds=DEMOTED_SECONDS))
        return demoted, Change(DEMOTED, Cause.SHARE, failures, report.error)
    return judged, None


def _is_demoted(health: Health, now: datetime) -> bool:
    return health.demoted_until is not None and health.demoted_until > now


def _latest(stretches: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Without the oldest ones that ``WINDOW`` does not need."""
    while len(stretches) > 1 and sum(answers for answers, _ in stretches[1:]) >= WINDOW:
        stretches = stretches[1:]
    return tuple(stretch for stretch in stretches if stretch[0])


def refuse_bind(
    health: Health, error: str, now: datetime, first_rest: float, *, permanent: bool, others_open: bool
) -> Judged:
    """What a refused bind means; ``permanent`` ones, such as a wrong password, need no second try."""
    refused = replace(health, binds_refused=health.binds_refused + 1)
    if others_open or health.state is State.OPEN or not (permanent or refused.binds_refused >= BINDS_REFUSED):
        return refused, None
    return _opened(refused, now, first_rest, Cause.BINDS, refused.binds_refused, error)


def bind(health: Health, now: datetime) -> Judged:
    """A session is open: one that rested because none was, is tried at once."""
    waited = health.binds_refused > 0 and health.state is State.OPEN
    return replace(health, binds_refused=0, retry_at=now if waited else health.retry_at), None


def begin_probe(health: Health, now: datetime, seconds: float) -> Judged:
    """Half open, where its time has come; else no change. After ``seconds`` without an end somebody else may try."""
    if health.state is State.CLOSED or health.retry_at is None or health.retry_at > now:
        return health, None
    trying = replace(health, state=State.HALF_OPEN, retry_at=now + timedelta(seconds=seconds))
    return trying, Change(State.HALF_OPEN, Cause.PROBE)


def end_probe(health: Health, report: Report, now: datetime, first_rest: float) -> Judged:
    """Closed where the message was answered, open again where it failed or there was none to send."""
    if health.state is not State.HALF_OPEN:
        return health, None
    if report.failures:
        return _opened(health, now, first_rest, Cause.PROBE_FAILED, report.failures, report.error)
    if report.answers:
        # Demoted or not is found out anew. The rests are forgotten once it has gone on working.
        return Health(rests=health.rests), Change(State.CLOSED, Cause.ANSWERED)
    return replace(health, state=State.OPEN, retry_at=now + timedelta(seconds=min(first_rest, 5.0))), None
