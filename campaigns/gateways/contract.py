"""The contract between the way of a message and a telecom gateway: everything an adapter is and says.

An adapter owns wire format, authentication, status table and signature check. It knows no database, no
retry, no limit and no clock: it is handed messages and a ``permit`` to ask before every part, and it answers
in values. See ``docs/adding-a-gateway.md``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, Field

from campaigns.content.encoding import Part
from campaigns.delivery.states import MessageState
from config.i18n import Text


class Outbound(NamedTuple):
    """One message to one person, ready for the wire."""

    key: int
    """Its place in what was handed over; the adapter gives it back in ``settle``."""
    recipient: str
    """E.164 without the plus: ``84905123456``."""
    sender: str
    """Sender name; empty takes the account's own."""
    parts: tuple[Part, ...]
    """The encoded parts, in order (``campaigns.content.encoding``)."""
    validity: timedelta
    """How long the telco may go on trying: what is left of it, when it was refused before."""


class Verdict(StrEnum):
    """What became of handing one message to the gateway."""

    ACCEPTED = "accepted"
    """The gateway took every part."""
    RETRY = "retry"
    """Refused now; the same message may be handed over again later. Nothing was sent."""
    FINAL = "final"
    """Refused for good. Nothing was sent, or only some of its parts, whose references are in the answer: a part
    taken cannot be called back, and the whole is never sent again."""
    THROTTLED = "throttled"
    """Refused because we are too fast or its queue is full. Never the message's fault; costs no attempt."""
    UNKNOWN = "unknown"
    """It may have been taken: the connection died after writing, or no answer came in time."""


class Trouble(StrEnum):
    """Whose trouble it is when a message is refused for now."""

    TELCO = "telco"
    """The gateway itself does not work as it should; enough of it, and the account rests."""
    SUBSCRIBER = "subscriber"
    """The phone or its owner's account: memory full, absent, no credit. The gateway works."""


class Answer(NamedTuple):
    """The gateway's answer about one message."""

    verdict: Verdict
    references: tuple[tuple[int, str], ...] = ()
    """(part, reference) of every part taken, normalised just as receipts will name it. One reference may stand
    for several parts, where the gateway itself cuts the text; its one receipt is about all of them."""
    error: str | None = None
    """The gateway's own code, for people and statistics: ``ESME_RINVDSTADR``. Where the adapter itself is the
    one to say so, a code that begins with ``LOA_``: ``LOA_NO_ANSWER``."""
    trouble: Trouble = Trouble.TELCO
    """Of a ``RETRY``: whose trouble it is, which decides how long it waits."""


class Receipt(NamedTuple):
    """A delivery receipt (DLR) about one part."""

    reference: str
    """As in ``Answer.references``; empty where the gateway tells no more than the recipient."""
    state: MessageState
    """DELIVERED, UNDELIVERED, EXPIRED, REJECTED; ACCEPTED for intermediate news that changes nothing."""
    recipient: str | None = None
    """E.164 without the plus, where the receipt names it."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message somebody sent to us (MO), complete: parts are put together by the adapter."""

    sender: str
    """E.164 without the plus."""
    recipient: str
    """Our short code or sender name."""
    text: str


Event = Receipt | Inbound


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a session offers its adapter. All are called in the session's event loop."""

    deliver: Callable[[Sequence[Event], Callable[[bool], None]], None]
    """Hand over events. The callback is called with True once they are safe in the database (answer the
    gateway then), or with False when they could not be saved (answer so that the gateway sends them again)."""
    lost: Callable[[str], None]
    """Say that the connection is gone, and why; called at most once for an open."""


class GatewayUnavailable(Exception):
    """The gateway cannot be opened (refused bind, no connection) or is gone; the operator reads the reason."""

    def __init__(self, reason: str, *, permanent: bool = False, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        """The telco's own code, or one of ours: what ``campaigns.gateways.codes`` puts in words."""
        self.permanent = permanent
        """Trying again will not help before somebody changes the settings (wrong password)."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a setting is asked for in a form."""

    title: Text
    hint: Text | None = None
    group: Literal["connection", "sending", "more"] = "more"


class AdapterSettings(BaseModel, extra="forbid", frozen=True, hide_input_in_errors=True):
    """Base of an adapter's settings. ``SecretStr`` fields are stored encrypted and never shown.

    What a telco means by its codes stands in the contract with it, so nothing is taken for granted here.
    """

    refused_codes: str = Field(
        "", max_length=500, description="Codes of receipts that say the subscriber refuses us: `REJECTD:088`."
    )
    dead_codes: str = Field(
        "", max_length=500, description="Codes of receipts that say nobody has the number: `UNDELIV:001`."
    )

    words: ClassVar[Mapping[str, Words]] = {
        "refused_codes": Words(
            Text("Mã biên nhận: thuê bao từ chối nhận tin", "Receipt codes: the subscriber refuses us"),
            Text("Như REJECTD:088; nhiều mã cách nhau bằng dấu phẩy.", "Such as REJECTD:088; commas between several."),
        ),
        "dead_codes": Words(
            Text("Mã biên nhận: không còn ai dùng số", "Receipt codes: nobody has the number"),
            Text("Như UNDELIV:001; nhiều mã cách nhau bằng dấu phẩy.", "Such as UNDELIV:001; commas between several."),
        ),
    }
    """By field; one that is missing here is asked for by its name and its description."""


SettingsT = TypeVar("SettingsT", bound=AdapterSettings)
Settle = Callable[[int, Answer], None]


class Permit(Protocol):
    """The right to hand over one more part, now. Every part needs its own."""

    def try_take(self) -> bool:
        """Take one that is there already; False when there is none, and then ``await permit()``."""

    async def __call__(self) -> None:
        """Wait for one and take it. What it raises ends the call of ``submit``."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the account can do, as far as callers must know."""

    receipts: bool = True
    inbound: bool = True
    extra: dict[str, Any] = field(default_factory=dict)


class Adapter(ABC, Generic[SettingsT]):
    """One way to speak to a telco. One instance serves one session; after ``lost`` or ``close`` it is dropped."""

    settings_type: ClassVar[type[AdapterSettings]]
    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, settings: SettingsT, hooks: Hooks) -> None:
        self.settings = settings
        self.hooks = hooks

    @abstractmethod
    async def open(self) -> None:
        """Connect and authenticate.

        Raises:
            GatewayUnavailable: with the reason the operator will read.
        """

    @abstractmethod
    async def submit(self, messages: Sequence[Outbound], permit: Permit, settle: Settle) -> None:
        """Hand over messages in their order and return once every one has been settled exactly once.

        Each part needs a permit just before it goes out: ``permit.try_take()``, and when that is False
        ``await permit()``. A message that the adapter itself has to refuse takes one too, so at any moment no more
        messages were come to than permits taken. A message is settled as soon as it is known what became of it.

        Of a message of several parts the first goes ahead, so that a refusal comes before anything was sent.
        Once a part was taken the message is never RETRY or THROTTLED: parts that are refused for now are offered
        again (each with a permit of its own) until they are taken or the adapter gives up, which is FINAL.

        When ``permit`` raises, or the call is cancelled, what was not begun is left unsettled, what is on the
        wire is still waited for and settled, and the exception goes up. A second cancelling settles it UNKNOWN.
        Several calls may run at once on one session and share its window.

        Raises:
            GatewayUnavailable: the connection is gone. What was on the wire has been settled UNKNOWN, what was
                not begun is unsettled: it was not sent.
        """

    @abstractmethod
    async def close(self) -> None:
        """Say goodbye (unbind) after what is on the wire was answered or timed out; never raises."""
