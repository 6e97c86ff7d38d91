"""When a campaign fails too often: the telco refuses nearly everything of it for good, with one and the same error.

What counts are refusals for good at submit, such as a sender name that is not registered or a text that is not
allowed. Numbers that do not exist are refused so too. A list has some of those, and they have one error among many
answers; where four of five are wrong it is the list, or the way numbers are written, that a person has to look at.
Receipts that say rejected are the telco's refusal too, given late; they are judged apart, by the counters of batches.
What the telco's own trouble refuses for now is the gateway's affair (``campaigns.gateways.breaker``), and a receipt
that says undelivered speaks of a phone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns.gateways.codes import in_words
from config.i18n import Text, figure

PAUSE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some answers about messages of a campaign."""

    answers: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    """Refusals for good among them, by error."""

    def with_more(self, answers: int, refused: Mapping[str, int]) -> Stretch:
        """Together with later ones."""
        return Stretch(self.answers + answers, Counter(self.refused) + Counter(refused))

    def to_json(self) -> list[Any]:
        """As it is stored."""
        return [self.answers, dict(self.refused)]


@dataclass(frozen=True, slots=True)
class Refusals:
    """Why a campaign was paused: so many of its latest answers were this refusal."""

    count: int
    answers: int
    error: str

    def to_reason(self) -> str:
        """As ``campaign.state_reason`` holds it; no language of its own (``read_reason``)."""
        return f"{_MARK}{self.count}/{self.answers} {self.error}"


_MARK = "refused: "
_SENTENCE = Text(
    "{count} trên {answers} tin gần nhất bị nhà mạng từ chối: {error}",
    "{count} of the last {answers} messages were refused by the telco: {error}",
)


def read_reason(reason: str | None) -> str | None:
    """A ``state_reason`` for people: their own words as they are, the engine's in the language of the moment."""
    if reason is None or not reason.startswith(_MARK):
        return reason
    numbers, _, error = reason.removeprefix(_MARK).partition(" ")
    count, slash, answers = numbers.partition("/")
    if not (slash and count.isdecimal() and answers.isdecimal()):
        return reason
    return _SENTENCE.format(count=figure(int(count)), answers=figure(int(answers)), error=in_words(error))


def latest(stretches: Sequence[Stretch], window: int) -> list[Stretch]:
    """Without the oldest ones that are not needed for ``window`` answers."""
    kept = [stretch for stretch in stretches if stretch.answers]
    while len(kept) > 1 and sum(stretch.answers for stretch in kept[1:]) >= window:
        kept.pop(0)
    return kept


def refusals_among(stretches: Sequence[Stretch]) -> Refusals | None:
    """The refusal that is most frequent among some answers; None where nothing was refused."""
    refused: Counter[str] = Counter()
    for stretch in stretches:
        refused.update(stretch.refused)
    if not refused:
        return None
    ((error, count),) = refused.most_common(1)
    return Refusals(count, sum(stretch.answers for stretch in stretches), error)


def too_many(stretches: Sequence[Stretch], window: int) -> Refusals | None:
    """The reason to pause, where there are ``window`` answers and most of them are one refusal."""
    found = refusals_among(stretches)
    if found is None or found.answers < window:
        return None
    return found if found.count >= found.answers * PAUSE_SHARE else None
