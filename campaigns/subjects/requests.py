"""Requests of citizens as tickets: opened, acknowledged, extended, done or refused, each within its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Actor, Scope
from campaigns.audience.hiding import hide_numbers
from campaigns.audience.person import REASON_MOST
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import SubjectRequest
from campaigns.scope import require_inside
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.holidays import list_holidays
from campaigns.store.people import get_contact
from campaigns.store.requests import count_due_requests, find_act, lock_request
from campaigns.subjects import clocks
from campaigns.subjects.clocks import CLOCKS, IsWorkingDay, not_at_weekends
from config.i18n import Text
from config.zone import CITY_TIME

SOON = timedelta(days=3)
"""A request this near its end is something to do today."""

CHANNELS: Mapping[str, Text] = {
    "counter": Text("Tại bộ phận một cửa", "At a counter"),
    "letter": Text("Văn bản, bưu điện", "By letter"),
    "hotline": Text("Tổng đài 1022", "Hotline 1022"),
    "email": Text("Thư điện tử", "By e-mail"),
    "message": Text("Tin nhắn tới", "By message"),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """A legal ground on which a request may be refused."""

    title: Text
    kinds: frozenset[str]


GROUNDS: Mapping[str, Ground] = {
    "no-consent-needed": Ground(
        Text(
            "Khoản 2 Điều 14 Luật 91/2025: dữ liệu được xử lý không cần đồng ý theo Điều 19",
            "Law 91/2025, Article 14.2: processing that needs no consent under Article 19",
        ),
        frozenset({"delete"}),
    ),
    "identity": Ground(
        Text("Không xác minh được người yêu cầu là chủ thể dữ liệu", "It cannot be shown that it is the person's own"),
        frozenset(CLOCKS),
    ),
    "not-held": Ground(
        Text("Loa không giữ dữ liệu của người này", "Loa holds no data about the person"), frozenset(CLOCKS)
    ),
    "law": Ground(
        Text("Luật khác quy định không cho phép", "Another law forbids it"),
        frozenset(CLOCKS) - {"withdraw"},
    ),
}


def open_request(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    channel: str,
    evidence: str,
    received_on: date,
    contact_id: int | None = None,
    with_processor: bool = False,
) -> SubjectRequest:
    """Take a request in; its clocks run from the day it came.

    Raises:
        InvalidInput: no such kind or way, no evidence, or a day that is still to come or long past; or somebody limited
            to wards names no person of theirs.
        NotFound: the person is not in the register, or lives outside the scope.
    """
    actor.require("request.handle")
    if kind not in CLOCKS or channel not in CHANNELS:
        raise InvalidInput("Loại yêu cầu hoặc cách nhận không có.", "There is no such kind of request, or way.")
    today = _today(session)
    if not today - timedelta(days=365) <= received_on <= today:
        raise InvalidInput(
            "Ngày nhận phải trong vòng một năm và không sau hôm nay.",
            "The day it came must be within a year and not after today.",
        )
    ward_id = None
    if contact_id is not None:
        require_inside(session, actor, "contact", contact_id)
        ward_id = get_contact(session, contact_id).ward_id
    elif actor.scope.wards is not None:
        raise InvalidInput(
            "Bạn phụ trách một phần thành phố nên chỉ ghi yêu cầu của người trong địa bàn: hãy mở trang của người đó "
            "rồi bấm “Ghi yêu cầu”. Người chưa có trong danh bạ: chuyển cho người phụ trách toàn thành phố.",
            "You work for a part of the city, so you enter requests of its people: open the person's page and choose "
            "“Enter a request”. Of somebody not in the register, tell a person who works for the whole city.",
        )
    made = SubjectRequest(
        contact_id=contact_id,
        ward_id=ward_id,
        kind=kind,
        channel=channel,
        evidence=_said(evidence, Text("Hãy ghi căn cứ.", "Give the evidence.")),
        with_processor=with_processor,
        received_on=received_on,
        acknowledge_by=clocks.acknowledge_by(received_on, working_days(session, received_on)),
        due_on=clocks.due_on(kind, received_on, with_processor=with_processor),
        created_by=actor.email,
    )
    session.add(made)
    session.flush()
    _note(session, actor, made, "request.opened", kind=kind, due=made.due_on.isoformat())
    return made


def acknowledge(session: Session, actor: Actor, request_id: int) -> SubjectRequest:
    """Note that the person was told their request has been received.

    Raises:
        WrongState: it is closed, or was acknowledged before.
    """
    found = _open(session, actor, request_id)
    if found.acknowledged_at is not None:
        raise WrongState("Đã báo tiếp nhận trước đó.", "It was acknowledged before.")
    found.acknowledged_at, found.acknowledged_by = database_now(session), actor.email
    _note(session, actor, found, "request.acknowledged")
    return found


def extend(session: Session, actor: Actor, request_id: int, reason: str) -> SubjectRequest:
    """Take the longer time the law allows, once; the person has to be told why.

    Raises:
        InvalidInput: no reason.
        WrongState: it is closed, was extended before, or its time is over.
    """
    found = _open(session, actor, request_id)
    if found.extended_at is not None:
        raise WrongState("Yêu cầu này đã gia hạn một lần rồi.", "This request was extended once already.")
    if found.due_on < _today(session):
        raise WrongState("Đã quá hạn nên không gia hạn được.", "Its time is over; it cannot be extended.")
    found.extension_reason = _said(reason, Text("Hãy ghi lý do gia hạn.", "Say why it takes longer."))
    found.extended_at, found.extended_by = database_now(session), actor.email
    found.due_on = clocks.due_on(found.kind, found.received_on, with_processor=found.with_processor, extended=True)
    _note(session, actor, found, "request.extended", due=found.due_on.isoformat(), reason=found.extension_reason)
    return found


def refuse(session: Session, actor: Actor, request_id: int, ground: str, reason: str) -> SubjectRequest:
    """Refuse it on a legal ground.

    Raises:
        InvalidInput: the ground is none for such a request, or no reason is given.
        WrongState: it is closed.
    """
    found = _open(session, actor, request_id)
    if ground not in GROUNDS or found.kind not in GROUNDS[ground].kinds:
        raise InvalidInput(
            "Căn cứ này không dùng để từ chối loại yêu cầu đó.",
            "Such a request cannot be refused on that ground.",
        )
    note = _said(reason, Text("Hãy ghi lý do từ chối.", "Say why it is refused."))
    _close(session, actor, found, "refused", note)
    found.ground = ground
    _note(session, actor, found, "request.refused", ground=ground, reason=note)
    return found


def complete(session: Session, actor: Actor, request_id: int, note: str = "") -> SubjectRequest:
    """Close it as done, linked to the act in the audit that did it.

    Raises:
        InvalidInput: nothing in the audit can be its act, and no note says what was done.
        WrongState: it is closed, or what it asks for has not been done.
    """
    found = _open(session, actor, request_id)
    acts = CLOCKS[found.kind].acts
    if found.contact_id is not None and acts:
        since = datetime.combine(found.received_on, datetime.min.time(), CITY_TIME)
        found.act_id = find_act(session, found.contact_id, acts, since)
        if found.act_id is None:
            raise WrongState(
                "Chưa làm điều được yêu cầu ({what}): hãy làm ở trang của người này trước.",
                "What was asked for ({what}) is not done: do it on the person's page first.",
                what=str(CLOCKS[found.kind].title),
            )
        _close(session, actor, found, "done", hide_numbers(note.strip()[:REASON_MOST]) or None)
    else:
        _close(session, actor, found, "done", _said(note, Text("Hãy ghi đã làm gì.", "Say what was done.")))
    _note(session, actor, found, "request.done", act=found.act_id)
    return found


def count_due(session: Session, *, scope: Scope = WHOLE_CITY) -> int:
    """Requests to see to today: overdue, due within three days, or not yet acknowledged in their two days."""
    today = _today(session)
    return count_due_requests(session, today, today + SOON, scope=scope)


def working_days(session: Session, start: date) -> IsWorkingDay:
    """Whether offices work on a day soon after ``start``: by the calendar of holidays, else by the weekday."""
    special = {row.day: bool(row.working) for row in list_holidays(session, start, start + timedelta(days=60))}
    return lambda day: special.get(day, not_at_weekends(day))


def _today(session: Session) -> date:
    return database_now(session).astimezone(CITY_TIME).date()


def _open(session: Session, actor: Actor, request_id: int) -> SubjectRequest:
    actor.require("request.handle")
    require_inside(session, actor, "request", request_id)
    found = lock_request(session, request_id)
    if found.state != "open":
        raise WrongState("Yêu cầu này đã kết thúc.", "This request is closed.")
    return found


def _close(session: Session, actor: Actor, found: SubjectRequest, state: str, note: str | None) -> None:
    found.state, found.closing_note = state, note
    found.closed_at, found.closed_by = database_now(session), actor.email


def _said(given: str, missing: Text) -> str:
    """What a person wrote, without what could be a number; tickets are read by many."""
    cleaned = hide_numbers(given.strip()[:REASON_MOST])
    if not cleaned:
        raise InvalidInput(missing.vi, missing.en)
    return cleaned


def _note(session: Session, actor: Actor, found: SubjectRequest, action: str, **detail: object) -> None:
    session.flush()
    append_audit(session, actor.email, action, "request", found.id, {"contact": found.contact_id, **detail})
