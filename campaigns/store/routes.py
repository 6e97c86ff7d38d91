"""Which gateway carries a batch: one choice, used when batches are made and whenever they have to move.

A carrier's own routes come before those of any carrier (``*``), a lower position before a higher one. Gateways that
work come before those that were demoted, and these before those that rest; where nothing else is left the last one
carries on. Gateways at one position share by weight; a demoted one among them is left a tenth of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.store.opening import INSIDE_WINDOW

SHARES = """
    named AS (
        SELECT DISTINCT carrier FROM route
    ), candidate AS (
        SELECT k.carrier, r.gateway_id, r.weight, r.carrier = '*' AS anybodys, r.position,
               CASE WHEN h.state <> 'closed' THEN 2 WHEN h.demoted_until > now() THEN 1 ELSE 0 END AS standing
        FROM (SELECT carrier FROM named UNION SELECT '*') k
        JOIN route r ON r.carrier IN (k.carrier, '*')
        JOIN gateway g ON g.id = r.gateway_id AND g.enabled
        LEFT JOIN gateway_health h ON h.gateway_id = g.id
    ), beside AS (
        SELECT *, min(standing) OVER (PARTITION BY carrier, anybodys, position) AS best FROM candidate
    ), ordered AS (
        SELECT *, rank() OVER (PARTITION BY carrier ORDER BY best, anybodys, position) AS place FROM beside
    ), weighed AS (
        SELECT carrier, gateway_id, weight * CASE WHEN standing > best THEN 1 ELSE 10 END AS weight
        FROM ordered WHERE place = 1 AND (standing < 2 OR best = 2)
    ), share AS (
        SELECT carrier, gateway_id, sum(weight) OVER upto - weight AS low, sum(weight) OVER upto AS high,
               sum(weight) OVER (PARTITION BY carrier) AS total
        FROM weighed WINDOW upto AS (PARTITION BY carrier ORDER BY gateway_id)
    )
"""
"""``WITH`` items ending in ``share``: for every carrier that has a route, and ``*`` for all others, the gateways that
carry it now, each with its stretch [low, high) of ``total``."""


def choice(batch_id: str = "b.id") -> str:
    """Joins of batches ``b`` with their ``share``; none where nobody carries them.

    Multiplied by the golden ratio of 2³², ids that follow each other, or come in steps, fall evenly over the whole.
    """
    point = f"((({batch_id} & 2147483647) * 2654435761 & 4294967295) * share.total >> 32)"
    return f"""
        LEFT JOIN named ON named.carrier = b.carrier
        LEFT JOIN share ON share.carrier = coalesce(named.carrier, '*')
                       AND {point} >= share.low AND {point} < share.high
    """


_ALIVE = "s.state IN ('bound', 'throttled') AND s.seen_at > now() - interval '15 seconds'"

_PROBED = f"""
    probed AS (
        SELECT h.gateway_id FROM gateway_health h
        WHERE (h.state = 'half-open' OR (h.state = 'open' AND h.retry_at <= now()))
          AND EXISTS (SELECT 1 FROM gateway_session s WHERE s.gateway_id = h.gateway_id AND {_ALIVE})
    )
"""
"""Gateways that are being tried with a message, or are about to be."""

_PINNED = "campaign_id IN (SELECT campaign_id FROM test_message WHERE gateway_id IS NOT NULL)"
"""A message that tries one gateway goes by that one or not at all. So few that they are read whole, and hashed."""

_LOST = f"""
    SELECT id FROM batch WHERE gateway_id IS NULL AND NOT {_PINNED}
    UNION ALL
    SELECT b.id FROM gateway off JOIN batch b ON b.gateway_id = off.id AND b.state = 'ready'
    WHERE NOT off.enabled AND NOT b.{_PINNED}
"""
_ASTRAY = f"""
    SELECT id FROM batch WHERE state = 'ready' AND gateway_id NOT IN (SELECT gateway_id FROM probed) AND NOT {_PINNED}
"""

_UNSENT = "b.queued + b.suppressed = b.size"


def _move(among: str) -> str:
    # A batch none of which went out moves as it is. What waited for the old gateway need not wait for the new one.
    return f"""
        WITH {SHARES}, {_PROBED}, among AS ({among}),
        picked AS (
            SELECT b.id, share.gateway_id FROM among JOIN batch b ON b.id = among.id {choice()}
            WHERE share.gateway_id IS NOT NULL
              AND (b.gateway_id IS NULL OR (b.gateway_id <> share.gateway_id AND b.state = 'ready' AND {_UNSENT}))
            ORDER BY b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED
        )
        UPDATE batch b SET gateway_id = picked.gateway_id,
               not_before = CASE WHEN b.gateway_id IS NULL THEN b.not_before END
        FROM picked WHERE b.id = picked.id
    """


def _split(among: str, only: str = "true") -> str:
    # What went out stays behind, above all what is unknown: its receipt comes from the old gateway, and delivery by
    # gateway stays true. Where unknown messages are sent again one that is queued may still get an older receipt,
    # which knows it by its old batch; such a batch waits for its own gateway while that only rests.
    return f"""
        WITH {SHARES}, {_PROBED}, among AS ({among}),
        picked AS (
            SELECT b.id, share.gateway_id FROM among JOIN batch b ON b.id = among.id
            JOIN campaign c ON c.id = b.campaign_id {choice()}
            WHERE b.gateway_id <> share.gateway_id AND b.state = 'ready' AND b.queued > 0 AND NOT ({_UNSENT})
              AND {only}
            ORDER BY b.id LIMIT :most FOR UPDATE OF b SKIP LOCKED
        ), drawn AS MATERIALIZED (
            SELECT id, gateway_id, nextval(pg_get_serial_sequence('batch', 'id')) AS new_id FROM picked
        ), moved AS (
            UPDATE message m SET batch_id = drawn.new_id FROM drawn
            WHERE m.batch_id = drawn.id AND m.state = {MessageState.QUEUED.value}
            RETURNING drawn.id, m.parts, m.retry_until
        ), counted AS (
            SELECT id, count(*) AS people, sum(parts) AS parts, min(retry_until) AS retry_until FROM moved GROUP BY id
        ), made AS (
            INSERT INTO batch (id, campaign_id, gateway_id, ward_id, carrier, size, parts, queued, retry_until)
            SELECT drawn.new_id, b.campaign_id, drawn.gateway_id, b.ward_id, b.carrier, counted.people, counted.parts,
                   counted.people, counted.retry_until
            FROM drawn JOIN counted USING (id) JOIN batch b USING (id)
        )
        UPDATE batch b SET size = b.size - counted.people, parts = b.parts - counted.parts,
               queued = b.queued - counted.people, state = 'done', not_before = NULL, retry_until = NULL
        FROM counted WHERE b.id = counted.id
    """


_ROUTE, _ROUTE_REST = text(_move(_LOST)), text(_split(_LOST))
_ALIGN, _ALIGN_REST = text(_move(_ASTRAY)), text(_split(_ASTRAY, "c.unknown_policy = 'never'"))

_SPLIT_AT_ONCE = 50
"""Batches cut in two by one statement: each may move 500 messages."""


def route_batches(session: Session, *, most: int = 2000) -> int:
    """Give batches without an enabled gateway the one that carries them now; returns how many."""
    whole = session.execute(_ROUTE, {"most": most}).rowcount  # type: ignore[attr-defined]
    cut = session.execute(_ROUTE_REST, {"most": _SPLIT_AT_ONCE}).rowcount  # type: ignore[attr-defined]
    return int(whole + cut)


def align_batches(session: Session, *, most: int = 2000) -> int:
    """Bring ready batches from a gateway that rests to the next one of their route, and back; returns how many.

    Looks at every ready batch, so it is for moments when something changed (``routes_changed``).
    """
    whole = session.execute(_ALIGN, {"most": most}).rowcount  # type: ignore[attr-defined]
    cut = session.execute(_ALIGN_REST, {"most": _SPLIT_AT_ONCE}).rowcount  # type: ignore[attr-defined]
    return int(whole + cut)


def routes_changed(session: Session, *, within: float) -> bool:
    """Whether the health of a gateway, its settings or its routes changed in the last so many seconds."""
    found = session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM gateway_health WHERE since > now() - make_interval(secs => :secs))"
            " OR EXISTS (SELECT 1 FROM gateway WHERE changed_at > now() - make_interval(secs => :secs))"
        ),
        {"secs": within},
    )
    return bool(found.scalar())


_SENDABLE = f"""b.state = 'ready' AND (b.not_before IS NULL OR b.not_before <= now())
    AND c.state = 'running' AND {INSIDE_WINDOW}"""

_LEND = text(f"""
    WITH {_PROBED}, picked AS (
        SELECT probed.gateway_id, lent.id FROM probed JOIN gateway g ON g.id = probed.gateway_id AND g.enabled
        CROSS JOIN LATERAL (
            SELECT b.id FROM batch b JOIN campaign c ON c.id = b.campaign_id
            WHERE {_SENDABLE} AND {_UNSENT} AND NOT b.{_PINNED} AND EXISTS (
                SELECT 1 FROM route r WHERE r.gateway_id = g.id AND r.carrier IN (b.carrier, '*'))
            LIMIT 1 FOR UPDATE OF b SKIP LOCKED
        ) lent
        WHERE NOT EXISTS (SELECT 1 FROM batch b JOIN campaign c ON c.id = b.campaign_id
                          WHERE b.gateway_id = g.id AND (b.state = 'leased' OR ({_SENDABLE})))
    )
    UPDATE batch b SET gateway_id = picked.gateway_id FROM picked WHERE b.id = picked.id
""")


def lend_batches(session: Session) -> int:
    """Give every gateway that is due for its probe, and has nothing to send, one ready batch of its carriers."""
    return session.execute(_LEND).rowcount  # type: ignore[attr-defined,no-any-return]


_READ_SHARES = text(f"""
    WITH {SHARES}
    SELECT share.carrier, g.name, g.tps::float AS tps, (share.high - share.low)::float / share.total AS part,
           coalesce(h.state, 'closed') AS state,
           (SELECT count(*) FROM campaign o WHERE o.state = 'running' AND o.priority = :priority
              AND EXISTS (SELECT 1 FROM batch x
                          WHERE x.gateway_id = g.id AND x.campaign_id = o.id AND x.state = 'ready')) AS others
    FROM share JOIN gateway g ON g.id = share.gateway_id
    LEFT JOIN gateway_health h ON h.gateway_id = g.id
    ORDER BY share.carrier, g.name
""")


def read_shares(session: Session, priority: int) -> Sequence[Row[Any]]:
    """(carrier, name, tps, part, state, others): which gateways would carry each carrier now, and what part of it.

    The carrier ``*`` stands for all without a route of their own. ``others`` are the running campaigns of this
    priority that use the gateway too.
    """
    return session.execute(_READ_SHARES, {"priority": priority}).all()
