"""Freezing an audience into batches and messages: one INSERT … SELECT a page, of one large ward or several small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.store.reach import Reach
from campaigns.store.routes import SHARES, choice

# LATERAL … OFFSET 0 reads each ward by its index; joined freely, the planner may read the whole register for a page.
_OF_WARDS = """
    SELECT c.id, c.carrier, c.ward_id, w.parts
    FROM unnest(CAST(:wards AS smallint[]), CAST(:afters AS bigint[]), CAST(:uptos AS bigint[]),
                CAST(:part_counts AS smallint[])) AS w(ward_id, after, upto, parts)
    CROSS JOIN LATERAL (SELECT * FROM contact
                        WHERE ward_id = w.ward_id AND id > w.after AND id <= w.upto OFFSET 0) c
    WHERE """

_OF_NO_WARD = """
    SELECT c.id, c.carrier, c.ward_id, CAST(:parts AS smallint) AS parts FROM contact c
    WHERE c.ward_id IS NULL AND c.id > :after AND c.id <= :upto AND """

_OF_LIST = """
    SELECT c.id, c.carrier, CAST(:ward AS smallint) AS ward_id, x.parts
    FROM unnest(CAST(:ids AS bigint[]), CAST(:part_counts AS smallint[])) AS x(id, parts)
    JOIN contact c ON c.id = x.id WHERE """


# Costs a look into the messages for each person, so it is asked for only where somebody turned up a second time.
_UNPLANNED = """
    AND NOT EXISTS (SELECT 1 FROM message m WHERE m.contact_id = c.id AND m.campaign_id = :campaign AND m.occasion = 0)
"""


# Batch ids are drawn before the batches are written, so that one statement can write both tables.
# Its gateway is the carrier's of this moment; none leaves the batch waiting for a route.
def _insert(page: str, rules: PlanRules) -> str:
    return f"""
    WITH page AS ({page} {rules.reach.reachable()} {_UNPLANNED if rules.skip_planned else ""}),
    numbered AS (
        SELECT id, ward_id, carrier, parts,
               (row_number() OVER (PARTITION BY ward_id, carrier ORDER BY id) - 1)::int AS n FROM page
    ), batches AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('batch', 'id')) AS batch_id, ward_id, carrier, slot, size, parts
        FROM (SELECT ward_id, carrier, n / :batch_size AS slot, count(*) AS size, sum(parts) AS parts
              FROM numbered GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) sized
    ), {SHARES}, made AS (
        INSERT INTO batch (id, campaign_id, gateway_id, ward_id, carrier, size, parts, queued)
        SELECT b.batch_id, :campaign, share.gateway_id, b.ward_id, b.carrier, b.size, b.parts, b.size
        FROM batches b {choice("b.batch_id")}
    )
    INSERT INTO message (batch_id, seq, contact_id, campaign_id, parts)
    SELECT b.batch_id, n.n % :batch_size + 1, n.id, :campaign, n.parts
    FROM numbered n
    JOIN batches b ON coalesce(b.ward_id, 0) = coalesce(n.ward_id, 0) AND b.carrier = n.carrier
                      AND b.slot = n.n / :batch_size
    """


_SAME_WARD = "c.ward_id = :ward"
_NO_WARD = "c.ward_id IS NULL AND CAST(:ward AS smallint) IS NULL"


@dataclass(frozen=True, slots=True)
class PlanRules:
    """What decides who gets a message of a campaign."""

    campaign_id: int
    reach: Reach
    batch_size: int
    skip_planned: bool = False
    """Leave out who has a message already: people who moved to a later ward while the audience was being frozen."""

    def bind(self, **more: Any) -> dict[str, Any]:
        """Parameters of the statements here."""
        return self.reach.bind(campaign=self.campaign_id, batch_size=self.batch_size, **more)


def page_end(session: Session, ward_id: int | None, after: int, page: int) -> int | None:
    """The id of the last contact of the next page of a ward, None where no contact is left."""
    where = _SAME_WARD if ward_id is not None else _NO_WARD
    last: int | None = session.execute(
        text(
            f"SELECT max(id) FROM (SELECT c.id FROM contact c WHERE {where} AND c.id > :after"
            " ORDER BY c.id LIMIT :page) AS next"
        ),
        {"ward": ward_id, "after": after, "page": page},
    ).scalar_one()
    return last


@dataclass(frozen=True, slots=True)
class Stretch:
    """Contacts of one ward with ids in (after, upto]."""

    ward_id: int | None
    after: int
    upto: int
    """``after`` where there is nobody."""
    ends: bool
    """Whether nobody of the ward comes after them."""


# One ward after the other until the page is full: the wards behind are not even looked at.
_PAGE = text("""
    WITH RECURSIVE taken AS (
        SELECT 0 AS place, CAST(NULL AS bigint) AS last, 0::bigint AS here, 0::bigint AS total, true AS ends
        UNION ALL
        SELECT t.place + 1, n.last, n.here, t.total + n.here, n.here < :page - t.total
        FROM taken t
        CROSS JOIN LATERAL (
            SELECT max(id) AS last, count(*) AS here
            FROM (SELECT c.id FROM contact c
                  WHERE c.ward_id = (CAST(:wards AS smallint[]))[t.place + 1]
                    AND c.id > CASE t.place WHEN 0 THEN :after ELSE 0 END
                  ORDER BY c.id LIMIT :page - t.total) next) n
        WHERE t.ends AND t.place < cardinality(CAST(:wards AS smallint[]))
    )
    SELECT place, last, ends FROM taken WHERE place = 1 OR (place > 1 AND ends) ORDER BY place
""")


def next_page(session: Session, ward_ids: Sequence[int | None], after: int, page: int) -> list[Stretch]:
    """The next contacts to plan, at most ``page``: part of the first ward, or it and as many more as fit whole.

    Of the first ward only ids over ``after`` count. Contacts without a ward make a page of their own.
    """
    if ward_ids[0] is None:
        last = page_end(session, None, after, page)
        return [Stretch(None, after, last or after, last is None)]
    wards = list(takewhile(lambda ward: ward is not None, ward_ids))
    stretches = []
    for place, last, ends in session.execute(_PAGE, {"wards": wards, "after": after, "page": page}):
        begin = after if place == 1 else 0
        stretches.append(Stretch(wards[place - 1], begin, last or begin, ends))
    return stretches


def plan_stretches(session: Session, rules: PlanRules, page: Sequence[Stretch], parts: Sequence[int]) -> int:
    """Plan the contacts of a page, with one number of parts for each stretch; returns how many."""
    people = [(stretch, count) for stretch, count in zip(page, parts, strict=True) if stretch.upto > stretch.after]
    if not people:
        return 0
    if people[0][0].ward_id is None:
        [(rest, count)] = people
        statement = _insert(_OF_NO_WARD, rules)
        values: dict[str, Any] = {"after": rest.after, "upto": rest.upto, "parts": count}
    else:
        statement = _insert(_OF_WARDS, rules)
        values = {
            "wards": [stretch.ward_id for stretch, _ in people],
            "afters": [stretch.after for stretch, _ in people],
            "uptos": [stretch.upto for stretch, _ in people],
            "part_counts": [count for _, count in people],
        }
    return session.execute(text(statement), rules.bind(**values)).rowcount  # type: ignore[attr-defined,no-any-return]


def plan_listed(
    session: Session, rules: PlanRules, ward_id: int | None, ids: Sequence[int], part_counts: Sequence[int]
) -> int:
    """Plan the listed contacts of one ward, each with its own number of parts; returns how many."""
    if not ids:
        return 0
    result = session.execute(
        text(_insert(_OF_LIST, rules)), rules.bind(ward=ward_id, ids=list(ids), part_counts=list(part_counts))
    )
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def read_page(session: Session, reach: Reach, ward_id: int | None, after: int, upto: int) -> Sequence[Row[Any]]:
    """(id, carrier, name_cipher, attributes) of the reachable contacts of a page, for texts that differ by person."""
    where = _SAME_WARD if ward_id is not None else _NO_WARD
    return session.execute(
        text(
            "SELECT c.id, c.carrier, c.name_cipher, c.attributes FROM contact c"
            f" WHERE {where} AND c.id > :after AND c.id <= :upto AND {reach.reachable()} ORDER BY c.id"
        ),
        reach.bind(ward=ward_id, after=after, upto=upto),
    ).all()


def list_wards_of_unplanned(session: Session, rules: PlanRules, since: str) -> list[int | None]:
    """Wards of the audience in which somebody whose data changed since (ISO time) is reached and has no message."""
    wards = rules.reach.ward_ids
    own = "true" if wards is None else "c.ward_id = ANY(:reach_wards)"
    rows = session.execute(
        text(
            f"SELECT DISTINCT c.ward_id FROM contact c WHERE {own} AND c.updated_at > CAST(:since AS timestamptz)"
            f" AND {rules.reach.reachable()} {_UNPLANNED} ORDER BY 1 NULLS LAST"
        ),
        rules.bind(since=since),
    )
    return list(rows.scalars())
