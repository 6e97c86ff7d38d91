"""What waits for a person beside campaigns: a line each on the start page, with where to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from admin.console.formats import number
from campaigns.access import Actor
from campaigns.advertising.donotcall import list_state
from campaigns.store.audit import find_last_check
from campaigns.store.inbound import count_waiting
from campaigns.subjects.requests import count_due
from config.i18n import t


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to do."""

    text: str
    address: str
    icon: str
    grave: bool = False


def duties(session: Session, person: Actor) -> list[Duty]:
    """What waits for this person, the gravest first; each kind only for who may do it."""
    found = [duty for permission, look in _KINDS if person.may(permission) for duty in look(session, person)]
    return sorted(found, key=lambda duty: not duty.grave)


def _near_misses(session: Session, person: Actor) -> Iterator[Duty]:
    waiting = count_waiting(session, person.scope)
    if waiting:
        yield Duty(
            t(
                "{n} tin nhắn tới có thể là từ chối, chờ người đọc",
                "{n} messages may be refusals and wait to be read",
                n=number(waiting),
            ),
            url_for("optouts.review"),
            "eye",
        )


def _do_not_call(session: Session, _person: Actor) -> Iterator[Duty]:
    state = list_state(session)
    if state.latest is not None and state.is_ageing:
        yield Duty(
            t(
                "Danh sách không quảng cáo đã {n} ngày tuổi; hãy tải bản mới",
                "The do-not-call list is {n} days old; bring a new one",
                n=state.days,
            ),
            url_for("donotcall.index"),
            "silent",
            grave=state.is_too_old,
        )


def _audit(session: Session, _person: Actor) -> Iterator[Duty]:
    check = find_last_check(session)
    if check is not None and check.fault is not None:
        yield Duty(
            t(
                "Chuỗi nhật ký bị đứt ở mục {id}; hãy xem và báo người chịu trách nhiệm",
                "The audit's chain is broken at entry {id}; look and tell who answers for it",
                id=check.broken_id,
            ),
            url_for("audit.index_view"),
            "alert",
            grave=True,
        )


def _requests(session: Session, person: Actor) -> Iterator[Duty]:
    due = count_due(session, scope=person.scope)
    if due:
        yield Duty(
            t(
                "{n} yêu cầu của công dân sắp tới hạn hoặc quá hạn",
                "{n} citizens' requests are due soon or overdue",
                n=number(due),
            ),
            url_for("requests.index"),
            "letter",
        )


_KINDS: tuple[tuple[str, Callable[[Session, Actor], Iterator[Duty]]], ...] = (
    ("optout.add", _near_misses),
    ("request.handle", _requests),
    ("do-not-call.import", _do_not_call),
    ("audit.view", _audit),
)
