"""Tests on numbers of staff as a page shows them: to whom, how far each got, and why not further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin.console import formats, words
from admin.console.context import console
from campaigns.delivery.states import STATE_TITLES, MessageState
from campaigns.delivery.trials import STALE_MINUTES
from campaigns.gateways.codes import in_words
from campaigns.store.trials import list_numbers
from config.i18n import t

_LOOKS: Mapping[MessageState, tuple[str, str]] = {
    MessageState.QUEUED: ("clock", "info"),
    MessageState.CLAIMED: ("play", "info"),
    MessageState.ACCEPTED: ("check", "info"),
    MessageState.DELIVERED: ("check", "good"),
    MessageState.UNKNOWN: ("alert", "warn"),
    MessageState.CANCELLED: ("stop", "quiet"),
}
_UNDER_WAY = {MessageState.QUEUED, MessageState.CLAIMED, MessageState.ACCEPTED}


@dataclass(frozen=True, slots=True)
class Trial:
    """One test."""

    at: datetime
    by: str
    label: str
    what: str
    gateway: str
    badge: words.Badge
    why: str
    over: bool


def trials_of(rows: Sequence[Any]) -> list[Trial]:
    """Rows of ``campaigns.store.trials`` in words."""
    return [_trial(row) for row in rows]


def _trial(row: Any) -> Trial:
    state = MessageState(row.state) if row.state is not None else MessageState.CANCELLED
    icon, tone = _LOOKS.get(state, ("alert", "bad"))
    what = str(words.VARIANT_TITLES[row.variant])
    if row.version is not None:
        what = t("{what}, phiên bản {n}", "{what}, version {n}", what=what, n=row.version)
    return Trial(
        at=row.requested_at,
        by=row.requested_by,
        label=row.label,
        what=what,
        gateway=row.gateway or "",
        badge=words.Badge(STATE_TITLES[state], icon, tone),
        why=_why(row, state),
        over=state not in _UNDER_WAY or formats.older_than(row.requested_at, minutes=STALE_MINUTES),
    )


def _why(row: Any, state: MessageState) -> str:
    if state is MessageState.CANCELLED:
        return t("chưa gửi được trong {n} phút nên đã bỏ", "given up: not sent within {n} minutes", n=STALE_MINUTES)
    if state is MessageState.ACCEPTED:
        return t("đang chờ biên nhận", "waiting for the receipt")
    if row.error:
        return in_words(row.error)
    if state is MessageState.QUEUED and not row.bound:
        return t("cổng chưa kết nối, hoặc tiến trình gửi chưa chạy", "the gateway is not connected, or no worker runs")
    return ""


def listed_numbers(session: Session) -> list[tuple[str, str]]:
    """Numbers that can be chosen for a test: (id, desk and masked number)."""
    keyring = console().keyring
    return [
        (str(row.id), f"{row.label} · {formats.masked(keyring.decrypt(row.phone_cipher))}")
        for row in list_numbers(session)
        if row.usable
    ]


def fragment(trials: Sequence[Trial]) -> Response:
    """The table alone, for a page that asks again until every test is over; 304 while nothing moved."""
    response = make_response(render_template("console/trials.html", trials=trials))
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Finished"] = "1" if all(trial.over for trial in trials) else "0"
    response.add_etag()
    return response.make_conditional(request)
