"""Trying a text, or a gateway, on numbers of staff: one real message the real way, marked ``[THU]``.

A test is a standing campaign of one message (docs/adr/0023), so it goes by the same claim, limit, gateway and receipts
as every other and is written in the same books, yet is no campaign to citizens and in none of their figures.
"""

from __future__ import annotations

import re
from datetime import time
from uuid import uuid4

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.audience.phone import carrier_of
from campaigns.content.files import TemplateFacts
from campaigns.content.rendering import TEXT_MOST
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.delivery.states import CampaignState
from campaigns.errors import InvalidInput, NotFound, WrongState
from campaigns.models import Campaign, Contact, Gateway, TemplateVersion, TestMessage, TestNumber
from campaigns.models.people import TEST_NUMBER
from campaigns.optouts.register import mobile_number
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.gateways import get_gateway
from campaigns.store.optouts import ensure_contact, find_route, queue_single_message
from campaigns.store.templates import find_template, get_version, insert_template, insert_version, lock_templates
from campaigns.store.trials import count_recent, find_number, find_number_of, lock_sender
from config.keys import Keyring

LABEL = "[THU] "
"""What every test begins with; put there by code, so that no wording of anybody's can leave it out."""
TEMPLATE = "sys-gui-thu"
"""What the standing campaigns of tests are pinned to: nothing but the text that is tried. Made by the first test, and
archived, so that nobody comes across it or edits it."""
BODY = "{{ noi_dung }}"
PER_MINUTE = 3
"""Tests one person may ask for in a minute."""
STALE_MINUTES = 15
"""Then a test that could not be sent is given up: it would only startle the desk it comes to."""
LABEL_MOST = 80

_LONG_NUMBER = re.compile(r"(?:\d[\s.-]?){7,}")


def add_number(session: Session, keyring: Keyring, actor: Actor, raw: str, label: str) -> TestNumber:
    """Put a desk's number on the list of those that texts are tried on.

    Raises:
        Forbidden: the person may not keep this list.
        InvalidInput: the number cannot be used, is listed already, or the label is none.
    """
    actor.require("test.numbers")
    name = _checked_label(label)
    number = mobile_number(raw)
    plain = number.encode()
    contact_id, _, _ = ensure_contact(
        session,
        phone_hash=keyring.hash(plain),
        cipher=keyring.encrypt(plain),
        carrier=carrier_of("0" + number[2:]),
        source=TEST_NUMBER,
    )
    _refuse_number(session, contact_id)
    listed = TestNumber(label=name, contact_id=contact_id, created_by=actor.email)
    session.add(listed)
    session.flush()
    append_audit(session, actor.email, "test-number.added", "test-number", listed.id, {"label": name})
    return listed


def _checked_label(label: str) -> str:
    name = " ".join(label.split())
    if not name or len(name) > LABEL_MOST:
        raise InvalidInput(
            "Hãy ghi số này đặt ở bộ phận nào, tối đa {most} ký tự.",
            "Say which desk the number lies on, in at most {most} characters.",
            most=LABEL_MOST,
        )
    if _LONG_NUMBER.search(name):
        raise InvalidInput(
            "Tên bộ phận không được chứa số điện thoại; số ghi ở ô riêng và được mã hoá.",
            "The desk's name must hold no phone number; that has a field of its own and is encrypted.",
        )
    return name


def _refuse_number(session: Session, contact_id: int) -> None:
    contact = session.get_one(Contact, contact_id)
    if contact.phone_cipher is None or contact.unusable is not None:
        raise InvalidInput(
            "Số này đã bị xoá theo yêu cầu của chủ số, hoặc không còn ai dùng; hãy chọn số khác.",
            "Whoever has this number had it erased, or nobody has it any more; choose another.",
        )
    listed = find_number_of(session, contact_id)
    if listed is not None:
        raise InvalidInput(
            "Số này đã có trong danh sách: “{label}”.",
            "The number is on the list already: “{label}”.",
            label=listed.label,
        )


def remove_number(session: Session, actor: Actor, number_id: int) -> TestNumber:
    """Take a number off the list; what was sent to it stays on record.

    Raises:
        Forbidden: the person may not keep this list.
        NotFound: it is not on the list.
    """
    actor.require("test.numbers")
    number = _listed(session, number_id)
    number.removed_by, number.removed_at = actor.email, database_now(session)
    append_audit(session, actor.email, "test-number.removed", "test-number", number.id, {"label": number.label})
    session.flush()
    return number


def _listed(session: Session, number_id: int) -> TestNumber:
    number = find_number(session, number_id)
    if number is None:
        raise NotFound(
            "Số này không có trong danh sách nhận tin thử; người vận hành hoặc quản trị có thể thêm.",
            "The number is not on the list for tests; an operator or an administrator can add it.",
        )
    return number


def try_text(
    session: Session, actor: Actor, *, number_id: int, version: TemplateVersion, variant: str, text: str
) -> TestMessage:
    """Send ``text``, the merged wording of a version, to a listed number by the route of its carrier.

    Raises:
        Forbidden: the person may not try texts.
        NotFound: the number is not on the list.
        InvalidInput: no gateway carries it, or the text is too long.
        WrongState: the person has had enough tests for this minute.
    """
    actor.require("template.test")
    return _send(session, actor, number_id, text, variant=variant, version=version, gateway=None)


def try_gateway(session: Session, actor: Actor, *, number_id: int, gateway_name: str, text: str) -> TestMessage:
    """Send one message to a listed number through exactly this gateway, whatever the routes say.

    Raises:
        Forbidden: the person may not change gateways.
        NotFound: there is no such gateway, or the number is not on the list.
        InvalidInput: the text is empty or too long.
        WrongState: the gateway is switched off, or the person has had enough tests for this minute.
    """
    actor.require("gateway.edit")
    gateway = get_gateway(session, gateway_name)
    if not gateway.enabled:
        raise WrongState(
            "Cổng {name} đang tắt; hãy bật cổng rồi gửi thử.",
            "Gateway {name} is switched off; switch it on, then try it.",
            name=gateway.name,
        )
    return _send(session, actor, number_id, text, variant="marked", version=None, gateway=gateway)


def _send(
    session: Session,
    actor: Actor,
    number_id: int,
    text: str,
    *,
    variant: str,
    version: TemplateVersion | None,
    gateway: Gateway | None,
) -> TestMessage:
    _refuse_hurry(session, actor)
    number = _listed(session, number_id)
    _refuse_text(text)
    contact = session.get_one(Contact, number.contact_id)
    gateway_id = gateway.id if gateway else find_route(session, contact.carrier)
    if gateway_id is None:
        raise InvalidInput(
            "Chưa có cổng đang bật nào chở số này; người vận hành cần thêm tuyến.",
            "No gateway that is switched on carries this number; an operator has to add a route.",
        )
    campaign = _campaign_of(session, variant, LABEL + text)
    test = TestMessage(
        campaign_id=campaign.id,
        number_id=number.id,
        template_version_id=version.id if version else None,
        gateway_id=gateway.id if gateway else None,
        requested_by=actor.email,
    )
    session.add(test)
    session.flush()
    queue_single_message(
        session,
        campaign_id=campaign.id,
        contact_id=contact.id,
        occasion=0,
        gateway_id=gateway_id,
        ward_id=contact.ward_id,
        carrier=contact.carrier,
        parts=len(campaign_text(campaign).for_place(Place("", ""))),
    )
    _note(session, actor, test, number, version, gateway)
    return test


def _refuse_hurry(session: Session, actor: Actor) -> None:
    lock_sender(session, actor.email)
    if count_recent(session, actor.email, seconds=60) >= PER_MINUTE:
        raise WrongState(
            "Mỗi người gửi thử nhiều nhất {most} tin trong một phút. Hãy chờ một lát rồi gửi tiếp.",
            "A person may send {most} tests a minute. Wait a little, then send the next.",
            most=PER_MINUTE,
        )


def _refuse_text(text: str) -> None:
    most = TEXT_MOST - len(LABEL)
    if not text.strip() or len(text) > most:
        raise InvalidInput(
            "Hãy nhập nội dung gửi thử, tối đa {most} ký tự.", "Enter a text of at most {most} characters.", most=most
        )


def _own_version(session: Session) -> TemplateVersion:
    lock_templates(session)
    if find_template(session, TEMPLATE) is None:
        facts = TemplateFacts(TEMPLATE, "Gửi thử", topic="he-thong", message_class="he-thong")
        template = insert_template(session, facts)
        template.archived_at = database_now(session)
        insert_version(session, template, BODY, BODY, origin="console", created_by="system")
    return get_version(session, TEMPLATE)


def _campaign_of(session: Session, variant: str, text: str) -> Campaign:
    version = _own_version(session)
    campaign = Campaign(
        name="Gửi thử",
        standing=f"gui-thu {uuid4().hex}",
        template_version=version,
        template_version_id=version.id,
        variant=variant,
        message_class=version.template.message_class,
        topic=version.template.topic,
        values={"noi_dung": text},
        audience={"edition": "2023", "everybody": True},
        window_start=time(0),
        window_end=time(0),
        validity_minutes=STALE_MINUTES,
        priority=0,
        state=CampaignState.RUNNING.value,
        planned_at=database_now(session),
        created_by="system",
        edited_by="system",
    )
    session.add(campaign)
    session.flush()
    return campaign


def _note(
    session: Session,
    actor: Actor,
    test: TestMessage,
    number: TestNumber,
    version: TemplateVersion | None,
    gateway: Gateway | None,
) -> None:
    detail: dict[str, object] = {"to": number.label}
    if version is not None:
        detail |= {"template": version.template.slug, "version": version.number}
    if gateway is not None:
        detail |= {"gateway": gateway.name}
    append_audit(session, actor.email, "test.sent", "test", test.id, detail)
