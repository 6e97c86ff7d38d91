"""One call of ``submit`` on its way: which part goes next, and what became of each message.

A message of one part costs one entry in the link's window and no object of its own. A message of several parts
sends its first part and waits for the answer, so that a refusal (a full queue, a wrong number) comes before
anything was taken. From then on it is never sent anew: parts refused for now are offered again by themselves,
which is not blind, since the telco said that it did not take them. When that does not succeed, or a part has no
answer, the message is settled with the references of the parts that were taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from campaigns.gateways.contract import Answer, GatewayUnavailable, Outbound, Permit, Settle, Verdict
from campaigns.gateways.smpp.codec import Malformed, read_message_id
from campaigns.gateways.smpp.constants import status_name
from campaigns.gateways.smpp.link import Link
from campaigns.gateways.smpp.references import from_answer
from campaigns.gateways.smpp.settings import SmppSettings
from campaigns.gateways.smpp.statuses import refusal_of, verdict_of
from campaigns.gateways.smpp.wire import Unwritable, Writer

_WHOLE = -1
"""Stands for the part number where one PDU carries the whole message."""
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 4.0


@dataclass(slots=True)
class _Long:
    """A message of several parts that was begun."""

    reference: int
    """Of its concatenation."""
    taken: dict[int, str] = field(default_factory=dict)
    on_wire: int = 0
    waiting: int = 0
    """Parts that will be offered (again)."""
    refusals: int = 0
    deadline: float | None = None
    """When offering again ends; set by the first part refused for now."""
    failure: tuple[Verdict, str] | None = None


class Flight:
    """Runs once. ``answered`` and ``unanswered`` are called by the link."""

    def __init__(
        self, link: Link, writer: Writer, settings: SmppSettings, messages: Sequence[Outbound], settle: Settle
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._link = link
        self._writer = writer
        self._style = settings.reference_style
        self._own = settings.own_verdicts
        self._finish_seconds = settings.finish_seconds
        self._messages = messages
        self._settle = settle
        self._open = 0
        """Messages begun and not settled."""
        self._longs: dict[int, _Long] = {}
        self._ready: deque[tuple[int, int]] = deque()
        """(place, part) of begun messages, to go out before any other."""
        self._stopped = False
        self._failure: Exception | None = None
        self._woken: asyncio.Future[None] | None = None

    async def run(self, permit: Permit, concatenation: int) -> None:
        """Send everything; ``concatenation`` is the reference of the first long message.

        Raises:
            GatewayUnavailable: the link is gone.
        """
        trouble: BaseException | None = None
        try:
            await self._send(permit, concatenation)
        except asyncio.CancelledError as error:
            trouble = await self._finish_begun(permit, error)
        except BaseException as error:
            trouble = error
        self._stop()
        trouble = await self._wait_until_settled(trouble) or self._failure
        if trouble is not None:
            raise trouble

    # Sending

    async def _send(self, permit: Permit, concatenation: int) -> None:
        link, settle = self._link, self._settle
        take, single = permit.try_take, self._writer.single
        for place, message in enumerate(self._messages):
            try:
                if len(message.parts) == 1:
                    if self._ready or not (link.has_room and take()):
                        await self._wait_for_new_turn(permit)
                    sequence = link.next_sequence()
                    link.submit(sequence, single(sequence, message), self, place, _WHOLE)
                    self._open += 1
                else:
                    await self._begin_long(permit, place, message, concatenation + place & 0xFF)
            except Unwritable as refusal:
                settle(message.key, Answer(Verdict.FINAL, (), refusal.code))
        await self._send_rest(permit)

    async def _send_rest(self, permit: Permit) -> None:
        while self._longs:
            if self._next_ready() is None:
                await self._wait()
            else:
                await self._wait_for_turn(permit)
                self._send_ready()

    async def _finish_begun(self, permit: Permit, cancelled: asyncio.CancelledError) -> BaseException:
        """Cancelled: begin nothing more, but leave nobody with half a message."""
        try:
            # Parts that cannot go out any more are settled as cut short by run().
            with suppress(Exception):
                await self._send_rest(permit)
        except asyncio.CancelledError as error:
            self._give_up()
            return error
        return cancelled

    async def _begin_long(self, permit: Permit, place: int, message: Outbound, reference: int) -> None:
        link, writer = self._link, self._writer
        await self._wait_for_new_turn(permit)
        if not message.parts:
            raise Unwritable("LOA_EMPTY")
        if len(message.parts) > 255:
            raise Unwritable("LOA_TOO_LONG")
        if writer.as_payload:
            # One PDU, but the telco counts what it cuts it into.
            for _ in range(1, len(message.parts)):
                await self._wait_for_new_turn(permit)
            sequence = link.next_sequence()
            link.submit(sequence, writer.payload(sequence, message), self, place, _WHOLE)
            self._open += 1
            return
        for part in range(1, len(message.parts)):
            writer.part(0, message, part, reference)
        sequence = link.next_sequence()
        link.submit(sequence, writer.part(sequence, message, 0, reference), self, place, 0)
        self._longs[place] = _Long(reference, on_wire=1)
        self._open += 1

    def _next_ready(self) -> tuple[int, int] | None:
        """The next part of a message that was begun and is not given up."""
        while self._ready and self._ready[0][0] not in self._longs:
            self._ready.popleft()
        return self._ready[0] if self._ready else None

    def _send_ready(self) -> bool:
        """Use a turn for a part of a message that was begun; whether there was one."""
        if self._next_ready() is None:
            return False
        place, part = self._ready.popleft()
        long = self._longs[place]
        sequence = self._link.next_sequence()
        data = self._writer.part(sequence, self._messages[place], part, long.reference)
        self._link.submit(sequence, data, self, place, part)
        long.waiting -= 1
        long.on_wire += 1
        return True

    async def _wait_for_new_turn(self, permit: Permit) -> None:
        """Return with a turn for a new message: what was begun is finished before anything else is."""
        await self._wait_for_turn(permit)
        while self._send_ready():
            await self._wait_for_turn(permit)

    async def _wait_for_turn(self, permit: Permit) -> None:
        """Return with a permit and room in the window, so that the part can go out at once.

        Room comes first: a permit that is held while waiting for room would let parts bunch up.
        """
        link = self._link
        if link.has_room and permit.try_take():
            return
        link.flush()
        await link.wait_for_room()
        self._check_link()
        if permit.try_take():
            return
        link.reserve()
        try:
            await permit()
        finally:
            link.release()
        self._check_link()

    def _check_link(self) -> None:
        if self._link.reason is not None:
            raise GatewayUnavailable(self._link.reason)

    # What the telco says

    def answered(self, place: int, part: int, status: int, body: bytes) -> None:
        """The telco answered a part."""
        if part == _WHOLE:
            self._conclude(place, self._whole(place, body) if status == 0 else self._refusal(status))
            return
        long = self._longs.get(place)
        if long is None:
            return
        long.on_wire -= 1
        if status == 0:
            long.taken[part] = self._reference(body)
            if part == 0 and len(long.taken) == 1:
                self._offer(place, long, range(1, len(self._messages[place].parts)))
        else:
            self._part_refused(place, long, part, verdict_of(status, self._own), status_name(status))
        self._review(place, long)

    def unanswered(self, place: int, part: int, error: str) -> None:
        """No answer will come: the part may have been taken."""
        if part == _WHOLE:
            self._conclude(place, Answer(Verdict.UNKNOWN, (), error))
            return
        long = self._longs.get(place)
        if long is None:
            return
        long.on_wire -= 1
        long.failure = (Verdict.UNKNOWN, error)
        self._review(place, long)

    def _whole(self, place: int, body: bytes) -> Answer:
        reference = self._reference(body)
        if not reference:
            return Answer(Verdict.ACCEPTED)
        parts = len(self._messages[place].parts)
        if parts == 1:
            return Answer(Verdict.ACCEPTED, ((0, reference),))
        return Answer(Verdict.ACCEPTED, tuple((part, reference) for part in range(parts)))

    def _refusal(self, status: int) -> Answer:
        return refusal_of(verdict_of(status, self._own), status_name(status))

    def _reference(self, body: bytes) -> str:
        """Taken is taken, whatever the id looks like; without one receipts find it by its recipient."""
        try:
            return from_answer(read_message_id(body), self._style)
        except Malformed:
            return ""

    # Messages of several parts

    def _part_refused(self, place: int, long: _Long, part: int, verdict: Verdict, error: str) -> None:
        if part == 0 and not long.taken and long.refusals == 0:
            long.failure = (verdict, error)
            return
        now = self._loop.time()
        if long.deadline is None:
            long.deadline = now + self._finish_seconds
        pause = min(_FIRST_PAUSE * 2 ** min(long.refusals, 10), _LONGEST_PAUSE)
        long.refusals += 1
        if verdict is Verdict.FINAL or self._stopped or now + pause > long.deadline:
            long.failure = long.failure or (Verdict.FINAL, error)
            return
        long.waiting += 1
        self._loop.call_later(pause, self._offer_again, place, part)

    def _offer_again(self, place: int, part: int) -> None:
        if place in self._longs:
            self._ready.append((place, part))
            self._wake()

    def _offer(self, place: int, long: _Long, parts: range) -> None:
        if self._stopped:
            long.failure = (Verdict.FINAL, "LOA_CUT_SHORT")
            return
        long.waiting += len(parts)
        self._ready.extend((place, part) for part in parts)
        self._wake()

    def _review(self, place: int, long: _Long) -> None:
        """Settle a long message once nothing of it is on the wire and nothing more will be offered."""
        if long.on_wire or (long.waiting and long.failure is None):
            return
        references = tuple((part, reference) for part, reference in sorted(long.taken.items()) if reference)
        del self._longs[place]
        if long.failure is None:
            self._conclude(place, Answer(Verdict.ACCEPTED, references))
        elif references:
            self._conclude(place, Answer(long.failure[0], references, long.failure[1]))
        else:
            self._conclude(place, refusal_of(*long.failure))

    # Ending

    def _conclude(self, place: int, answer: Answer) -> None:
        self._open -= 1
        try:
            self._settle(self._messages[place].key, answer)
        except Exception as error:
            self._failure = self._failure or error
        if self._open == 0:
            self._wake()

    def _stop(self) -> None:
        """Offer nothing more: what is begun and not on the wire whole stays a beginning."""
        self._stopped = True
        self._ready.clear()
        for place, long in list(self._longs.items()):
            if long.waiting:
                long.waiting = 0
                long.failure = long.failure or (Verdict.FINAL, "LOA_CUT_SHORT")
            self._review(place, long)

    async def _wait_until_settled(self, trouble: BaseException | None) -> BaseException | None:
        while self._open:
            try:
                await self._wait()
            except asyncio.CancelledError as error:
                if isinstance(trouble, asyncio.CancelledError):
                    self._give_up()
                trouble = error
        return trouble

    def _give_up(self) -> None:
        """Cancelled twice: what is on the wire stays unknown."""
        self._stop()
        self._link.give_up(self)

    async def _wait(self) -> None:
        self._link.flush()
        self._woken = self._loop.create_future()
        try:
            await self._woken
        finally:
            self._woken = None

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)
