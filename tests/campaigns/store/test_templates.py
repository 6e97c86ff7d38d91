"""Versions from the console: checked, optimistic, immutable, written down."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audience.selection import Audience
from campaigns.content.files import TemplateFacts
from campaigns.draft import CampaignDraft
from campaigns.errors import Forbidden, InvalidInput, LoaError, NotFound, WrongState
from campaigns.models import AuditEntry
from campaigns.steps import create, edit
from campaigns.store.database import Database
from campaigns.store.templates import (
    add_version,
    change_facts,
    create_template,
    facts_of,
    get_template,
    get_version,
    list_templates,
    list_versions,
    set_archived,
)
from tests.factories import ANALYST, OFFICER, make_template

FACTS = TemplateFacts(slug="moi-hop", title="Mời họp", topic="noi-bo", message_class="noi-bo")


def test_a_console_edit_is_the_next_version_and_the_old_one_stays(session: Session) -> None:
    first = make_template(session, slug="mau", marked="UBND mời.", plain="UBND moi.")
    second = add_version(session, "mau", "UBND kính mời.", "UBND kinh moi.", OFFICER, 1)
    assert (second.number, second.origin, second.created_by) == (2, "console", OFFICER.email)
    assert get_version(session, "mau").id == second.id
    assert get_version(session, "mau", 1).id == first.id
    assert [version.number for version in list_versions(session, "mau")] == [2, 1]
    assert session.scalars(select(AuditEntry.action)).all() == ["template.edited"]


def test_saving_the_same_wording_makes_no_version(session: Session) -> None:
    make_template(session, slug="mau", marked="UBND mời.", plain="UBND moi.")
    assert add_version(session, "mau", "UBND mời.", "UBND moi.", OFFICER, 1).number == 1


def test_an_edit_of_a_wording_that_is_no_longer_the_latest_is_refused(session: Session) -> None:
    make_template(session, slug="mau")
    add_version(session, "mau", "UBND mời.", "UBND moi.", OFFICER, 1)
    with pytest.raises(WrongState) as refusal:
        add_version(session, "mau", "UBND kính mời.", "UBND kinh moi.", OFFICER, 1)
    assert refusal.value.detail["number"] == 2


def test_of_two_edits_at_once_one_is_kept_and_one_refused(database: Database) -> None:
    with database.transaction() as session:
        make_template(session, slug="mau")
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def save(word: str) -> None:
        start.wait(timeout=10)
        try:
            with database.transaction() as session:
                add_version(session, "mau", f"UBND {word}.", f"UBND {word}.", OFFICER, 1)
            outcomes.append("saved")
        except WrongState:
            outcomes.append("refused")

    threads = [threading.Thread(target=save, args=(word,)) for word in ("mot", "hai")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["refused", "saved"]


@pytest.mark.parametrize(
    ("marked", "plain", "said"),
    [
        ("UBND {{ a.b }}", "UBND", "marked: Line 1"),
        ("UBND mời", "UBND mời", "plain: The text without marks"),
        ("UBND: xem bit.ly/x", "UBND", "marked: Link"),
        ("UBND: gửi mã OTP", "UBND", "marked: The text asks for"),
        ("", "UBND", "marked: The text is empty"),
    ],
)
def test_a_body_that_is_refused_is_not_saved(session: Session, marked: str, plain: str, said: str) -> None:
    make_template(session, slug="mau")
    with pytest.raises(InvalidInput) as refusal:
        add_version(session, "mau", marked, plain, OFFICER, 1)
    assert said in refusal.value.args[0]
    assert get_version(session, "mau").number == 1


def test_a_missing_template_or_version_is_named_with_its_nearest(session: Session) -> None:
    make_template(session, slug="hk07-5-vneid")
    with pytest.raises(NotFound) as refusal:
        get_version(session, "hk07-5-vnied")
    assert "hk07-5-vneid" in str(refusal.value)
    with pytest.raises(NotFound):
        get_version(session, "hk07-5-vneid", 2)


def test_a_template_made_in_the_console_is_checked_and_has_one_slug(session: Session) -> None:
    version = create_template(session, OFFICER, FACTS, "UBND mời họp.", "UBND moi hop.")
    assert (version.number, version.origin, version.template.slug) == (1, "console", "moi-hop")
    with pytest.raises(InvalidInput):
        create_template(session, OFFICER, FACTS, "UBND mời họp.", "UBND moi hop.")
    wrong = TemplateFacts(slug="Mời họp", title=" ", topic="x", message_class="y")
    with pytest.raises(InvalidInput) as refusal:
        create_template(session, OFFICER, wrong, "UBND", "UBND")
    assert len(str(refusal.value).splitlines()) == 4


def test_the_class_of_a_template_decides_what_its_bodies_need(session: Session) -> None:
    create_template(session, OFFICER, FACTS, "UBND mời họp.", "UBND moi hop.")
    advertising = TemplateFacts(slug="moi-hop", title="Mời", topic="noi-bo", message_class="quang-cao")
    with pytest.raises(InvalidInput):
        change_facts(session, OFFICER, advertising)
    changed = TemplateFacts(slug="moi-hop", title="Mời họp gấp", topic="noi-bo", message_class="khan-cap")
    assert change_facts(session, OFFICER, changed).message_class == "khan-cap"
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all() == [
        "template.created",
        "template.changed",
    ]


def test_a_class_stays_once_a_campaign_was_made_of_the_text_and_no_campaign_changes_with_its_template(
    session: Session,
) -> None:
    version = make_template(session, slug="mau", title="Mẫu", topic="cu-tru")
    facts = facts_of(version.template)
    change_facts(session, OFFICER, replace(facts, message_class="noi-bo"))
    change_facts(session, OFFICER, facts)
    draft = CampaignDraft(name="Đợt một", template_version_id=version.id, audience=Audience(edition="2023"))
    made = create(session, OFFICER, draft)
    with pytest.raises(InvalidInput, match="message_class: đã có 1 chiến dịch"):
        change_facts(session, OFFICER, replace(facts, message_class="noi-bo"))
    change_facts(session, OFFICER, replace(facts, topic="y-te", title="Tên khác"))
    assert (made.message_class, made.topic) == ("thong-bao", "cu-tru")
    edit(session, OFFICER, made.id, draft.model_copy(update={"name": "Đợt hai"}))
    assert (made.name, made.topic) == ("Đợt hai", "cu-tru")
    assert create(session, OFFICER, draft).topic == "y-te"
    other = make_template(session, topic="giao-duc")
    edit(session, OFFICER, made.id, draft.model_copy(update={"template_version_id": other.id}))
    assert made.topic == "giao-duc"


def test_an_archived_text_is_for_no_new_campaign_and_stays_with_those_that_have_it(session: Session) -> None:
    version = make_template(session, slug="mau")
    draft = CampaignDraft(name="Đợt một", template_version_id=version.id, audience=Audience(edition="2023"))
    made = create(session, OFFICER, draft)
    set_archived(session, OFFICER, "mau", True)
    edit(session, OFFICER, made.id, draft.model_copy(update={"name": "Đợt hai"}))
    with pytest.raises(InvalidInput, match="đã cất"):
        create(session, OFFICER, draft)
    set_archived(session, OFFICER, "mau", False)
    create(session, OFFICER, draft)
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "template")).all()
    assert actions == ["template.archived", "template.restored"]


def test_replies_of_the_system_keep_their_facts_and_are_never_put_away(session: Session) -> None:
    reply = make_template(session, slug="tra-loi", message_class="he-thong", topic="he-thong")
    with pytest.raises(WrongState):
        set_archived(session, OFFICER, "tra-loi", True)
    with pytest.raises(WrongState):
        change_facts(session, OFFICER, replace(facts_of(reply.template), title="Khác"))
    make_template(session, slug="mau")
    with pytest.raises(InvalidInput, match="message_class: loại này"):
        change_facts(session, OFFICER, replace(FACTS, slug="mau", message_class="he-thong"))
    with pytest.raises(InvalidInput, match="message_class: loại này"):
        create_template(session, OFFICER, replace(FACTS, message_class="he-thong"), "UBND", "UBND")


def test_facts_that_somebody_else_changed_meanwhile_are_not_overwritten_unseen(session: Session) -> None:
    seen = facts_of(make_template(session, slug="mau", title="Một").template)
    change_facts(session, OFFICER, replace(seen, title="Hai"), seen=seen)
    with pytest.raises(WrongState):
        change_facts(session, OFFICER, replace(seen, title="Ba"), seen=seen)
    change_facts(session, OFFICER, replace(seen, title="Ba"), seen=replace(seen, title="Hai"))
    assert get_template(session, "mau").title == "Ba"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"title": " "}, "title: mẫu tin chưa có tên"),
        ({"title": "x" * 201}, "title: tên mẫu tin dài quá 200"),
        ({"plan_task": "x" * 21}, "plan_task: số nhiệm vụ dài quá 20"),
        ({"audience": "x" * 201}, "audience: mục “Dành cho” dài quá 200"),
        ({"topic": "gi-do"}, "topic: không có “gi-do”"),
    ],
)
def test_a_fact_that_cannot_be_used_is_named(session: Session, facts: dict[str, str], said: str) -> None:
    made = make_template(session, slug="mau").template
    with pytest.raises(InvalidInput, match=said):
        change_facts(session, OFFICER, replace(facts_of(made), **facts))


def test_an_archived_template_leaves_the_list_and_comes_back(session: Session) -> None:
    make_template(session, slug="mau")
    set_archived(session, OFFICER, "mau", True)
    assert list_templates(session) == []
    assert [row.archived for row in list_templates(session, archived=True)] == [True]
    assert get_version(session, "mau").number == 1
    set_archived(session, OFFICER, "mau", False)
    assert [row.slug for row in list_templates(session)] == ["mau"]


def test_the_list_has_one_line_per_template_with_its_latest_version(session: Session) -> None:
    make_template(session, slug="b")
    make_template(session, slug="a")
    add_version(session, "a", "UBND mời.", "UBND moi.", OFFICER, 1)
    assert [(row.slug, row.number) for row in list_templates(session)] == [("a", 2), ("b", 1)]


def test_editing_needs_its_permission(session: Session) -> None:
    make_template(session, slug="mau")
    for attempt in (
        lambda: add_version(session, "mau", "UBND", "UBND", ANALYST, 1),
        lambda: create_template(session, ANALYST, FACTS, "UBND", "UBND"),
        lambda: change_facts(session, ANALYST, FACTS),
        lambda: set_archived(session, ANALYST, "mau", True),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert get_template(session, "mau").archived_at is None


def test_every_refusal_reads_in_both_languages(session: Session) -> None:
    make_template(session, slug="mau")
    with pytest.raises(LoaError) as refusal:
        add_version(session, "mau", "UBND {{ a.b }}", "UBND", OFFICER, 1)
    assert "marked: Dòng 1" in str(refusal.value)
    assert "marked: Line 1" in refusal.value.args[0]
