"""What every worker asks all the time stays cheap however much there is: counted in pages read, not in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from campaigns.store import delivery, picking
from campaigns.store.database import Database

GATEWAYS, CAMPAIGNS, BATCHES, DONE = 20, 50, 20_000, 60_000
"""Ready: ten million messages in fifty campaigns. Done: three times as many."""


@pytest.fixture
def much(database: Database) -> Callable[..., int]:
    """Pages that a statement reads in a large database."""
    with database.transaction() as session:
        for statement in (
            "INSERT INTO gateway (name, adapter, secrets, tps)"
            f" SELECT 'g' || n, 'smpp', '', 100 FROM generate_series(1, {GATEWAYS}) n",
            "INSERT INTO gateway_session (gateway_id, slot, worker, state, reason)"
            " SELECT id, 0, 'w', 'bound', '' FROM gateway",
            "INSERT INTO template (slug, title, topic, message_class) VALUES ('x', 'x', 'x', 'thong-bao')",
            "INSERT INTO template_version (template_id, number, body_marked, body_plain, origin, content_hash,"
            " created_by) SELECT id, 1, 'x', 'x', 'console', '', 'x' FROM template",
            "INSERT INTO campaign (name, template_version_id, message_class, topic, audience, created_by, edited_by,"
            " state, planned_at, window_start, window_end)"
            " SELECT 'c', v.id, 'thong-bao', 'x', '{}', 'x', 'x',"
            f" CASE WHEN n <= {CAMPAIGNS} THEN 'running' ELSE 'finished' END, now(), '00:00', '00:00'"
            f" FROM template_version v, generate_series(1, {CAMPAIGNS * 4}) n",
            "INSERT INTO batch (campaign_id, gateway_id, ward_id, carrier, state, size, parts, delivered)"
            f" SELECT n % {CAMPAIGNS * 4} + 1, n % {GATEWAYS} + 1, n % 56, 'viettel', 'done', 500, 500, 500"
            f" FROM generate_series(1, {DONE}) n",
            "INSERT INTO batch (campaign_id, gateway_id, ward_id, carrier, size, parts, queued)"
            f" SELECT n % {CAMPAIGNS} + 1, n / 50 % {GATEWAYS} + 1, n / 300 % 56, 'viettel', 500, 500, 500"
            f" FROM generate_series(1, {BATCHES}) n",
        ):
            session.execute(text(statement))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))

    def pages(statement: TextClause, **values: Any) -> int:
        with database.transaction() as session:
            plan = session.execute(
                text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}"), values
            ).scalar_one()
        root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        return int(root["Shared Hit Blocks"]) + int(root["Shared Read Blocks"])

    return pages


def test_the_menu_looks_once_into_each_running_campaign(much: Callable[..., int]) -> None:
    assert much(delivery._MENU, gateway=1) < 6 * CAMPAIGNS, "and once for others of its class"


def test_the_beat_stops_at_the_first_work_of_each_gateway(much: Callable[..., int]) -> None:
    assert much(delivery._WITH_WORK) < 5 * GATEWAYS * CAMPAIGNS


def test_a_claim_finds_its_batch_at_once(much: Callable[..., int]) -> None:
    assert much(picking._PICK, gateway=1, campaign=20, budget=100.0, most=500, probe=False, alone="thong-bao") < 40


def test_of_a_campaign_that_keeps_a_pace_only_its_own_batches_are_looked_at(much: Callable[..., int]) -> None:
    assert much(picking._PICK_PACED, gateway=1, campaign=20, probe=False, alone=None) < 5 * BATCHES // CAMPAIGNS
