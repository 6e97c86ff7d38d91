"""The second pair of eyes: who may approve, how many must, what is kept of it, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaigns import grants
from campaigns.access import Actor
from campaigns.approving import (
    Seen,
    approvals_needed,
    approve,
    reject,
    undo,
)
from campaigns.audience.selection import Audience
from campaigns.draft import CampaignDraft, content_hash
from campaigns.emergencies import break_glass, sign_off, unreviewed_emergencies
from campaigns.errors import Forbidden, InvalidInput, LoaError, NotFound, WrongState
from campaigns.models import AuditEntry, Campaign, CampaignReview
from campaigns.optouts import add_optout
from campaigns.steps import create, edit, pause, resume, schedule, submit
from campaigns.store.reviews import list_reviews
from campaigns.store.users import load_actor
from config.i18n import language
from config.keys import Keyring
from config.settings import get_settings
from tests.factories import (
    ADMINISTRATOR,
    APPROVER,
    OFFICER,
    OPERATOR,
    make_contact,
    make_gateway,
    make_template,
    make_user,
    next_phone,
)

SECOND = Actor("second@danang.example", frozenset({"approver"}))
BOTH = Actor("both@danang.example", frozenset({"officer", "approver"}))
HERO = Actor("duty@danang.example", frozenset({"officer"}), frozenset({"campaign.emergency"}))
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@contextmanager
def refused(session: Session, error: type[LoaError], *words: str) -> Iterator[None]:
    with pytest.raises(error) as caught, session.begin_nested():
        yield
    with language("en"):
        told = str(caught.value)
    assert all(word in told for word in words), told


@pytest.fixture
def city(undone: Session, keyring: Keyring) -> Session:
    """Two people in one ward, and a gateway that takes anybody."""
    make_contact(undone, keyring)
    make_contact(undone, keyring)
    make_gateway(undone, keyring)
    return undone


def draft(session: Session, text: str = "Thong bao", kind: str = "thong-bao", **more: Any) -> CampaignDraft:
    version = make_template(session, plain=text, message_class=kind)
    fields = {"name": "Bảy cách", "template_version_id": version.id, "audience": Audience(wards=("20194",))}
    return CampaignDraft(**{**fields, **more})  # type: ignore[arg-type]


def submitted(session: Session, maker: Actor = OFFICER, **more: Any) -> Campaign:
    return submit(session, maker, create(session, maker, draft(session, **more)).id)


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything over a đồng takes two approvers."""
    monkeypatch.setenv("LOA_TWO_APPROVERS_ABOVE", "1")
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("kind", "cost", "above", "needed"),
    [
        ("thong-bao", 0, 100, 1),
        ("thong-bao", 100, 100, 1),
        ("thong-bao", 101, 100, 2),
        ("thong-bao", 10**12, 0, 1),
        ("quang-cao", 0, 100, 2),
        ("quang-cao", 101, 100, 2),
        ("khan-cap", 101, 100, 2),
    ],
)
def test_how_many_must_approve_hangs_on_class_and_cost(kind: str, cost: int, above: int, needed: int) -> None:
    assert approvals_needed(kind, cost, above) == needed


def test_above_a_cost_one_approval_only_counts_and_the_second_is_somebody_elses(
    city: Session, dear: None
) -> None:
    campaign = submitted(city, start_at=TOMORROW)
    assert approve(city, APPROVER, campaign.id).state == "submitted"
    assert campaign.approved_by is None
    with refused(city, Forbidden, APPROVER.email, "somebody else"):
        approve(city, APPROVER, campaign.id)
    assert approve(city, SECOND, campaign.id).state == "scheduled"
    assert campaign.approved_by == SECOND.email
    assert [each.by for each in list_reviews(city, campaign.id)] == [SECOND.email, APPROVER.email, OFFICER.email]


def test_an_edit_voids_the_first_of_two_approvals_too(city: Session, dear: None) -> None:
    campaign = submitted(city)
    approve(city, APPROVER, campaign.id)
    edit(city, OFFICER, campaign.id, draft(city, "Thong bao khac"))
    submit(city, OFFICER, campaign.id)
    assert approve(city, SECOND, campaign.id).state == "submitted", "the first one approved another text"
    assert approve(city, APPROVER, campaign.id).state == "approved"
    assert "voided" in [each.step for each in list_reviews(city, campaign.id)]


def test_sent_back_and_handed_in_again_it_takes_both_approvals_anew(city: Session, dear: None) -> None:
    campaign = submitted(city)
    approve(city, APPROVER, campaign.id)
    reject(city, SECOND, campaign.id, "sai giờ")
    submit(city, OFFICER, campaign.id)
    assert approve(city, APPROVER, campaign.id).state == "submitted"


def test_who_ever_edited_it_may_not_approve_it_though_others_edited_later(city: Session) -> None:
    campaign = create(city, OFFICER, draft(city))
    edit(city, BOTH, campaign.id, draft(city, "Mot"))
    edit(city, OFFICER, campaign.id, draft(city, "Hai"))
    submit(city, OFFICER, campaign.id)
    assert BOTH.email not in {campaign.created_by, campaign.edited_by, campaign.submitted_by}
    with refused(city, Forbidden, BOTH.email):
        approve(city, BOTH, campaign.id)


def test_a_wrong_number_of_recipients_is_refused_with_what_to_do(city: Session, keyring: Keyring) -> None:
    campaign = submitted(city)
    with refused(city, InvalidInput, "(3)", "goes to 2 people", "send it back"):
        approve(city, APPROVER, campaign.id, seen=Seen(people=3))
    make_contact(city, keyring)
    with refused(city, InvalidInput, "goes to 3 people"):
        approve(city, APPROVER, campaign.id, seen=Seen(people=2))
    assert approve(city, APPROVER, campaign.id, seen=Seen(people=3)).state == "approved"


def test_another_class_than_the_one_ticked_is_refused(city: Session) -> None:
    campaign = submitted(city)
    with refused(city, InvalidInput, "Public information"):
        approve(city, APPROVER, campaign.id, seen=Seen(message_class="khan-cap"))
    assert approve(city, APPROVER, campaign.id, seen=Seen(message_class="thong-bao")).state == "approved"


def test_what_was_decided_is_kept_as_it_was_and_cannot_be_changed(city: Session) -> None:
    campaign = submitted(city)
    shown = content_hash(campaign)
    approve(city, APPROVER, campaign.id)
    edit(city, OFFICER, campaign.id, draft(city, "Thong bao khac"))
    (kept,) = city.scalars(select(CampaignReview).where(CampaignReview.step == "approved"))
    assert (kept.hash, kept.snapshot["body"], kept.people, kept.cost) == (shown, "Thong bao", 2, 1700)
    for statement in ("UPDATE campaign_review SET by = 'x'", "DELETE FROM campaign_review"):
        with pytest.raises(DBAPIError, match="append-only"), city.begin_nested():
            city.execute(text(statement))


def test_no_message_goes_out_before_the_time_to_undo_is_over(city: Session) -> None:
    due = submitted(city, start_at=datetime.now(UTC) - timedelta(hours=1))
    approve(city, APPROVER, due.id, undo_seconds=60)
    assert due.scheduled_for is not None
    assert due.approved_at is not None
    assert due.scheduled_for - due.approved_at == timedelta(seconds=60)
    later = submitted(city, start_at=TOMORROW)
    assert approve(city, APPROVER, later.id, undo_seconds=60).scheduled_for == TOMORROW
    by_hand = approve(city, APPROVER, submitted(city).id, undo_seconds=60)
    schedule(city, OFFICER, by_hand.id, undo_seconds=60)
    assert by_hand.scheduled_for is not None
    assert by_hand.scheduled_for >= datetime.now(UTC) + timedelta(seconds=50)


def test_an_approver_who_undoes_leads_back_to_submitted_and_may_approve_again(city: Session) -> None:
    campaign = submitted(city, start_at=TOMORROW)
    approve(city, APPROVER, campaign.id)
    undo(city, APPROVER, campaign.id, " nhầm giờ ")
    assert (campaign.state, campaign.approved_by, campaign.scheduled_for) == ("submitted", None, None)
    assert (campaign.state_reason, campaign.submitted_by) == ("nhầm giờ", OFFICER.email)
    assert approve(city, APPROVER, campaign.id).state == "scheduled"


def test_a_maker_who_undoes_leads_back_to_a_draft(city: Session) -> None:
    campaign = submitted(city, start_at=TOMORROW)
    approve(city, APPROVER, campaign.id)
    undo(city, OFFICER, campaign.id)
    assert (campaign.state, campaign.approved_hash, campaign.submitted_by) == ("draft", None, None)


def test_nobody_else_undoes_and_not_once_the_audience_is_being_frozen(city: Session) -> None:
    campaign = submitted(city, start_at=TOMORROW)
    with refused(city, WrongState, "submitted"):
        undo(city, APPROVER, campaign.id)
    approve(city, APPROVER, campaign.id)
    for other in (SECOND, OPERATOR):
        with refused(city, Forbidden, "Only who made"):
            undo(city, other, campaign.id)
    campaign.plan_cursor = {"wards": [], "place": 0, "after": 0}
    city.flush()
    with refused(city, WrongState, "too late"):
        undo(city, APPROVER, campaign.id)


def test_who_comes_second_is_told_who_was_first_and_what_they_did(city: Session) -> None:
    campaign = submitted(city)
    version = campaign.version
    approve(city, APPROVER, campaign.id, seen=Seen(version=version))
    with refused(city, WrongState, APPROVER.email, "approved it"):
        approve(city, SECOND, campaign.id, seen=Seen(version=version))
    campaign.start_at = TOMORROW
    schedule(city, OFFICER, campaign.id)
    version = campaign.version
    pause(city, OPERATOR, campaign.id, version=version)
    with refused(city, WrongState, OPERATOR.email, "paused it"):
        pause(city, OFFICER, campaign.id, version=version)
    resume(city, OFFICER, campaign.id)


def emergency(session: Session, **more: Any) -> Campaign:
    return create(session, HERO, draft(session, kind="khan-cap", **more))


def test_an_emergency_starts_on_the_word_of_one_who_was_given_the_right(
    city: Session, keyring: Keyring
) -> None:
    phone = next_phone()
    make_contact(city, keyring, phone=phone)
    add_optout(city, keyring, OFFICER, phone.decode(), evidence="gọi 1022")
    campaign = emergency(city, start_at=TOMORROW)
    with refused(city, InvalidInput, "basis"):
        break_glass(city, HERO, campaign.id, "  ")
    break_glass(city, HERO, campaign.id, "Công điện 05, bão số 9")
    assert (campaign.state, campaign.approved_by) == ("scheduled", HERO.email)
    assert campaign.window_start == campaign.window_end
    assert campaign.scheduled_for is not None
    assert campaign.scheduled_for <= datetime.now(UTC) + timedelta(seconds=5)
    assert campaign.approved_hash == content_hash(campaign)
    (entry,) = city.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.emergency"))
    assert entry.detail == {
        "basis": "Công điện 05, bão số 9",
        "people": 3,
        "passes": ["approval", "refusals", "hours", "caps"],
        "refusals": 1,
    }


def test_no_role_alone_starts_or_even_makes_an_emergency(city: Session) -> None:
    campaign = emergency(city)
    for who in (OFFICER, APPROVER, BOTH, ADMINISTRATOR):
        with refused(city, Forbidden, "campaign.emergency"):
            break_glass(city, who, campaign.id, "bão")
    with refused(city, Forbidden, "campaign.emergency"):
        create(city, OFFICER, draft(city, kind="khan-cap"))
    ordinary = create(city, HERO, draft(city))
    with refused(city, InvalidInput, "second person"):
        break_glass(city, HERO, ordinary.id, "bão")


def test_an_emergency_waits_for_a_second_persons_review_afterwards(city: Session) -> None:
    campaign = break_glass(city, HERO, emergency(city).id, "bão số 9")
    (waiting,) = unreviewed_emergencies(city)
    assert (waiting.campaign_id, waiting.by, waiting.basis, waiting.people) == (campaign.id, HERO.email, "bão số 9", 2)
    hero_as_approver = Actor(HERO.email, frozenset({"approver"}), HERO.granted)
    with refused(city, Forbidden, HERO.email):
        sign_off(city, hero_as_approver, campaign.id, "tốt")
    with refused(city, Forbidden, "campaign.approve"):
        sign_off(city, OFFICER, campaign.id, "tốt")
    with refused(city, InvalidInput, "remark"):
        sign_off(city, APPROVER, campaign.id, " ")
    sign_off(city, APPROVER, campaign.id, "Đúng quy trình")
    assert unreviewed_emergencies(city) == []
    with refused(city, WrongState, "somebody else"):
        sign_off(city, SECOND, campaign.id, "tốt")


def test_an_administrator_gives_the_right_to_persons_and_takes_it_back(city: Session) -> None:
    make_user(city, email=HERO.email)
    with refused(city, Forbidden, "user.edit"):
        grants.grant(city, OFFICER, HERO.email, "campaign.emergency")
    with refused(city, InvalidInput, "user.edit"):
        grants.grant(city, ADMINISTRATOR, HERO.email, "user.edit")
    with refused(city, NotFound, "nobody@"):
        grants.grant(city, ADMINISTRATOR, "nobody@danang.example", "campaign.emergency")
    make_user(city, email=ADMINISTRATOR.email, roles=("administrator",))
    with refused(city, Forbidden, "themselves"):
        grants.grant(city, ADMINISTRATOR, ADMINISTRATOR.email, "campaign.emergency")
    grants.grant(city, ADMINISTRATOR, HERO.email, "campaign.emergency")
    assert load_actor(city, HERO.email).may("campaign.emergency")
    grants.revoke(city, ADMINISTRATOR, HERO.email, "campaign.emergency")
    assert not load_actor(city, HERO.email).may("campaign.emergency")
