"""Live figures: worked out once for all who look, true to the books, in both languages, in any order."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from admin.console.progress import look_at
from campaigns.models import Batch, Campaign
from campaigns.store.campaigns import database_now
from config.keys import Keyring
from tests.factories import make_campaign, make_gateway, ward_id

PATH = "/campaigns/1/progress"
VIEWERS = 20


def add_batch(session: Session, campaign: Campaign, gateway: int | None, ward: int, **counts: int) -> None:
    size = sum(counts.values())
    columns = "".join(f", {name}" for name in counts)
    values = "".join(f", :{name}" for name in counts)
    session.execute(
        text(
            f"INSERT INTO batch (campaign_id, gateway_id, ward_id, carrier, state, size, parts{columns})"
            f" VALUES (:c, :g, :w, 'viettel', 'ready', :size, :parts{values})"
        ),
        {"c": campaign.id, "g": gateway, "w": ward, "size": size, "parts": size * 2, **counts},
    )


@pytest.fixture
def running(session: Session, keyring: Keyring) -> Campaign:
    """Two gateways, one of which rests, and two wards."""
    viettel = make_gateway(session, keyring, name="viettel", tps=50).id
    resting = make_gateway(session, keyring, name="mobifone", tps=20).id
    campaign = make_campaign(session, state="running", window_start="00:00", window_end="00:00")
    campaign.planned_at = database_now(session)
    add_batch(session, campaign, viettel, ward_id(session, "20194"), queued=10, delivered=70, failed=20)
    add_batch(session, campaign, resting, ward_id(session, "20195"), queued=40, undelivered=5, delivered=5)
    session.execute(
        text(
            "INSERT INTO gateway_health (gateway_id, state, cause, times, error, retry_at)"
            " VALUES (:g, 'open', 'failures', 20, 'ESME_RSYSERR', now() + interval '1 hour')"
        ),
        {"g": resting},
    )
    session.execute(
        text(
            "INSERT INTO gateway_change (gateway_id, state, cause, times, error)"
            " VALUES (:g, 'open', 'failures', 20, 'ESME_RSYSERR')"
        ),
        {"g": resting},
    )
    session.commit()
    return campaign


@pytest.fixture
def figured(app: Flask) -> Iterator[list[float]]:
    """When somebody asked the database for figures of a campaign."""
    asked: list[float] = []

    def hear(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if re.search(r"\bbatch\b|\bcampaign\b", statement):
            asked.append(time.monotonic())

    engine = app.extensions["loa"].database.engine
    event.listen(engine, "before_cursor_execute", hear)
    yield asked
    event.remove(engine, "before_cursor_execute", hear)


def test_twenty_who_look_at_once_cost_the_database_no_more_than_one(
    running: Campaign, app: Flask, signed_in: Any, figured: list[float]
) -> None:
    browsers = [signed_in("analyst") for _ in range(VIEWERS)]
    figured.clear()
    assert browsers[0].get(PATH).status_code == 200
    alone = len(figured)
    assert alone > 0
    app.extensions["loa"].redis.delete("loa:progress:1:turn")
    figured.clear()
    begun = time.monotonic()
    with ThreadPoolExecutor(VIEWERS) as pool:
        answers = list(pool.map(lambda browser: browser.get(PATH), browsers))
    seconds = math.ceil(time.monotonic() - begun)
    assert [answer.status_code for answer in answers] == [200] * VIEWERS
    assert 0 < len(figured) <= alone * seconds, "once for every second that they looked"


def test_who_may_not_look_gets_nothing_of_what_others_worked_out(
    running: Campaign, signed_in: Any, stranger: Any, figured: list[float]
) -> None:
    assert signed_in("analyst").get(PATH).status_code == 200
    answer = stranger.get(PATH, headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 401
    assert "viettel" not in answer.text


def test_both_languages_are_worked_out_at_once(running: Campaign, signed_in: Any, figured: list[float]) -> None:
    reader = signed_in("analyst")
    assert "90 trong" not in reader.get(PATH).text
    reader.post("/language", {"language": "en", "next": "/"})
    page = reader.get(PATH).text
    assert "75 of 150 messages were delivered" in page
    assert "Resting after failures" in page


def test_every_gateway_says_its_state_limit_failures_and_last_change(running: Campaign, signed_in: Any) -> None:
    page = signed_in("analyst").get(PATH).text
    rows = {
        name: row
        for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
        for name in ("viettel", "mobifone")
        if name in row
    }
    assert "Tạm nghỉ vì lỗi" in rows["mobifone"]
    assert "/ 20 phần tin/giây" in rows["mobifone"]
    assert "50%" in rows["mobifone"]
    assert "tạm nghỉ (lỗi 20 lần liên tiếp: ESME_RSYSERR)" in rows["mobifone"]
    assert "Không có phiên nào" in rows["viettel"]
    assert "22,2%" in rows["viettel"]


@pytest.mark.parametrize(
    ("order", "first"),
    [("sort=planned&desc=1", "Hòa Hiệp Bắc"), ("sort=planned", "Hòa Hiệp Nam"), ("sort=nonsense", "Hòa Hiệp Bắc")],
)
def test_wards_are_put_in_the_order_the_address_asks_for(
    running: Campaign, signed_in: Any, order: str, first: str
) -> None:
    page = signed_in("analyst").get(f"/campaigns/1/?{order}").text
    assert f"/campaigns/1/progress?{order.replace('&', '&amp;')}" in page or "nonsense" in order
    wards = page[page.index('id="ward-box"') :]
    found = re.findall(r'<th scope="row">([^<]*)</th>', wards)
    assert found[0].endswith(first), found


def test_a_step_shows_at_once_although_others_have_just_looked(
    running: Campaign, signed_in: Any, session: Session
) -> None:
    officer = signed_in("officer")
    assert officer.get(PATH).headers["X-Campaign-State"] == "running"
    told = officer.post(
        "/campaigns/1/pause", {"version": str(running.version), "reason": "kiểm tra"}, follow_redirects=True
    )
    assert "ạm dừng: kiểm tra" in told.text
    assert officer.get(PATH).headers["X-Campaign-State"] == "paused"


def test_within_a_second_the_figures_are_those_worked_out_before(session: Session, redis_url: str) -> None:
    campaign = make_campaign(session, state="running")
    batch = Batch(campaign_id=campaign.id, carrier="viettel", size=100, parts=100, queued=100)
    session.add(batch)
    session.flush()
    with Redis.from_url(redis_url) as redis:
        first = look_at(session, redis, campaign.id)
        batch.queued, batch.delivered = 0, 100
        session.flush()
        assert look_at(session, redis, campaign.id) == first
        assert look_at(session, redis, campaign.id, version=campaign.version) == first
        assert look_at(session, redis, campaign.id, version=campaign.version + 1).delivered == 100, "after a step"
        redis.delete(*redis.keys("loa:progress:*"))
        assert look_at(session, redis, campaign.id).delivered == 100


def test_it_says_what_was_refused_what_is_still_owed_and_as_of_when(
    running: Campaign, signed_in: Any, session: Session, app: Flask
) -> None:
    session.execute(
        text("INSERT INTO campaign_trouble (campaign_id, recent) VALUES (1, CAST(:recent AS jsonb))"),
        {"recent": '[[1400, {"ESME_RINVDSTADR": 12}]]'},
    )
    session.commit()
    reader = signed_in("analyst")
    answer = reader.get(PATH)
    assert "12 trên 1.400 tin gần nhất bị nhà mạng từ chối: Nhà mạng không nhận số này." in answer.text
    assert "Không tới 5; Gửi lỗi 20" in answer.text
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", answer.headers["X-At"])
    session.execute(text("UPDATE batch SET accepted = queued, queued = 0, state = 'done'"))
    session.execute(
        text("UPDATE campaign SET state = 'finished', finished_at = '2026-11-26 01:00+00', validity_minutes = 60")
    )
    session.commit()
    app.extensions["loa"].redis.delete("loa:progress:1", "loa:progress:1:turn")
    page = reader.get("/campaigns/1/").text
    assert "50 tin chờ biên nhận của nhà mạng, chậm nhất tới 09:00 ngày 26/11/2026" in page
    assert "Số liệu lúc " in page


def test_without_redis_the_figures_are_there_all_the_same(session: Session) -> None:
    campaign = make_campaign(session, state="running")
    nowhere = Redis.from_url("redis://127.0.0.1:1/0")
    assert look_at(session, nowhere, campaign.id).planned == 0
