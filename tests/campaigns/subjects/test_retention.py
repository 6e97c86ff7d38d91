"""What is kept how long: each kind of thing goes by its own term, and not a moment earlier."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaigns.delivery.retention import Keep
from campaigns.models import ImportJob, InboundMessage, SubjectRequest
from campaigns.optouts.inbound import handle_inbound
from campaigns.store.database import Database
from campaigns.store.retention import FOR_EVER, MessageTerms
from campaigns.subjects import retention
from campaigns.subjects.requests import complete, open_request
from campaigns.subjects.retention import Terms, forget, overview
from config.keys import Keyring
from tests.factories import OFFICER, make_gateway

TERMS = Terms(inbound_months=24, reports_months=12, requests_months=60)
OLD = "now() - interval '25 months'"


def write(session: Session, keyring: Keyring, *said: str) -> None:
    gateway = make_gateway(session, keyring).id
    for place, words in enumerate(said):
        handle_inbound(session, keyring, gateway, sender=f"8490500000{place}", recipient="1022", body=words)


def readable(session: Session) -> list[bool]:
    written = session.scalars(select(InboundMessage).order_by(InboundMessage.id))
    return [message.body_cipher is not None for message in written]


def test_what_people_wrote_goes_but_not_the_evidence_of_a_refusal_in_force(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        write(session, keyring, "TC", "xin hoi gio lam viec", "khong muon nhan nua", "TC")
        session.execute(text(f"UPDATE inbound_message SET received_at = {OLD} WHERE id < 4"))
        session.execute(text("UPDATE opt_out SET ended_at = now() WHERE id = 2"))
        assert retention.RULES[0].heap.count(session, 24) == 2
    assert forget(database, TERMS)["inbound"] == 2
    with database.transaction() as session:
        assert readable(session) == [True, False, False, True]
    assert forget(database, TERMS)["inbound"] == 0


def test_closed_requests_and_old_reports_go_and_open_ones_stay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 1)
    with database.transaction() as session:
        for _ in range(4):
            made = open_request(
                session, OFFICER, kind="protect", channel="letter", evidence="x", received_on=_yesterday(session)
            )
        for closed in (1, 2, 3):
            complete(session, OFFICER, closed, "xong")
        session.execute(text("UPDATE subject_request SET closed_at = now() - interval '61 months' WHERE id < 3"))
        session.execute(text("UPDATE subject_request SET received_on = '2001-01-01' WHERE id = :id"), {"id": made.id})
        for folder, state in (("a", "finished"), ("b", "running")):
            session.add(
                ImportJob(
                    folder=folder, file_name="x.csv", size=1, edition="2023", header_digest=b"", titles=[], fields=[],
                    language="vi", created_by="x", state=state,
                )
            )  # fmt: skip
        session.flush()
        session.execute(text("UPDATE import_job SET created_at = now() - interval '13 months'"))
    assert forget(database, TERMS) == {"inbound": 0, "imports": 1, "exports": 0, "requests": 2}
    with database.transaction() as session:
        assert session.scalars(select(SubjectRequest.id).order_by(SubjectRequest.id)).all() == [3, 4]
        assert session.scalars(select(ImportJob.state)).all() == ["running"]
    assert forget(database, Terms(0, 0, 0)) == {"inbound": 0, "imports": 0, "exports": 0, "requests": 0}


def _yesterday(session: Session) -> date:
    now: date = session.execute(text("SELECT (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")).scalar_one()
    return now - timedelta(days=1)


def test_the_table_says_every_term_and_what_is_due(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        write(session, keyring, "xin hoi")
        session.execute(text(f"UPDATE inbound_message SET received_at = {OLD}"))
        lines = overview(session, Keep(24, 30, {"quang-cao": 12, "khan-cap": 0}), TERMS)
    by_name = {line.what.en: line for line in lines}
    assert by_name["Who was sent a message"].term.en == "24 months"
    own = [line.term.en for name, line in by_name.items() if name.startswith("… of class")]
    assert own == ["12 months", "for ever"]
    assert by_name["What people wrote, also what waits to be read"].due == 1


def test_a_class_may_keep_its_messages_for_a_time_of_its_own() -> None:
    bound = MessageTerms(0, {"quang-cao": 12, "khan-cap": 0}).bind()
    assert bound["months"] == FOR_EVER
    assert bound["by_class"] == f'{{"quang-cao": 12, "khan-cap": {FOR_EVER}}}'
