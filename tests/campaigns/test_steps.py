"""What people do with campaigns: who may, what is refused and why, and what is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.approving import Seen
from campaigns.audience.selection import Audience
from campaigns.draft import CampaignDraft, content_hash
from campaigns.errors import Forbidden, InvalidInput, LoaError, NotFound, WrongState
from campaigns.models import AuditEntry, Campaign
from campaigns.optouts import add_optout
from campaigns.steps import approve, cancel, create, edit, pause, reject, resume, schedule, submit
from campaigns.store.audit import verify_audit
from config.i18n import language
from config.keys import Keyring
from tests.factories import (
    APPROVER,
    OFFICER,
    OPERATOR,
    make_campaign,
    make_contact,
    make_gateway,
    make_template,
    next_phone,
    ward_id,
)

WARD = Audience(wards=("20194",))
TOMORROW = datetime.now(UTC) + timedelta(days=1)
BOTH = Actor("both@danang.example", frozenset({"officer", "approver"}))


@contextmanager
def refused(session: Session, error: type[LoaError], *words: str) -> Iterator[None]:
    """The step is refused, in words that hold these, and leaves nothing behind."""
    with pytest.raises(error) as caught, session.begin_nested():
        yield
    with language("en"):
        told = str(caught.value)
    assert all(word in told for word in words), told


@pytest.fixture
def city(undone: Session, keyring: Keyring) -> Session:
    """One person in one ward, and a gateway that takes anybody."""
    make_contact(undone, keyring)
    make_gateway(undone, keyring)
    return undone


def draft(session: Session, text: str = "Thong bao", **more: Any) -> CampaignDraft:
    version = more.pop("version", None) or make_template(session, plain=text)
    return CampaignDraft(**{"name": "Bảy cách", "template_version_id": version.id, "audience": WARD, **more})


def made(session: Session, text: str = "Thong bao", **more: Any) -> Campaign:
    return create(session, OFFICER, draft(session, text, **more))


def submitted(session: Session, **more: Any) -> Campaign:
    return submit(session, OFFICER, made(session, **more).id)


def approved(session: Session, **more: Any) -> Campaign:
    return approve(session, APPROVER, submitted(session, **more).id)


def test_a_campaign_goes_from_draft_to_its_time_and_every_step_is_written_down(city: Session) -> None:
    campaign = made(city, start_at=TOMORROW)
    assert (campaign.state, campaign.message_class, campaign.topic) == ("draft", "thong-bao", "cu-tru")
    assert submit(city, OFFICER, campaign.id).state == "submitted"
    assert approve(city, APPROVER, campaign.id).state == "scheduled"
    assert (campaign.approved_by, campaign.scheduled_for) == (APPROVER.email, TOMORROW)
    assert pause(city, OPERATOR, campaign.id, " chờ \n").state_reason == "chờ"
    assert resume(city, APPROVER, campaign.id).state == "scheduled", "its audience is not frozen yet"
    assert cancel(city, OFFICER, campaign.id, "").state == "cancelled"
    log = city.execute(
        select(AuditEntry.action, AuditEntry.actor).where(AuditEntry.object_id == str(campaign.id)).order_by("id")
    ).all()
    assert [action.removeprefix("campaign.") for action, _ in log] == [
        "created",
        "submitted",
        "approved",
        "scheduled",
        "paused",
        "resumed",
        "cancelled",
    ]
    assert [log[0][1], log[2][1], log[4][1]] == [OFFICER.email, APPROVER.email, OPERATOR.email]
    assert verify_audit(city) is None


def test_a_changed_line_of_the_audit_shows(city: Session) -> None:
    first, second = made(city), made(city)
    assert verify_audit(city) is None
    city.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
    city.execute(text("UPDATE audit SET actor = 'somebody' WHERE object_id = :id"), {"id": str(first.id)})
    city.expire_all()
    changed = city.scalars(select(AuditEntry.id).where(AuditEntry.object_id == str(first.id))).one()
    assert verify_audit(city) == changed
    assert second.state == "draft"


Take = Callable[[Session, Actor], object]
MAY: dict[str, tuple[Take, set[str]]] = {
    "create": (lambda s, who: create(s, who, draft(s)), {"officer"}),
    "edit": (lambda s, who: edit(s, who, made(s).id, draft(s)), {"officer"}),
    "submit": (lambda s, who: submit(s, who, made(s).id), {"officer"}),
    "approve": (lambda s, who: approve(s, who, submitted(s).id), {"approver"}),
    "reject": (lambda s, who: reject(s, who, submitted(s).id, "sai"), {"approver"}),
    "schedule": (lambda s, who: schedule(s, who, approved(s).id), {"officer"}),
    "pause": (lambda s, who: pause(s, who, approved(s, start_at=TOMORROW).id), {"officer", "approver", "operator"}),
    "cancel": (lambda s, who: cancel(s, who, made(s).id), {"officer", "approver", "operator"}),
}


@pytest.mark.parametrize("step", MAY)
def test_only_the_roles_of_the_table_take_a_step(city: Session, step: str) -> None:
    take, roles = MAY[step]
    for role in ("officer", "approver", "analyst", "operator", "administrator", "nobody"):
        who = Actor(f"another-{role}@danang.example", frozenset({role}))
        if role in roles:
            take(city, who)
        else:
            with refused(city, Forbidden):
                take(city, who)


def test_who_made_edited_or_submitted_a_campaign_may_not_approve_it(city: Session) -> None:
    by_both = create(city, BOTH, draft(city))
    submit(city, OFFICER, by_both.id)
    edited = made(city)
    edit(city, BOTH, edited.id, draft(city))
    submit(city, OFFICER, edited.id)
    handed_in = submit(city, BOTH, made(city).id)
    for campaign in (by_both, edited, handed_in):
        with refused(city, Forbidden, BOTH.email, "second person"):
            approve(city, BOTH, campaign.id)
        assert approve(city, APPROVER, campaign.id).state == "approved"


def test_an_edit_voids_the_approval(city: Session) -> None:
    campaign = approved(city, start_at=TOMORROW)
    edit(city, OFFICER, campaign.id, draft(city, "Thong bao khac"))
    assert campaign.state == "draft"
    assert (campaign.approved_hash, campaign.approved_by, campaign.approved_at, campaign.submitted_by) == (None,) * 4
    assert (campaign.start_at, campaign.scheduled_for) == (None, None)
    with refused(city, WrongState, "draft", "submit"):
        schedule(city, OFFICER, campaign.id)


CHANGES: dict[str, Any] = {
    "values": {"noi": "UBND"},
    "variant": "marked",
    "sender": "UBND DN",
    "audience": Audience(wards=("20195",)),
    "start_at": TOMORROW,
    "window_start": time(8),
    "window_end": time(20),
    "validity_minutes": 60,
    "unknown_policy": "resend",
    "priority": 1,
    "over_minutes": 360,
    "pace_per_hour": 2000,
    "ward_pace_per_hour": 300,
}


def test_the_hash_covers_text_audience_and_schedule(city: Session) -> None:
    version = make_template(city)
    other = make_template(city, plain="Thong bao khac")
    hashes = [content_hash(made(city, version=version)), content_hash(made(city, version=other))]
    hashes += [content_hash(made(city, version=version, **{name: value})) for name, value in CHANGES.items()]
    assert len(set(hashes)) == len(CHANGES) + 2
    assert content_hash(made(city, version=version)) == hashes[0]


def test_an_approver_approves_what_was_shown_and_nothing_else(city: Session) -> None:
    campaign = made(city)
    seen = content_hash(campaign)
    edit(city, OFFICER, campaign.id, draft(city, "Thong bao khac"))
    submit(city, OFFICER, campaign.id)
    with refused(city, WrongState, "no longer what you were shown"):
        approve(city, APPROVER, campaign.id, seen=Seen(hash=seen))
    shown = content_hash(campaign)
    assert approve(city, APPROVER, campaign.id, seen=Seen(hash=shown)).approved_hash == shown


def test_a_page_that_is_out_of_date_changes_nothing(city: Session) -> None:
    campaign = made(city)
    version = campaign.version
    submit(city, OFFICER, campaign.id, version=version)
    for again in (submit, cancel):
        with refused(city, WrongState, "Reload"):
            again(city, OFFICER, campaign.id, version=version)
    with refused(city, WrongState, "Reload"):
        approve(city, APPROVER, campaign.id, seen=Seen(version=version))
    assert approve(city, APPROVER, campaign.id, seen=Seen(version=campaign.version)).state == "approved"


def test_a_start_that_was_left_open_is_set_by_hand(city: Session) -> None:
    now = approved(city)
    assert (now.state, now.scheduled_for) == ("approved", None)
    assert schedule(city, OFFICER, now.id).state == "scheduled"
    assert now.scheduled_for is not None
    assert now.scheduled_for <= datetime.now(UTC) + timedelta(minutes=1)
    assert schedule(city, OFFICER, approved(city).id, TOMORROW).scheduled_for == TOMORROW
    past = datetime.now(UTC) - timedelta(minutes=1)
    assert approved(city, start_at=past).state == "scheduled", "due at once"


def test_a_rejected_campaign_goes_back_with_a_reason(city: Session) -> None:
    campaign = submitted(city)
    with refused(city, InvalidInput, "reason"):
        reject(city, APPROVER, campaign.id, "  ")
    assert reject(city, APPROVER, campaign.id, "Sai giờ tiếp dân").state == "draft"
    assert campaign.state_reason == "Sai giờ tiếp dân"
    assert submit(city, OFFICER, campaign.id).state_reason is None


def test_a_frozen_audience_is_not_edited_and_resumes_running(city: Session) -> None:
    campaign = approved(city, start_at=TOMORROW)
    campaign.plan_cursor = {"wards": [], "place": 0, "after": 0}
    city.flush()
    with refused(city, WrongState, "frozen"):
        edit(city, OFFICER, campaign.id, draft(city))
    campaign.planned_at = datetime.now(UTC)
    campaign.state = "running"
    city.flush()
    pause(city, OFFICER, campaign.id, "sai giờ")
    assert resume(city, OFFICER, campaign.id).state == "running"
    assert campaign.state_reason is None


def test_the_systems_own_campaigns_are_steered_by_nobody(city: Session) -> None:
    campaign = make_campaign(city, standing="sys-tro-giup v1", state="running")
    with refused(city, Forbidden, "system"):
        pause(city, OPERATOR, campaign.id)
    reply = make_template(city, message_class="he-thong", topic="he-thong")
    with refused(city, InvalidInput, "system reply"):
        made(city, version=reply)


def test_what_does_not_exist_is_named(city: Session) -> None:
    with refused(city, NotFound, "999"):
        submit(city, OFFICER, 999)
    with refused(city, NotFound, "template version 999"):
        create(city, OFFICER, CampaignDraft(name="x", template_version_id=999, audience=WARD))
    with refused(city, InvalidInput, "ward", "99999", "2023"):
        made(city, audience=Audience(wards=("20194", "99999")))
    with refused(city, InvalidInput, "district", "20194"):
        made(city, audience=Audience(districts=("20194",)))
    with refused(city, InvalidInput, "district", "490", "2025"):
        made(city, audience=Audience(edition="2025", districts=("490",)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"sender": "Mười hai chữ"},
        {"sender": "Twelve chars"},
        {"validity_minutes": 1},
        {"priority": 10},
        {"over_minutes": 1},
        {"pace_per_hour": 0},
        {"ward_pace_per_hour": 0},
        {"over_minutes": 60, "pace_per_hour": 60},
        {"start_at": datetime(2023, 3, 3)},
        {"values": {"Ten": "x"}},
        {"values": {"ten": "x" * 501}},
        {"state": "running"},
        {"audience": {"everybody": True, "wards": ["20194"]}},
    ],
    ids=str,
)
def test_a_draft_takes_only_what_a_person_may_decide(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CampaignDraft.model_validate({"name": "x", "template_version_id": 1, "audience": WARD} | wrong)


def test_nothing_is_submitted_that_reaches_nobody(city: Session, keyring: Keyring) -> None:
    with refused(city, InvalidInput, "Nobody"):
        submitted(city, audience=Audience(wards=("20195",)))
    make_contact(city, keyring, ward="20195", unusable="dead")
    with refused(city, InvalidInput, "Nobody"):
        submitted(city, audience=Audience(wards=("20195",)))


def test_nothing_is_submitted_that_a_carrier_has_no_gateway_for(undone: Session, keyring: Keyring) -> None:
    for carrier in ("viettel", "viettel", "vinaphone"):
        make_contact(undone, keyring, carrier=carrier)
    gateway = make_gateway(undone, keyring, carriers=("vinaphone",))
    with refused(undone, InvalidInput, "Viettel: 2"):
        submitted(undone)
    anything = make_gateway(undone, keyring)
    assert submitted(undone).state == "submitted"
    anything.enabled = False
    undone.flush()
    with refused(undone, InvalidInput, "Viettel: 2"):
        submitted(undone)
    gateway.enabled = False
    undone.flush()
    with refused(undone, InvalidInput, "Viettel: 2, VinaPhone: 1"):
        submitted(undone)


def test_nothing_is_submitted_that_lacks_a_value_for_somebody(city: Session, keyring: Keyring) -> None:
    for name, attributes in (("Lê B", {"gio": "8h"}), (None, {"gio": " "}), ("", {})):
        make_contact(city, keyring, full_name=name, attributes=attributes)
    with refused(city, InvalidInput, "Full name (2 people)"):
        submitted(city, text="Chao {{ ho_ten }}")
    with refused(city, InvalidInput, "gio (3 people)", "Give one for the whole campaign"):
        submitted(city, text="Moi ba con den luc {{ gio }}")
    assert submitted(city, text="Moi ba con den luc {{ gio }}", values={"gio": "9h"}).state == "submitted"
    optional = "Chao {{ ho_ten | default('ba con') }}{% if gio %}, luc {{ gio }}{% endif %}"
    assert submitted(city, text=optional).state == "submitted"


def test_a_text_that_names_places_needs_them_for_everybody(city: Session, keyring: Keyring) -> None:
    text = "Moi ba con {{ phuong }}, {{ quan }}"
    assert submitted(city, text=text).state == "submitted"
    make_contact(city, keyring, ward=None)
    assert submitted(city, text=text).state == "submitted", "who has no ward is not in this audience"
    with refused(city, InvalidInput, "Ward (1 person)", "District (1 person)"):
        submitted(city, text=text, audience=Audience(everybody=True))
    in_2025 = Audience(edition="2025", wards=("20197",))
    make_contact(city, keyring, ward=None, ward_id=ward_id(city, "20197", "2025"))
    assert submitted(city, text="Moi ba con {{ phuong }}", audience=in_2025).state == "submitted"
    with refused(city, InvalidInput, "District (1 person)"):
        submitted(city, text=text, audience=in_2025)


def test_who_refused_cannot_hold_a_campaign_up(city: Session, keyring: Keyring) -> None:
    phone = next_phone()
    make_contact(city, keyring, phone=phone, full_name=None, carrier="vinaphone")
    with refused(city, InvalidInput, "Full name (1 person)"):
        submitted(city, text="Chao {{ ho_ten }}")
    add_optout(city, keyring, OFFICER, phone.decode(), evidence="gọi 1022")
    assert submitted(city, text="Chao {{ ho_ten }}").state == "submitted"
