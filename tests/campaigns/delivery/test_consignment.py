"""A claim on its way when things go wrong: a slow database, a damaged number, changed people, a lost lease."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select, text

from campaigns.audience.sealing import seal_person
from campaigns.content.shortlinks import Code, make_code
from campaigns.delivery import consignment
from campaigns.delivery.consignment import Account, Consignment, Line, Policy
from campaigns.delivery.menu import Menu
from campaigns.delivery.permit import LeaseLost, MarkedPermit
from campaigns.gateways.contract import Answer, Hooks, Outbound, Verdict
from campaigns.gateways.smpp import SmppAdapter
from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.server import Sandbox
from campaigns.gateways.smpp.settings import SmppSettings
from campaigns.models import Contact
from campaigns.store.claiming import Claim
from campaigns.store.delivery import reap_lapsed_leases
from config.keys import Keyring
from config.settings import get_settings
from tests.campaigns.delivery.conftest import Planned

Make = Callable[..., Planned]


class Free:
    """Leave at once, always: these tests are not about the rate."""

    def try_take(self) -> bool:
        return True

    async def __call__(self) -> None:
        return None


@asynccontextmanager
async def line_of(campaign: Planned, telco: Sandbox, **changes: Any) -> Any:
    """A line to a simulated telco in this process."""
    window = changes.pop("window", 100)
    settings = SmppSettings(host="127.0.0.1", port=telco.port, system_id="loa", window=window)
    adapter = SmppAdapter(settings, Hooks(lambda _events, _safe: None, lambda _reason: None))
    await adapter.open()
    values: dict[str, Any] = {
        "database": campaign.database,
        "keyring": campaign.keyring,
        "account": Account(campaign.gateway_id, "telco", changes.pop("tps", 100_000.0)),
        "adapter": adapter,
        "pacer": Free(),
        "policy": Policy(lease_seconds=20, retry_seconds=1, batch_size=500),
        **changes,
    }
    try:
        yield Line(**values)
    finally:
        await adapter.close()


def facts_of(campaign: Planned) -> Any:
    facts = Menu(campaign.database, campaign.gateway_id).next()
    assert facts is not None
    return facts


async def send(campaign: Planned, options: SandboxOptions, claim: Claim, facts: Any, **changes: Any) -> dict[str, Any]:
    async with Sandbox(options) as telco, line_of(campaign, telco, **changes) as line:
        await Consignment(line, facts, claim, lambda: False).send()
        return telco.stats()


def test_a_record_slower_than_the_sending_strands_nobody(planned: Make) -> None:
    campaign = planned(10)
    facts, claim = facts_of(campaign), campaign.claim()
    assert claim is not None

    async def slow_first(function: Callable[..., object], *args: object, **more: object) -> object:
        result = await asyncio.to_thread(function, *args, **more)
        if "release" not in more:
            await asyncio.sleep(1.0)
        return result

    told = asyncio.run(
        send(
            campaign,
            SandboxOptions(delay=0.55, refuse_share=0.5, refuse_with=("ESME_RMSGQFUL",)),
            claim,
            facts,
            aside=slow_first,
        )
    )
    totals = campaign.totals()
    assert totals.get("claimed", 0) == 0
    assert totals["accepted"] == told["taken"]
    assert totals["accepted"] + totals["queued"] == 10


def test_a_batch_released_with_claimed_messages_goes_to_the_reaper(planned: Make) -> None:
    campaign = planned(3)
    claim = campaign.claim()
    assert claim is not None
    campaign.release(claim)
    with campaign.database.transaction() as session:
        assert reap_lapsed_leases(session) == 1
    assert campaign.totals() == {"unknown": 3}


def test_one_damaged_number_fails_alone(planned: Make) -> None:
    campaign = planned(5)
    with campaign.database.transaction() as session:
        session.execute(
            text(
                "UPDATE contact SET phone_cipher = set_byte(phone_cipher, 20, (get_byte(phone_cipher, 20) + 1) % 256)"
                " WHERE id = (SELECT min(id) FROM contact)"
            )
        )
    facts, claim = facts_of(campaign), campaign.claim()
    assert claim is not None
    asyncio.run(send(campaign, SandboxOptions(), claim, facts))
    assert campaign.totals() == {"accepted": 4, "failed": 1}


def test_with_a_wrong_keyring_nobody_fails_and_the_batch_waits(planned: Make) -> None:
    campaign = planned(5)
    facts, claim = facts_of(campaign), campaign.claim()
    assert claim is not None
    told = asyncio.run(send(campaign, SandboxOptions(), claim, facts, keyring=Keyring.generate()))
    assert told["taken"] == 0
    assert campaign.totals() == {"queued": 5}
    assert campaign.claim() is None, "not claimed again at once"


def test_a_short_link_goes_out_with_the_code_of_its_ward(planned: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_PUBLIC_URL", "https://loa.danang.gov.vn")
    get_settings.cache_clear()
    campaign = planned(3, text="Xem {{ lien_ket }}")
    facts, claim = facts_of(campaign), campaign.claim()
    assert claim is not None
    written: list[str] = []
    real = consignment.Consignment._render

    def noted(self: Consignment) -> list[Outbound]:
        made = real(self)
        written.extend("".join(part.text for part in outbound.parts) for outbound in made)
        return made

    monkeypatch.setattr(consignment.Consignment, "_render", noted)
    asyncio.run(send(campaign, SandboxOptions(), claim, facts))
    assert claim.ward_id is not None
    code = make_code(campaign.keyring, Code("campaign", campaign.campaign_id, claim.ward_id))
    assert written == [f"Xem https://loa.danang.gov.vn/l/{code}"] * 3
    assert campaign.totals() == {"accepted": 3}


def test_a_text_that_grew_since_planning_is_delivered_when_all_it_became_is(planned: Make) -> None:
    campaign = planned(1, text="Chao {{ ho_ten }} " + "x" * 120)
    with campaign.database.transaction() as session:
        person = session.scalars(select(Contact)).one()
        person.name_cipher = seal_person(campaign.keyring, person.phone_hash, "Nguyen " * 10).name_cipher
    facts, claim = facts_of(campaign), campaign.claim(personal=True)
    assert claim is not None
    told = asyncio.run(send(campaign, SandboxOptions(), claim, facts))
    assert told["taken"] == 2
    with campaign.database.transaction() as session:
        assert session.execute(text("SELECT parts FROM message")).scalar() == 2


def test_nothing_goes_out_beyond_the_mark_also_when_somebody_was_left_out(planned: Make) -> None:
    campaign = planned(30, text="Chao {{ ho_ten }}")
    with campaign.database.transaction() as session:
        session.execute(
            text("UPDATE contact SET name_cipher = NULL WHERE id IN (SELECT id FROM contact ORDER BY id LIMIT 10)")
        )
    facts, claim = facts_of(campaign), campaign.claim(personal=True, cover=5)
    assert claim is not None
    beyond: list[tuple[int, int]] = []

    class Watching(SmppAdapter):
        async def submit(self, messages: Sequence[Outbound], permit: Any, settle: Any) -> None:
            for message in messages:
                await permit()
                with campaign.database.transaction() as session:
                    mark = session.execute(text("SELECT wire_seq FROM batch")).scalar_one()
                if message.key > mark:
                    beyond.append((message.key, mark))

    async def run() -> None:
        watching = Watching(SmppSettings(host="127.0.0.1", system_id="loa"), Hooks(lambda *_: None, lambda _: None))
        line = Line(
            campaign.database,
            campaign.keyring,
            Account(campaign.gateway_id, "telco", 100.0),
            watching,
            Free(),
            Policy(20, 1, 500),
        )
        await Consignment(line, facts, claim, lambda: False).send()

    asyncio.run(run())
    assert beyond == []
    assert campaign.totals() == {"failed": 10, "queued": 20}


def test_a_permit_whose_mark_cannot_be_moved_lets_nothing_more_out() -> None:
    async def lost(_seq: int) -> None:
        raise LeaseLost

    async def run() -> int:
        permit = MarkedPermit(Free(), list(range(1, 11)), 3, 3, lost)
        taken = 0
        while permit.try_take():
            taken += 1
        with pytest.raises(LeaseLost):
            await permit()
        return taken

    assert asyncio.run(run()) == 3


@pytest.mark.parametrize("step", [1, 2, 10])
def test_the_mark_is_moved_before_the_next_message_is_due_and_never_by_more_than_a_step(step: int) -> None:
    committed, begun, ahead, waited = step, 0, 0, 0

    async def advance(seq: int) -> None:
        nonlocal committed
        await asyncio.sleep(0)
        committed = seq

    async def run() -> None:
        nonlocal begun, ahead, waited
        permit = MarkedPermit(Free(), list(range(1, 101)), step, step, advance)
        for _ in range(100):
            if not permit.try_take():
                waited += 1
                await permit()
            begun += 1
            assert begun <= committed
            # Three turns of the loop until the next message: the mark has the time to move.
            for _ in range(3):
                await asyncio.sleep(0)
            ahead = max(ahead, committed - begun)
        await permit.close()

    asyncio.run(run())
    assert committed == 100
    assert ahead <= step
    assert waited == 0, "sending waited for the mark"


def test_the_further_parts_of_long_messages_do_not_drive_the_mark_ahead(planned: Make) -> None:
    campaign = planned(25, text="x" * 600)
    facts, claim = facts_of(campaign), campaign.claim(cover=5)
    assert claim is not None
    assert {message.parts for message in claim.messages} == {4}
    ahead: list[int] = []

    class Watching(SmppAdapter):
        async def submit(self, messages: Sequence[Outbound], permit: Any, settle: Any) -> None:
            for begun, message in enumerate(messages, 1):
                for _ in message.parts:
                    await permit()
                settle(message.key, Answer(Verdict.ACCEPTED))
                await asyncio.sleep(0.02)
                with campaign.database.transaction() as session:
                    ahead.append(session.execute(text("SELECT wire_seq FROM batch")).scalar_one() - begun)

    async def run() -> None:
        watching = Watching(SmppSettings(host="127.0.0.1", system_id="loa"), Hooks(lambda *_: None, lambda _: None))
        account = Account(campaign.gateway_id, "telco", 100.0)
        line = Line(campaign.database, campaign.keyring, account, watching, Free(), Policy(20, 1, 500))
        await Consignment(line, facts, claim, lambda: False).send()

    asyncio.run(run())
    assert min(ahead) >= 0
    assert max(ahead) <= 5 + 3, "a step, and the further parts of the one on the wire"
    assert campaign.totals() == {"accepted": 25}


def test_a_pause_ends_the_sending_and_gives_back_what_was_not_begun(planned: Make) -> None:
    campaign = planned(50)
    facts, claim = facts_of(campaign), campaign.claim()
    assert claim is not None

    class Slow(Free):
        def try_take(self) -> bool:
            return False

        async def __call__(self) -> None:
            await asyncio.sleep(0.2)

    async def run() -> float:
        async with Sandbox(SandboxOptions()) as telco, line_of(campaign, telco, pacer=Slow()) as line:
            sending = asyncio.create_task(Consignment(line, facts, claim, lambda: False).send())
            await asyncio.sleep(0.5)
            with campaign.database.transaction() as session:
                session.execute(text("UPDATE campaign SET state = 'paused'"))
            started = time.monotonic()
            await sending
            return time.monotonic() - started

    asyncio.run(run())
    totals = campaign.totals()
    assert 0 < totals["accepted"] < 40
    assert totals["accepted"] + totals["queued"] == 50


def test_a_claim_that_a_slow_telco_makes_old_is_given_back_so_that_new_refusals_hold(
    planned: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consignment, "CLAIM_HOLDS_SECONDS", 0.5)
    campaign = planned(200)
    facts, claim = facts_of(campaign), campaign.claim()
    assert claim is not None
    told = asyncio.run(send(campaign, SandboxOptions(delay=0.3), claim, facts, window=10))
    totals = campaign.totals()
    assert totals == {"accepted": told["taken"], "queued": 200 - told["taken"]}
    assert 0 < told["taken"] < 200
    again = campaign.claim()
    assert again is not None
    assert {message.attempts for message in again.messages} == {0}, "what was not begun was no attempt"
