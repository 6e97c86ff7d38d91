"""Events are answered when they are safe, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import text

from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Event, Inbound, Receipt
from campaigns.receipts.events import take_in
from campaigns.store.database import Database
from config.keys import Keyring
from tests.campaigns.gateways.support import asynchronous, until
from tests.factories import make_gateway, next_phone
from workers.inbox import HOLD_SECONDS, Inbox


def receipt(reference: str) -> Receipt:
    return Receipt(reference, MessageState.DELIVERED)


class Desk:
    """An inbox that writes to a database, and what was answered in which order."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        with database.transaction() as session:
            self.gateway = make_gateway(session, keyring).id
        self.database, self.keyring = database, keyring
        self.unrecorded: set[str] = set()
        self.answers: list[tuple[str, bool, int]] = []
        """(what, whether it was saved, receipts that were in the database then)"""
        self.writes: list[int] = []
        self.broken = False
        self.inbox = Inbox(self._write, self.unrecorded)

    def parked(self) -> int:
        with self.database.transaction() as session:
            return int(session.execute(text("SELECT count(*) FROM parked_receipt")).scalar_one())

    def deliver(self, name: str, *events: Event) -> None:
        self.inbox.deliver(events, lambda saved: self.answers.append((name, saved, self.parked())))

    async def _write(self, events: Sequence[Event]) -> None:
        self.writes.append(len(events))
        await asyncio.to_thread(self._store, events)

    def _store(self, events: Sequence[Event]) -> None:
        with self.database.transaction() as session:
            take_in(session, self.keyring, self.gateway, events)
            if self.broken:
                session.execute(text("SELECT 1 / 0"))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.inbox.run())
        try:
            yield
        finally:
            self.inbox.close()
            await asyncio.wait_for(task, 10)


def test_what_comes_together_is_committed_together_and_then_answered(database: Database, keyring: Keyring) -> None:
    desk = Desk(database, keyring)

    @asynchronous
    async def check() -> None:
        async with desk.running():
            for name in "abc":
                desk.deliver(name, receipt(f"{name}1"), receipt(f"{name}2"))
            await until(lambda: len(desk.answers) == 3)
            desk.deliver("d", Inbound(next_phone().decode(), "1022", "cảm ơn"), receipt("d1"))
            await until(lambda: len(desk.answers) == 4)

    check()
    assert desk.writes == [6, 2]
    assert desk.answers == [("a", True, 6), ("b", True, 6), ("c", True, 6), ("d", True, 7)]


def test_what_could_not_be_saved_is_answered_so_and_the_next_is_taken(database: Database, keyring: Keyring) -> None:
    desk = Desk(database, keyring)

    @asynchronous
    async def check() -> None:
        async with desk.running():
            desk.broken = True
            desk.deliver("a", receipt("a1"))
            await until(lambda: desk.answers)
            desk.broken = False
            desk.deliver("a again", receipt("a1"))
            await until(lambda: len(desk.answers) == 2)

    check()
    assert desk.answers == [("a", False, 0), ("a again", True, 1)], "nothing of a failed write stays"


def test_a_receipt_of_a_message_about_to_be_recorded_waits_for_it_but_not_for_ever(
    database: Database, keyring: Keyring
) -> None:
    desk = Desk(database, keyring)

    @asynchronous
    async def check() -> None:
        loop = asyncio.get_running_loop()
        async with desk.running():
            desk.unrecorded |= {"early", "never"}
            desk.deliver("early", receipt("early"))
            desk.deliver("never", receipt("never"))
            began = loop.time()
            desk.deliver("other", receipt("other"))
            await until(lambda: desk.answers)
            await asyncio.sleep(0.2)
            assert [name for name, _, _ in desk.answers] == ["other"]
            desk.unrecorded.discard("early")
            await until(lambda: len(desk.answers) == 2)
            assert loop.time() - began < HOLD_SECONDS
            await until(lambda: len(desk.answers) == 3, seconds=HOLD_SECONDS + 5)
            assert loop.time() - began > HOLD_SECONDS - 0.1

    check()
    assert [name for name, _, _ in desk.answers] == ["other", "early", "never"]


def test_closing_saves_what_is_there_also_what_would_have_waited(database: Database, keyring: Keyring) -> None:
    desk = Desk(database, keyring)

    @asynchronous
    async def check() -> None:
        async with desk.running():
            desk.unrecorded.add("early")
            desk.deliver("early", receipt("early"))
            desk.deliver("other", receipt("other"))

    check()
    assert desk.answers == [("early", True, 2), ("other", True, 2)]


def test_an_answer_that_cannot_be_given_hinders_nobody(database: Database, keyring: Keyring) -> None:
    desk = Desk(database, keyring)

    def gone(saved: bool) -> None:
        raise ConnectionError

    @asynchronous
    async def check() -> None:
        async with desk.running():
            desk.inbox.deliver([receipt("a")], gone)
            desk.deliver("b", receipt("b"))
            await until(lambda: desk.answers)

    check()
    assert desk.answers == [("b", True, 2)]
