"""What a case must offer so that any adapter runs through the contract: the same questions for all of them."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto
from typing import Any, Protocol

from campaigns.gateways.contract import Adapter, Hooks


class Behaviour(Enum):
    """What the other end does with what it is handed."""

    TAKES = auto()
    REFUSES_FOR_GOOD = auto()
    REFUSES_FOR_NOW = auto()
    THROTTLES = auto()
    ANSWERS_STRANGELY = auto()
    """With a status that is in no table."""
    TAKES_SILENTLY = auto()
    BREAKS = auto()
    """Takes the first part and breaks the connection."""


class OtherEnd(Protocol):
    """A simulated telco with what the contract can tell of it."""

    def behave(self, behaviour: Behaviour) -> None:
        """From now on."""

    def say(self, sender: str, recipient: str, text: str) -> None:
        """Somebody writes to us."""

    def parts_to(self, recipient: str) -> int:
        """Parts taken for a number."""

    def arrived(self) -> int:
        """Parts that arrived, taken or not."""


class Case(Protocol):
    """One adapter in the contract's suite: one line in ``cases.CASES``."""

    @property
    def name(self) -> str:
        """For people who read the outcome."""

    @property
    def secret(self) -> str:
        """The account's password, which must not show anywhere."""

    def loop(self) -> asyncio.AbstractEventLoop:
        """A new event loop, of asyncio or uvloop."""

    def telco(self) -> AbstractAsyncContextManager[OtherEnd]:
        """The other end, running for as long as the block."""

    def adapter(self, telco: OtherEnd, hooks: Hooks, **other: Any) -> Adapter[Any]:
        """An adapter for it, not open yet; answers are given up after less than two seconds.

        ``wrong_secret=True``: with a password that is not the account's; ``nobody=True``: where nobody listens.
        """
