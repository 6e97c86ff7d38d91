"""A link in messages and on posters: another code in every ward, counted by ward and day, never by person."""

from __future__ import annotations

import io

import pytest
import segno
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.content.shortlinks import SAMPLE_CODE, Code, make_code
from campaigns.delivery.planner import plan_campaign
from campaigns.delivery.preflight import campaign_text
from campaigns.delivery.rendering import Place
from campaigns.links.posters import address_of, make_poster, qr_png, qr_svg
from campaigns.links.visits import LEAST, count, find_opened, is_machine, target_of, visits_by_ward
from campaigns.models import Campaign, Link
from campaigns.stats import estimate
from campaigns.stats.check import code_in, find_by_code, find_sent
from campaigns.store.database import Database
from config.keys import Keyring
from tests.campaigns.links.conftest import ADDRESS, TARGET
from tests.factories import make_contact, make_gateway, ward_id

PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36"


def begun(session: Session, campaign: Campaign) -> None:
    campaign.planned_at = campaign.created_at
    campaign.state = "running"
    session.execute(
        text(
            "INSERT INTO batch (campaign_id, ward_id, carrier, size, parts, delivered, started_at)"
            " VALUES (:c, :w, 'viettel', 40, 40, 40, now()), (:c, :v, 'viettel', 5, 5, 5, now())"
        ),
        {"c": campaign.id, "w": ward_id(session), "v": ward_id(session, "20195")},
    )


def test_every_ward_has_a_code_of_its_own_and_the_counter_knows_its_length(
    session: Session, keyring: Keyring, campaign: Campaign
) -> None:
    made = campaign_text(campaign)
    assert made.has_short_link
    assert not made.is_personal
    assert made.must_have == {"phuong"}
    codes = [make_code(keyring, Code("campaign", campaign.id, ward)) for ward in (1, 2)]
    sample, *real = [
        "".join(part.text for part in made.for_place(Place("Phuong A", "", code))) for code in (SAMPLE_CODE, *codes)
    ]
    assert {len(each) for each in real} == {len(sample)}
    assert f"{ADDRESS}/l/{codes[0]}" in real[0]
    assert real[0] != real[1]


def test_a_campaign_with_a_link_is_estimated_and_planned(
    session: Session, database: Database, keyring: Keyring, campaign: Campaign
) -> None:
    make_contact(session, keyring)
    make_gateway(session, keyring)
    campaign.state, campaign.scheduled_for = "scheduled", campaign.created_at
    assert estimate(session, campaign.id).parts == 1
    session.commit()
    assert plan_campaign(database, campaign.id) == 1


def test_a_code_leads_to_the_links_target_once_the_campaign_has_begun(
    session: Session, keyring: Keyring, campaign: Campaign, link: Link
) -> None:
    code = make_code(keyring, Code("campaign", campaign.id, 7))
    assert find_opened(session, keyring, code) is None
    begun(session, campaign)
    session.flush()
    opened = find_opened(session, keyring, code)
    assert opened is not None
    assert (opened.link.id, opened.campaign_id, opened.code.ward_id) == (link.id, campaign.id, 7)
    assert target_of(session, opened) == TARGET
    link.closed_at = campaign.created_at
    session.flush()
    assert target_of(session, opened) is None


def test_visits_are_counted_by_ward_beside_what_was_delivered(
    session: Session, keyring: Keyring, campaign: Campaign, link: Link
) -> None:
    begun(session, campaign)
    session.flush()
    large, small = ward_id(session), ward_id(session, "20195")
    for code, times, by_machine in (
        (Code("campaign", campaign.id, large), 3, False),
        (Code("campaign", campaign.id, large), 2, True),
        (Code("campaign", campaign.id, small), 1, False),
        (Code("poster", link.id, large), 4, False),
        (Code("poster", link.id, 0), 1, False),
    ):
        opened = find_opened(session, keyring, make_code(keyring, code))
        assert opened is not None
        for _ in range(times):
            count(session, opened, by_machine=by_machine)
    assert session.execute(text("SELECT count(*) FROM link_visit")).scalar_one() == 4
    found = visits_by_ward(session, link, [campaign.id])
    [ward] = found.wards
    assert (ward.delivered, ward.from_messages, ward.from_posters) == (40, 3, 4)
    assert found.rest is not None
    assert (found.rest.delivered, found.rest.from_messages, found.rest.from_posters) == (5, 1, 1)
    assert (found.total.from_messages, found.total.from_posters, found.machines) == (4, 5, 2)
    assert LEAST > 5
    assert visits_by_ward(session, link, [], only=0).total.from_messages == 0


def test_what_is_kept_of_a_visit_names_nobody(session: Session) -> None:
    columns = session.execute(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = 'link_visit' ORDER BY 1")
    ).scalars()
    assert list(columns) == ["campaign_id", "day", "link_id", "machines", "visits", "ward_id"]


@pytest.mark.parametrize(
    ("headers", "machine"),
    [
        ({"User-Agent": PHONE}, False),
        ({"User-Agent": PHONE + " Zalo android/24"}, False),
        ({"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, True),
        ({"User-Agent": "Mozilla/5.0 (Windows) HeadlessChrome/120"}, True),
        ({"User-Agent": "facebookexternalhit/1.1"}, True),
        ({"User-Agent": "curl/8"}, True),
        ({}, True),
        ({"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"}, True),
        ({"User-Agent": PHONE, "Purpose": "prefetch"}, True),
    ],
)
def test_scanners_and_previews_are_told_from_people(headers: dict[str, str], machine: bool) -> None:
    assert is_machine(headers) is machine


def test_the_qr_code_of_a_place_says_its_address(session: Session, keyring: Keyring, link: Link) -> None:
    address = address_of(keyring, link, 5)
    assert address.startswith(ADDRESS + "/l/")
    opened = find_opened(session, keyring, address.rsplit("/", 1)[1])
    assert opened is not None
    assert (opened.code, opened.link.id) == (Code("poster", link.id, 5), link.id)
    expected = io.BytesIO()
    segno.make_qr(address, error="q", boost_error=False).save(
        expected, kind="svg", border=4, scale=8, dark="#000", light="#fff", xmldecl=False
    )
    assert qr_svg(address) == expected.getvalue()
    assert qr_png(address).startswith(b"\x89PNG")
    poster = make_poster(keyring, link, issuer="UBND", ward_id=5, place="Phường Hòa Hiệp Bắc")
    assert poster.startswith(b"%PDF")
    assert poster.count(b"/Type/Page\n") + poster.count(b"/Type/Page/") <= 1


def test_a_text_with_a_link_is_recognised_and_only_with_a_link_of_its_own(
    session: Session, keyring: Keyring, campaign: Campaign
) -> None:
    begun(session, campaign)
    session.flush()
    code = make_code(keyring, Code("campaign", campaign.id, 7))
    said = "UBND TP: xem {link} hoac hoi 1022. Phuong Hoa Hiep Bac"
    assert find_sent(session, said.format(link=f"{ADDRESS}/l/{code}")) is not None
    assert find_sent(session, said.format(link="https://evil.example/l/" + code)) is None
    assert find_sent(session, said.format(link=f"{ADDRESS}/l/{code}/x")) is None


def test_the_code_of_a_message_tells_the_text_that_was_sent(
    session: Session, keyring: Keyring, campaign: Campaign, link: Link
) -> None:
    begun(session, campaign)
    session.flush()
    code = make_code(keyring, Code("campaign", campaign.id, 7))
    for written in (code, f"  {ADDRESS}/l/{code}. "):
        known = find_by_code(session, keyring, written)
        assert known is not None
        assert known.text == f"UBND TP: xem {ADDRESS}/l/{code} hoac hoi 1022. …"
        assert (known.title, known.leads_to) == (campaign.name, "dichvucong.danang.gov.vn")
    poster = find_by_code(session, keyring, make_code(keyring, Code("poster", link.id, 0)))
    assert poster is not None
    assert (poster.title, poster.text) == (link.title, "")
    assert find_by_code(session, keyring, "AAAAAAAAA") is None
    assert code_in("xin chao") == ""
    assert code_in(code + " va them") == ""
