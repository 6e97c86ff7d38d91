"""What a person who makes a campaign is shown: tags, earlier campaigns, who may approve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, text
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.models import Campaign, Role, User
from campaigns.store.frequency import count_rival_messages, got_already, had_enough, is_enough
from campaigns.store.reach import GOT, ROOM, Reach
from campaigns.store.scope import campaigns_within, sees_campaign


def list_same_text(
    session: Session, campaign: Campaign, days: int, reach: Reach, *, scope: Scope = WHOLE_CITY
) -> Sequence[Row[Any]]:
    """(id, name, state, sent_at, people) of other campaigns that said the same in so many days, latest first.

    ``people`` are those of this campaign's audience who have it, or may have.
    """
    if reach.is_everybody:
        # Everybody: the batches have counted them already.
        people, messages, narrowed = f"sum({' + '.join(f'b.{state.label}' for state in GOT)})::bigint", "", ""
    else:
        got = ", ".join(str(state.value) for state in GOT)
        people, narrowed = "count(*)", f"AND {reach.chosen()}"
        messages = f"JOIN message m ON m.batch_id = b.id AND m.state IN ({got}) JOIN contact c ON c.id = m.contact_id"
    rows = session.execute(
        text(f"""
            SELECT k.id, k.name, k.state, max(b.started_at) AS sent_at, {people} AS people
            FROM campaign k JOIN batch b ON b.campaign_id = k.id AND b.started_at > now() - make_interval(days => :days)
            {messages}
            WHERE k.id <> :id AND k.standing IS NULL AND k.text_fingerprint = :print {narrowed}
            GROUP BY k.id HAVING {people} > 0 ORDER BY sent_at DESC LIMIT 5
        """),
        reach.bind(id=reach.campaign_id, days=days, print=campaign.text_fingerprint),
    ).all()
    return [row for row in rows if scope.whole or sees_campaign(session, scope, row.id)]


def lock_form(session: Session, token: UUID) -> None:
    """Let nobody else make a campaign with this form until the transaction ends."""
    key = int.from_bytes(token.bytes[:8], signed=True)
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def find_made_with(session: Session, token: UUID) -> Campaign | None:
    """The campaign a form made, if it has made one."""
    return session.scalars(select(Campaign).where(Campaign.made_with == token)).one_or_none()


def list_sent_campaigns(
    session: Session, keep: Sequence[int], limit: int = 40, *, scope: Scope = WHOLE_CITY
) -> Sequence[Campaign]:
    """People's campaigns that have begun, newest first, and those of ``keep`` whatever their age."""
    begun = select(Campaign.id).where(Campaign.standing.is_(None), Campaign.planned_at.is_not(None))
    begun = begun.where(campaigns_within(scope))
    newest = begun.order_by(Campaign.id.desc()).limit(limit)
    query = select(Campaign).where(or_(Campaign.id.in_(newest), Campaign.id.in_(keep)))
    return session.scalars(query.order_by(Campaign.id.desc())).all()


# Skips from one set of tags to the next: many bear the same.
_TAGS = text("""
    WITH RECURSIVE sets AS (
        (SELECT tags FROM contact WHERE tags IS NOT NULL ORDER BY tags LIMIT 1)
        UNION ALL
        SELECT (SELECT c.tags FROM contact c WHERE c.tags IS NOT NULL AND c.tags > s.tags ORDER BY c.tags LIMIT 1)
        FROM sets s WHERE s.tags IS NOT NULL
    )
    SELECT DISTINCT tag FROM (SELECT tags FROM sets WHERE tags IS NOT NULL LIMIT 2000) s, unnest(s.tags) tag
    ORDER BY tag LIMIT :most
""")


def list_tags(session: Session, most: int = 200) -> list[str]:
    """Tags that people of the register bear."""
    return list(session.execute(_TAGS, {"most": most}).scalars())


def list_people_with(session: Session, roles: Sequence[str]) -> list[str]:
    """Addresses of the active people who hold one of these roles."""
    query = select(User.email).where(User.active, User.roles.any(Role.name.in_(roles))).order_by(User.email)
    return list(session.scalars(query))


# Only who has a message of such a campaign is looked up one by one.
_OVER_CAP = """
    FROM contact c WHERE c.id IN (
        SELECT m.contact_id FROM campaign o JOIN batch b ON b.campaign_id = o.id JOIN message m ON m.batch_id = b.id
        WHERE o.message_class = :cap_class AND o.id <> :campaign AND o.standing IS NULL
          AND (o.state IN ('running', 'paused') OR o.finished_at > now() - interval '24 hours'))
    AND {chosen} AND {reachable} AND {over}
"""


def _over_cap(reach: Reach) -> str:
    assert reach.cap is not None
    return _OVER_CAP.format(chosen=reach.chosen(), reachable=reach.reachable(), over=had_enough(reach.cap))


_FEW = 50_000
"""Messages whose people are looked up one by one; of more, everything is read once and joined."""


# From the whole audience and by a filter of the count: begun with those who got something, of whom the planner expects
# a handful, it would look each of a million up in what it joins.
def _count_many_over_cap(reach: Reach) -> str:
    assert reach.cap is not None
    stays = " AND ".join([is_enough(reach.cap), *(f"NOT ({stage.counted})" for stage in reach.leaving_out())])
    joins = " ".join(stage.join for stage in reach.leaving_out())
    return f"""SELECT count(*) FILTER (WHERE {stays}) FROM contact c
        LEFT JOIN ({got_already(reach.cap)}) got ON got.contact_id = c.id {joins} WHERE {reach.chosen()}"""


def count_over_cap(session: Session, reach: Reach) -> int:
    """Of those who will be sent to, how many have had enough of this class at this moment and would wait."""
    if reach.cap is None:
        return 0
    rivals = count_rival_messages(session, reach.cap, reach.campaign_id)
    if not rivals:
        return 0
    if rivals > _FEW:
        session.execute(ROOM)
    count = _count_many_over_cap(reach) if rivals > _FEW else f"SELECT count(*) {_over_cap(reach)}"
    return int(session.execute(text(count), reach.bind(**reach.cap.bind())).scalar_one())


def list_over_cap(session: Session, reach: Reach, *, after: int, limit: int) -> Sequence[Row[Any]]:
    """(id, phone_cipher, ward_id, carrier) of these, by id, those over ``after``."""
    if reach.cap is None:
        return []
    columns = "SELECT c.id, c.phone_cipher, c.ward_id, c.carrier"
    return session.execute(
        text(f"{columns} {_over_cap(reach)} AND c.id > :after ORDER BY c.id LIMIT :limit"),
        reach.bind(**reach.cap.bind(), after=after, limit=limit),
    ).all()
