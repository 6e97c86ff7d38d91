"""The proof in the console: one page, its recount, and the signed file."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import AuditEntry
from campaigns.proof.signing import load_signer, verify
from tests.factories import make_campaign


def test_an_analyst_reads_the_proof_and_takes_the_signed_file(app: Flask, signed_in: Any, session: Session) -> None:
    campaign = make_campaign(session, name="Bảy <cách>")
    session.commit()
    browser, path = signed_in("analyst"), f"/campaigns/{campaign.id}/proof"
    page = browser.get(path).text
    assert "Ai yêu cầu, ai duyệt" in page
    assert "Bảy &lt;cách&gt;" in page
    assert "chưa được duyệt" in page
    assert "khớp sổ" in browser.get(path + "/recount").text
    answer = browser.post(path + ".pdf", page=path)
    assert answer.mimetype == "application/pdf"
    assert verify(answer.data, load_signer(app.extensions["loa"].settings).chain).good
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.proved")).one()
    assert entry.actor == "analyst@danang.example"


def test_it_speaks_english_too(signed_in: Any, session: Session) -> None:
    campaign = make_campaign(session)
    session.commit()
    browser = signed_in("analyst")
    browser.post("/language", {"language": "en", "next": "/"})
    assert "Who ordered, who approved" in browser.get(f"/campaigns/{campaign.id}/proof").text
