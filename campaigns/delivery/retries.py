"""What follows from an answer: one table by class of error, and how long a refused message waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaigns.delivery.states import MessageState
from campaigns.gateways.contract import Answer, Trouble, Verdict


class ErrorClass(StrEnum):
    """Why a message was not taken, as far as it decides what comes next."""

    CONGESTION = "congestion"
    """We are too fast, or the telco's queue is full."""
    TELCO = "telco"
    """The telco's own trouble."""
    SUBSCRIBER = "subscriber"
    """The phone or its owner's account cannot take it now."""
    FINAL = "final"
    """Refused for good: the message, the number or the sender name."""
    DOUBT = "doubt"
    """It may have been taken."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a class of error means for the message and for its gateway."""

    state: MessageState
    """What becomes of the message now."""
    counts: bool = True
    """Whether it was an attempt."""
    gateway_failed: bool = False
    """Whether it says that the gateway does not work (``campaigns.gateways.breaker``)."""
    first: float = 0.0
    """The first wait, in multiples of ``LOA_RETRY_SECONDS``; doubled with every attempt. 0: no wait of its own."""
    longest: float = 0.0
    """Seconds no wait passes."""


RULES: Mapping[ErrorClass, Rule] = {
    # The limiter waits for all messages at once, so the message itself need not.
    ErrorClass.CONGESTION: Rule(MessageState.QUEUED, counts=False),
    ErrorClass.TELCO: Rule(MessageState.QUEUED, gateway_failed=True, first=1, longest=600),
    # A full memory or an empty account is not mended in seconds, and asking often annoys the telco.
    ErrorClass.SUBSCRIBER: Rule(MessageState.QUEUED, first=6, longest=3600),
    ErrorClass.FINAL: Rule(MessageState.FAILED),
    ErrorClass.DOUBT: Rule(MessageState.UNKNOWN, gateway_failed=True),
}
"""Nothing here counts attempts: the end of a message's validity ends its retries."""

_CLASSES: Mapping[tuple[Verdict, Trouble], ErrorClass] = {
    (Verdict.THROTTLED, Trouble.TELCO): ErrorClass.CONGESTION,
    (Verdict.RETRY, Trouble.TELCO): ErrorClass.TELCO,
    (Verdict.RETRY, Trouble.SUBSCRIBER): ErrorClass.SUBSCRIBER,
    (Verdict.FINAL, Trouble.TELCO): ErrorClass.FINAL,
    (Verdict.UNKNOWN, Trouble.TELCO): ErrorClass.DOUBT,
}


def error_class(answer: Answer) -> ErrorClass:
    """The class of an answer that is not ``ACCEPTED``; whose trouble it is matters to a ``RETRY`` only."""
    trouble = answer.trouble if answer.verdict is Verdict.RETRY else Trouble.TELCO
    return _CLASSES[answer.verdict, trouble]


def waits(classes: Collection[ErrorClass], retry_seconds: float) -> tuple[float, ...]:
    """Seconds before the next attempt after the first, the second, … attempt; the last holds for all later ones.

    A batch waits as a whole. Where several classes were met, the shortest waits serve: a message that is tried a
    little early is refused once more, one that is tried too late expires.
    """
    rules = [RULES[met] for met in classes if RULES[met].first] or [RULES[ErrorClass.TELCO]]
    rule = min(rules, key=lambda r: r.first)
    wait = float(rule.first * retry_seconds)
    grown = [wait]
    while wait < rule.longest:
        wait = float(min(wait * 2, rule.longest))
        grown.append(wait)
    return tuple(grown)
