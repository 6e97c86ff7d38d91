"""The health of gateways as it is kept: one row an account, and every change with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from campaigns.gateways.breaker import Change, Health, State
from campaigns.models import Gateway, GatewayChange, GatewayHealth


def _read(row: GatewayHealth | None) -> Health:
    if row is None:
        return Health()
    return Health(
        State(row.state),
        row.retry_at,
        row.rests,
        row.in_a_row,
        row.binds_refused,
        tuple((answers, failures) for answers, failures in row.recent),
        row.demoted_until,
    )


def read_health(session: Session, gateway_id: int) -> Health:
    """How an account stands, as it was last written down."""
    return _read(session.get(GatewayHealth, gateway_id))


def lock_health(session: Session, gateway_id: int) -> tuple[Health, datetime]:
    """How an account stands, locked until the transaction ends, and the database's time."""
    session.execute(
        text("INSERT INTO gateway_health (gateway_id) VALUES (:g) ON CONFLICT DO NOTHING"), {"g": gateway_id}
    )
    row = session.scalars(
        select(GatewayHealth)
        .where(GatewayHealth.gateway_id == gateway_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    # Not now(), which stood still while another held the lock.
    return _read(row), session.execute(text("SELECT clock_timestamp()")).scalar_one()


def write_health(session: Session, gateway_id: int, health: Health, change: Change | None, now: datetime) -> None:
    """Write down how a locked account stands, and what changed."""
    row = session.get_one(GatewayHealth, gateway_id)
    row.state, row.retry_at, row.rests = health.state.value, health.retry_at, health.rests
    row.in_a_row, row.binds_refused = health.in_a_row, health.binds_refused
    row.recent, row.demoted_until = [list(stretch) for stretch in health.recent], health.demoted_until
    if change is not None:
        row.since, row.cause, row.times, row.error = now, change.cause.value, change.count, change.error[:500]
        session.add(
            GatewayChange(
                gateway_id=gateway_id,
                at=now,
                state=str(change.state),
                cause=change.cause.value,
                times=change.count,
                error=change.error[:500],
            )
        )
    session.flush()


def is_bound(session: Session, gateway_id: int, *, but: tuple[str, int]) -> bool:
    """Whether a session of the account is open in some worker, other than (worker, slot)."""
    found = session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM gateway_session WHERE gateway_id = :g AND state IN ('bound', 'throttled')"
            " AND seen_at > now() - interval '15 seconds' AND (worker, slot) <> (:worker, :slot))"
        ),
        {"g": gateway_id, "worker": but[0], "slot": but[1]},
    )
    return bool(found.scalar())


def list_health(session: Session) -> dict[int, Row[Any]]:
    """(gateway_id, state, since, cause, times, error, retry_at, demoted) of every account that ever failed, by id."""
    rows = session.execute(
        text(
            "SELECT gateway_id, state, since, cause, times, error, retry_at,"
            " coalesce(demoted_until > now(), false) AS demoted FROM gateway_health"
        )
    )
    return {row.gateway_id: row for row in rows}


def list_changes(session: Session, gateway_id: int, *, limit: int = 50) -> Sequence[GatewayChange]:
    """What changed in the health of an account, the latest first."""
    return session.scalars(
        select(GatewayChange)
        .where(GatewayChange.gateway_id == gateway_id)
        .order_by(GatewayChange.id.desc())
        .limit(limit)
    ).all()


def list_latest_changes(session: Session, *, limit: int = 10) -> Sequence[tuple[str, GatewayChange]]:
    """(name, change) of the latest changes in the health of any account."""
    rows = session.execute(
        select(Gateway.name, GatewayChange).join(Gateway).order_by(GatewayChange.id.desc()).limit(limit)
    )
    return [(name, change) for name, change in rows]
