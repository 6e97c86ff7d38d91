"""At most so many messages of a class to one person within a day, over all campaigns and all workers, exactly.

The messages themselves are what is counted, so no second book can drift. Two claims cannot miss each other: while a
campaign is alone with its class, its claims share a lock and look nobody up; once another one of the class sends, or
has sent within a day, claims of the class come one after the other, and each counts what the ones before committed.
Whoever believes to be alone and is not picks nothing (``ALONE``), and comes back knowing better (ADR 0018).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from config.zone import CITY_TIME

S = MessageState

OVER_CAP = "LOA_OVER_CAP"
"""Error code of a message that waits, or was suppressed, because its person has had enough."""

COUNTED = (S.CLAIMED, S.ACCEPTED, S.DELIVERED, S.UNDELIVERED, S.UNKNOWN)
"""Handed to a telco, or about to be: also what did not arrive, and what nobody knows of."""

_LOOK_AGAIN = timedelta(hours=1)
_LOCK_SPACE = 0x10A_CA9

_DAY = "interval '24 hours'"
_MIDNIGHT = "(date_trunc('day', now() AT TIME ZONE 'Asia/Ho_Chi_Minh') AT TIME ZONE 'Asia/Ho_Chi_Minh')"


@dataclass(frozen=True, slots=True)
class Cap:
    """How many messages of a class one person gets."""

    message_class: str
    most: int
    rolling: bool = False
    """Within any 24 hours; else within a day of Vietnam's calendar."""
    agreed: bool = False
    """Whether a person's recorded consent may name another number (Decree 91/2020/NĐ-CP, Article 13.5)."""

    def looks_again(self, now: datetime) -> datetime:
        """When somebody who has had enough may get another: at midnight, or in an hour."""
        if self.rolling:
            return now + _LOOK_AGAIN
        return datetime.combine(now.astimezone(CITY_TIME).date() + timedelta(days=1), datetime.min.time(), CITY_TIME)

    @property
    def waits_until(self) -> str:
        """The same in SQL."""
        return "now() + interval '1 hour'" if self.rolling else f"{_MIDNIGHT} + {_DAY}"

    def bind(self) -> dict[str, Any]:
        """Parameters of the conditions here, but ``:campaign``."""
        return {"cap_class": self.message_class, "cap_most": self.most, "cap_counted": [s.value for s in COUNTED]}


# The midnight of Vietnam's calendar is never further back than 24 hours, so one set of rivals serves both kinds.
_OTHERS = f"""SELECT o.id FROM campaign o
    WHERE o.message_class = {{of_class}} AND o.id <> {{campaign}} AND o.standing IS NULL
      AND (o.state IN ('running', 'paused') OR o.finished_at > now() - {_DAY})"""

ALONE = f"""(CAST(:alone AS text) IS NULL
    OR NOT EXISTS ({_OTHERS.format(of_class="CAST(:alone AS text)", campaign=":campaign")}))"""
"""Guard of a claim that believes its campaign to be the only one of its class; ``:alone`` is that class, or null."""

CROWDED = f"EXISTS ({_OTHERS.format(of_class='c.message_class', campaign='c.id')})"
"""Whether another campaign of the class of campaign ``c`` sends, or has sent within a day."""


_RIVALS = _OTHERS.format(of_class=":cap_class", campaign=":campaign")


def _counts(cap: Cap) -> str:
    """Condition over a message ``s`` of batch ``sb``: it counts now.

    A batch that began before the day and went on in it is looked up message by message; there are few. What has no
    reference that would tell when (above all what is unknown) counts if its batch was still at work in the day.
    """
    since = f"now() - {_DAY}" if cap.rolling else _MIDNIGHT
    submitted = "SELECT 1 FROM submission u WHERE u.batch_id = s.batch_id AND u.seq = s.seq"
    return f"""s.state = ANY(CAST(:cap_counted AS smallint[]))
          AND (sb.started_at >= {since} OR s.state = {S.CLAIMED.value}
               OR (coalesce(sb.lease_until, sb.started_at + {_DAY}) >= {since}
                   AND (s.state = {S.UNKNOWN.value} OR NOT EXISTS ({submitted})))
               OR EXISTS ({submitted} AND u.submitted_at >= {since}))"""


def _most(cap: Cap, contact: str) -> str:
    if not cap.agreed:
        return ":cap_most"
    return f"""coalesce((SELECT max(k.daily_cap) FROM consent k WHERE k.phone_hash = {contact}.phone_hash
            AND k.ended_at IS NULL AND (k.topic IS NULL OR k.topic = :topic)), :cap_most)"""


def had_enough(cap: Cap, contact: str = "c") -> str:
    """Condition over a contact: other campaigns than ``:campaign`` have given them all the class allows."""
    return f"""((SELECT count(*) FROM message s JOIN batch sb ON sb.id = s.batch_id
        WHERE s.contact_id = {contact}.id AND s.campaign_id = ANY(ARRAY({_RIVALS}))
          AND {_counts(cap)}) >= {_most(cap, contact)})"""


def got_already(cap: Cap) -> str:
    """The same for many: (contact_id, times), from the messages of the other campaigns, read once."""
    return f"""SELECT s.contact_id, count(*) AS times FROM batch sb JOIN message s ON s.batch_id = sb.id
        WHERE sb.campaign_id = ANY(ARRAY({_RIVALS})) AND {_counts(cap)} GROUP BY 1"""


def is_enough(cap: Cap, contact: str = "c", times: str = "got.times") -> str:
    """Condition over a contact and a row of ``got_already``."""
    return f"{times} >= {_most(cap, contact)}"


_RIVAL_MESSAGES = text(f"""
    SELECT coalesce(sum(b.size), 0)::bigint FROM batch b WHERE b.campaign_id = ANY(ARRAY({_RIVALS}))
""")


def count_rival_messages(session: Session, cap: Cap, campaign_id: int) -> int:
    """Messages of the campaigns whose messages a cap may have to count."""
    asked = {"cap_class": cap.message_class, "campaign": campaign_id}
    return int(session.execute(_RIVAL_MESSAGES, asked).scalar_one())


def enter(session: Session, cap: Cap, *, crowded: bool) -> None:
    """Wait for the class's turn, beside others while each believes to be alone; before anything else of a claim."""
    function = "pg_advisory_xact_lock" if crowded else "pg_advisory_xact_lock_shared"
    key = zlib.crc32(cap.message_class.encode()) & 0x7FFF_FFFF
    session.execute(text(f"SELECT {function}({_LOCK_SPACE}, {key})"))


_HELD = text(f"""
    SELECT EXISTS (SELECT 1 FROM message m WHERE m.batch_id = first.id AND m.state = {S.QUEUED.value}
                   AND m.error = '{OVER_CAP}')
    FROM (SELECT b.id FROM batch b WHERE b.campaign_id = :campaign AND b.state = 'ready' AND b.not_before > now()
          ORDER BY b.not_before, b.id LIMIT 1) first
""")


def waits_for_another_day(session: Session, campaign_id: int) -> bool:
    """Whether what a campaign waits for next is that its people may get another message of its class."""
    return bool(session.execute(_HELD, {"campaign": campaign_id}).scalar())
