"""The plans of the hot statements: through an index, also while a table has grown faster than its statistics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import TextClause, text

from campaigns.store.arrays import int_array, text_array
from campaigns.store.claiming import _claim
from campaigns.store.database import Database
from campaigns.store.delivery import _MENU, _RECORD
from campaigns.store.picking import _PICK
from campaigns.store.reach import Reach
from campaigns.store.receipts import _APPLY, _MATCH
from config.keys import Keyring
from tests.factories import make_campaign, make_gateway

FILL = (
    """INSERT INTO contact (phone_hash, carrier, source)
       SELECT int4send(n), 'viettel', 'x' FROM generate_series(:first + 1, :last) n""",
    """INSERT INTO batch (campaign_id, carrier, size, parts, queued, gateway_id)
       SELECT c.id, 'viettel', 500, 500, 500, g.id
       FROM campaign c, gateway g, generate_series(:first / 500, :last / 500)""",
    """INSERT INTO message (batch_id, seq, contact_id, campaign_id, parts)
       SELECT n / 500 + 1, n % 500 + 1, n, 1, 1 FROM generate_series(:first, :last - 1) n""",
    """INSERT INTO submission (batch_id, gateway_id, seq, part, reference)
       SELECT n / 500 + 1, 1, n % 500 + 1, 0, n::text FROM generate_series(:first, :last - 1) n""",
    """INSERT INTO opt_out (phone_hash, source, evidence, created_by)
       SELECT int4send(n), 'x', 'x', 'x' FROM generate_series(:first + 1, :last) n""",
)
TRIED, GROWN = 50, 30_000
"""People of the first campaign, a trial, and of all after the second. Statistics are made between the two."""

LARGE = ["message", "submission", "batch", "contact", "opt_out"]
REACH = Reach(ward_ids=None, topic="x", honours_refusals=True)
TOKEN = uuid4()
SOME = int_array(range(1, 6))
STATEMENTS: dict[str, tuple[TextClause, dict[str, Any]]] = {
    "menu": (_MENU, {"gateway": 1}),
    "pick": (_PICK, {"gateway": 1, "campaign": 1, "budget": 500.0, "most": 500, "probe": False, "alone": "x"}),
    "claim": (
        _claim(REACH.left_out_now(), REACH.noted_now()),
        {
            "batch": 1, "take": 500, "topic": "x", "kind_topic": "x", "personal": False, "token": TOKEN,
            "worker": "w", "lease": 20.0, "cover": 500,
        },
    ),
    "record": (
        _RECORD,
        {
            "batch": 1, "gateway": 1, "token": TOKEN, "lease": 20.0, "seqs": SOME, "states": SOME,
            "errors": text_array([None] * 5), "tries": SOME, "parts": SOME, "reference_seqs": SOME,
            "reference_parts": SOME, "references": text_array("abcde"),
        },
    ),
    "match": (_MATCH, {"gateway": 1, "references": text_array(map(str, range(5)))}),
    "apply": (
        _APPLY,
        {"batches": SOME, "seqs": SOME, "parts": SOME, "states": SOME, "errors": text_array([None] * 5)},
    ),
}  # fmt: skip


KEPT_AFTER = 10
"""Runs after which driver and server surely keep one plan for a statement."""


def fill(database: Database, first: int, last: int) -> None:
    with database.transaction() as session:
        for statement in FILL:
            session.execute(text(statement), {"first": first, "last": last})


def run_all(database: Database) -> None:
    for statement, parameters in STATEMENTS.values():
        with database.transaction() as session:
            session.execute(statement, parameters)


@pytest.fixture
def grown(database_url: str, keyring: Keyring) -> Iterator[Database]:
    """A worker's database whose tables have grown from nothing since their statistics were made."""
    database = Database(database_url, pool_size=1, by_index=True)
    try:
        with database.transaction() as session:
            make_gateway(session, keyring)
            make_campaign(session)
        fill(database, 0, TRIED)
        with database.transaction() as session:
            session.execute(text("ANALYZE"))
        for _ in range(KEPT_AFTER):
            run_all(database)
        fill(database, TRIED, GROWN)
        yield database
    finally:
        database.close()


def plan(database: Database, name: str) -> str:
    statement, parameters = STATEMENTS[name]
    with database.transaction() as session:
        return "\n".join(session.execute(text(f"EXPLAIN {statement.text}"), parameters).scalars())


def rows_read_whole(database: Database) -> int:
    """Rows of the large tables read without an index, by anybody."""
    with database.transaction() as session:
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    with database.transaction() as session:
        query = text("SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname = ANY(:names)")
        return int(session.execute(query, {"names": LARGE}).scalar_one())


def test_a_plan_kept_from_when_tables_were_small_reads_none_of_them_whole(grown: Database) -> None:
    before = rows_read_whole(grown)
    run_all(grown)
    assert rows_read_whole(grown) == before


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_large_table_is_read_whole(grown: Database, name: str) -> None:
    found = plan(grown, name)
    assert not re.search(f"Seq Scan on ({'|'.join(LARGE)})", found), found


def test_a_receipt_is_looked_up_by_its_reference_and_not_among_all_of_its_gateway(grown: Database) -> None:
    assert re.search(r"Index Cond: .*reference", plan(grown, "match"))


def test_messages_are_updated_through_their_key(grown: Database) -> None:
    for name in ("claim", "record", "apply"):
        assert "pk_message" in plan(grown, name), name
