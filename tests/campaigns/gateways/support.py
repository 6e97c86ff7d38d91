"""What tests of gateways share: a session's hooks that remember, permits that count, messages."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import uvloop

from campaigns.content.encoding import encode
from campaigns.gateways.contract import Answer, Event, Hooks, Inbound, Outbound, Receipt

T = TypeVar("T")
SHORT = "Thong bao cua phuong: ngay mai lam can cuoc tai nha van hoa."
LONG = "Thong bao cua UBND phuong ve bay cach xac nhan thong tin cu tru. " * 5
"""Three parts of GSM-7."""
MARKED = "Thông báo: từ ngày mai, người dân không cần sổ hộ khẩu giấy khi làm thủ tục hành chính. " * 2
"""Three parts of UCS-2."""


def run(work: Awaitable[T], *, factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop) -> T:
    """Run to the end, within 30 seconds, on a loop of its own."""

    async def bounded() -> T:
        async with asyncio.timeout(30):
            return await work

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(bounded())


def asynchronous(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test written as a coroutine."""

    @functools.wraps(test)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))

    return wrapper


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Return as soon as ``true()`` is."""
    async with asyncio.timeout(seconds):
        # Asked again and again: what is waited for happens in another process or in the code under test.
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Ear:
    """Hooks that remember. ``safe`` is what is said about what was handed over; None leaves it open."""

    def __init__(self, safe: bool | None = True) -> None:
        self.safe = safe
        self.events: list[Event] = []
        self.open: list[Callable[[bool], None]] = []
        self.reasons: list[str] = []

    @property
    def hooks(self) -> Hooks:
        return Hooks(deliver=self._deliver, lost=self.reasons.append)

    @property
    def receipts(self) -> list[Receipt]:
        return [event for event in self.events if isinstance(event, Receipt)]

    @property
    def texts(self) -> list[Inbound]:
        return [event for event in self.events if isinstance(event, Inbound)]

    def _deliver(self, events: Sequence[Event], answer: Callable[[bool], None]) -> None:
        self.events.extend(events)
        if self.safe is None:
            self.open.append(answer)
        else:
            answer(self.safe)


class Permits:
    """Counts the parts let through: ``ready`` at once, then ``more`` after a wait, then it raises."""

    def __init__(self, ready: int = 1_000_000, more: int = 0) -> None:
        self.ready = ready
        self.more = more
        self.taken = 0

    def try_take(self) -> bool:
        if self.ready <= 0:
            return False
        self.ready -= 1
        self.taken += 1
        return True

    async def __call__(self) -> None:
        await asyncio.sleep(0.001)
        if self.more <= 0:
            raise NoMore
        self.more -= 1
        self.taken += 1


class NoMore(Exception):
    """The permits have run out."""


class Ledger(dict[int, Answer]):
    """Answers by key; one key is settled once."""

    def settle(self, key: int, answer: Answer) -> None:
        assert key not in self, f"{key} was settled twice"
        self[key] = answer


def messages(count: int, text: str = SHORT, *, first: int = 0, sender: str = "UBND DN") -> list[Outbound]:
    """To ``count`` different people, keys from ``first``."""
    parts = encode(text).parts
    return [
        Outbound(key, f"8490{5_000_000 + key}", sender, parts, timedelta(hours=24))
        for key in range(first, first + count)
    ]
