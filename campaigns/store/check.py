"""Texts that were really sent, for telling a citizen whether theirs is one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

MONTHS = 24
MOST = 2000


@dataclass(frozen=True, slots=True)
class SentText:
    """A text, its values that were the same for everybody, and what it was sent as."""

    body: str
    values: Mapping[str, str]
    name: str
    sender: str
    first_sent: datetime


# Replies have a campaign for every minute but one text; it is called by its title. What was never begun is no one's
# business yet.
_SENT = text("""
    SELECT CASE k.variant WHEN 'plain' THEN v.body_plain ELSE v.body_marked END AS body, k."values",
           k.name, k.sender, started.at AS first_sent
    FROM campaign k JOIN template_version v ON v.id = k.template_version_id
    CROSS JOIN LATERAL (SELECT min(b.started_at) AS at FROM batch b WHERE b.campaign_id = k.id) started
    WHERE k.standing IS NULL AND k.created_at > now() - make_interval(months => :months) AND started.at IS NOT NULL
    UNION ALL
    SELECT v.body_plain, '{}'::jsonb, t.title, '', min(k.planned_at)
    FROM campaign k JOIN template_version v ON v.id = k.template_version_id JOIN template t ON t.id = v.template_id
    WHERE k.standing IS NOT NULL AND k.created_at > now() - make_interval(months => :months)
      AND t.slug <> 'sys-gui-thu'  -- tests on staff: whatever they said, no citizen got it
    GROUP BY v.id, t.title
    ORDER BY first_sent DESC LIMIT :most
""")


_SENT_ONE = text("""
    SELECT CASE k.variant WHEN 'plain' THEN v.body_plain ELSE v.body_marked END AS body, k."values", k.name, k.sender,
           (SELECT min(b.started_at) FROM batch b WHERE b.campaign_id = k.id) AS first_sent
    FROM campaign k JOIN template_version v ON v.id = k.template_version_id WHERE k.id = :campaign
""")


def read_sent_text(session: Session, campaign_id: int) -> SentText | None:
    """The text of one campaign; None while nothing of it was sent."""
    row = session.execute(_SENT_ONE, {"campaign": campaign_id}).one_or_none()
    return _sent(*row) if row is not None and row.first_sent is not None else None


def _sent(body: str, values: Mapping[str, object], name: str, sender: str, first_sent: datetime) -> SentText:
    return SentText(body, {key: str(value) for key, value in values.items()}, name, sender, first_sent)


def list_sent_texts(session: Session) -> list[SentText]:
    """Every text of the last two years, the latest first."""
    rows = session.execute(_SENT, {"months": MONTHS, "most": MOST})
    return [_sent(*row) for row in rows]
