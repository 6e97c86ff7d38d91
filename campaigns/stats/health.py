"""How a gateway's health is told to people: that it rests and why, until when, and what changed before."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from campaigns.gateways.breaker import CAUSES, DEMOTED, Cause, State
from campaigns.stats.clock import hour
from config.i18n import Text, t

STATES = {
    State.CLOSED.value: Text("hoạt động lại", "works again"),
    State.OPEN.value: Text("tạm nghỉ", "rests"),
    State.HALF_OPEN.value: Text("đang thử lại", "is being tried"),
    DEMOTED: Text("xếp sau các cổng khác", "stands behind others"),
}
"""What a change led to."""


class Told(Protocol):
    """What a change, or the standing after it, says about its cause."""

    @property
    def cause(self) -> str:
        """``campaigns.gateways.breaker.Cause``; empty before the first."""

    @property
    def times(self) -> int:
        """How many failures."""

    @property
    def error(self) -> str:
        """The last error."""


class Standing(Told, Protocol):
    """A row of ``campaigns.store.health.list_health``."""

    @property
    def state(self) -> str:
        """``campaigns.gateways.breaker.State``."""

    @property
    def retry_at(self) -> datetime | None:
        """When it is tried again."""

    @property
    def demoted(self) -> bool:
        """Whether it stands behind others now."""


def why(told: Told) -> str:
    """The cause in words: ``20 failures in a row: ESME_RSYSERR``; empty where there is none."""
    return CAUSES[Cause(told.cause)].format(count=told.times, error=told.error or "—") if told.cause else ""


def standing_words(name: str, standing: Standing) -> str | None:
    """Why a gateway is not, or not fully, used; None where it simply works."""
    if standing.state == State.HALF_OPEN:
        return t("{name} đang được thử lại bằng một tin", "{name} is being tried with one message", name=name)
    if standing.state == State.OPEN and standing.retry_at is not None:
        return t(
            "{name} đang nghỉ ({why}), thử lại lúc {time}",
            "{name} is resting after {why}, tries again at {time}",
            name=name,
            why=why(standing),
            time=hour(standing.retry_at),
        )
    if standing.demoted:
        return t(
            "{name} xếp sau các cổng khác ({why})",
            "{name} stands behind others after {why}",
            name=name,
            why=why(standing),
        )
    return None
