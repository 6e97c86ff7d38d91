"""A draft made in several sittings, and what its makers are shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from campaigns.audience.selection import Audience
from campaigns.draft import CampaignDraft, content_hash, read_draft
from campaigns.errors import Forbidden, InvalidInput
from campaigns.making import change, list_approvers, make_once
from campaigns.models import Campaign
from campaigns.stats.samples import covered
from campaigns.steps import create, submit
from campaigns.store.database import Database
from tests.factories import APPROVER, OFFICER, make_template, make_user


def draft(version_id: int, **more: object) -> CampaignDraft:
    return CampaignDraft.model_validate(
        {"name": "Bảy cách", "template_version_id": version_id, "audience": Audience(everybody=True), **more}
    )


def test_one_form_sent_twice_at_once_makes_one_campaign(database: Database) -> None:
    with database.transaction() as session:
        version = make_template(session).id
    token = uuid4()

    def send(_n: int) -> int:
        with database.transaction() as session:
            return make_once(session, OFFICER, draft(version), token).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    with database.transaction() as session:
        assert session.query(Campaign).count() == 1


def test_a_form_belongs_to_who_opened_it(undone: Session) -> None:
    version, token = make_template(undone).id, uuid4()
    make_once(undone, OFFICER, draft(version), token)
    other = type(OFFICER)("other@danang.example", OFFICER.roles)
    with pytest.raises(Forbidden):
        make_once(undone, other, draft(version), token)


def test_saving_what_stands_there_already_changes_nothing(undone: Session) -> None:
    made = create(undone, OFFICER, draft(make_template(undone).id, priority=3, budget=5_000_000))
    before = made.version
    assert change(undone, OFFICER, made.id, read_draft(made), version=before).version == before
    assert change(undone, OFFICER, made.id, draft(made.template_version_id), version=before).version == before + 1


def test_a_draft_without_an_audience_is_kept_and_not_submitted(undone: Session) -> None:
    made = create(undone, OFFICER, draft(make_template(undone).id, audience=Audience()))
    with pytest.raises(InvalidInput):
        submit(undone, OFFICER, made.id)


def test_an_older_audience_reads_as_before_and_keeps_its_hash(undone: Session) -> None:
    made = create(undone, OFFICER, draft(make_template(undone).id))
    assert set(made.audience) == {"edition", "everybody", "districts", "wards"}
    before = content_hash(made)
    made.audience = {**made.audience, "carriers": ["viettel"]}
    assert content_hash(made) != before


def test_approvers_are_listed_without_the_makers(undone: Session) -> None:
    made = create(undone, OFFICER, draft(make_template(undone).id))
    make_user(undone, email=APPROVER.email, roles=("approver",))
    make_user(undone, email=OFFICER.email, roles=("officer", "approver"))
    make_user(undone, email="gone@danang.example", roles=("approver",), active=False)
    assert list_approvers(undone, made) == [APPROVER.email]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("Nguyễn Văn A", "Nxxxxx Vxx A"), ("HS-2023/17", "Hx-0000/00"), (None, None), ("đ", "đ")],
)
def test_samples_cover_what_is_a_persons_own(value: str | None, shown: str | None) -> None:
    assert covered(value) == shown
