"""The link to refuse in a text: everybody's own, counted as long as it is, and only where it leads somewhere."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from campaigns.content.links import make_token
from campaigns.content.preview import preview
from campaigns.delivery.preflight import refuse_unsendable
from campaigns.delivery.rendering import CampaignText, Place
from campaigns.errors import InvalidInput
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway, make_template

BODY = "Tin cua UBND TP Da Nang. Tu choi: {{ lien_ket_tu_choi }}"
ADDRESS = "https://tn.danang.gov.vn"
NOWHERE = Place("", "")


def said(text: CampaignText, token: str) -> str:
    return "".join(part.text for part in text.for_person(NOWHERE, None, None, token))


def test_everybody_gets_their_own_link_and_all_links_are_equally_long(
    monkeypatch: pytest.MonkeyPatch, keyring: Keyring
) -> None:
    monkeypatch.setenv("LOA_PUBLIC_URL", ADDRESS)
    text = CampaignText.of(BODY, {"lien_ket_tu_choi": "https://x.top"}, "plain")
    assert text.has_link
    assert text.is_personal
    assert text.must_have == frozenset(), "nobody has to have a value for it"
    one, other = (said(text, make_token(keyring, contact)) for contact in (1, 2))
    assert one == f"Tin cua UBND TP Da Nang. Tu choi: {ADDRESS}/o/{make_token(keyring, 1)}"
    assert one != other
    counted = text.for_person(NOWHERE, None, {"lien_ket_tu_choi": "https://x.top"})
    assert len("".join(part.text for part in counted)) == len(one), "as the planner counts it"


def test_a_preview_shows_a_link_of_our_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_PUBLIC_URL", ADDRESS)
    shown = preview(BODY, plain=True, message_class="thong-bao")
    assert f"{ADDRESS}/o/" in shown.text
    assert [problem.code for problem in shown.problems] == []


def test_a_text_with_a_link_is_not_sent_without_an_address_for_it(
    undone: Session, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_gateway(undone, keyring)
    make_contact(undone, keyring)
    campaign = make_campaign(undone, template=make_template(undone, plain=BODY, marked=BODY))
    with pytest.raises(InvalidInput, match="LOA_PUBLIC_URL"):
        refuse_unsendable(undone, campaign)


def test_with_an_address_it_is(undone: Session, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_PUBLIC_URL", ADDRESS)
    make_gateway(undone, keyring)
    make_contact(undone, keyring)
    refuse_unsendable(undone, make_campaign(undone, template=make_template(undone, plain=BODY, marked=BODY)))
