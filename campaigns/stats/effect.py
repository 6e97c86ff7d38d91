"""From a refusal to its effect, as it happened: how long parts still went out to somebody who had refused.

Counted are refusals of the last seven days that met something: the person had a message of a campaign that honours
the refusal, which either was held back because of it, or of which a part still went out after it. The time runs from
the registration to the record of the last such part, and is 0 where none went out. A part is recorded up to half a
second after the telco took it, so the figure errs on the long side. Confirmations do not count, and lists do not:
nobody refused at the moment a list was read. At most the latest 5,000 refusals are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from sqlalchemy.orm import Session

from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.store.effect import list_meetings

DAYS = 7


@dataclass(frozen=True, slots=True)
class Effect:
    """What is shown: seconds, and how many people and messages they are about."""

    people: int
    """Refusals that met a message being sent."""
    stopped: int
    """Messages held back because of them."""
    median: float
    longest: float


def measure_effect(session: Session, *, days: int = DAYS) -> Effect:
    """The figure over the last ``days``."""
    honouring = [slug for slug, kind in MESSAGE_CLASSES.items() if kind.honours_refusal]
    meetings = list_meetings(session, days=days, classes=honouring)
    seconds = [meeting.seconds for meeting in meetings]
    return Effect(
        people=len(seconds),
        stopped=sum(meeting.stopped for meeting in meetings),
        median=median(seconds) if seconds else 0.0,
        longest=max(seconds, default=0.0),
    )
