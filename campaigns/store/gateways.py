"""Gateways, their routes, and the sessions workers keep open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from campaigns.errors import NotFound
from campaigns.models import Gateway, GatewayChange, GatewayHealth, GatewaySession, Route
from config.keys import Keyring


def list_gateways(session: Session, *, enabled_only: bool = False) -> Sequence[Gateway]:
    """All gateways by name."""
    query = select(Gateway).order_by(Gateway.name)
    return session.scalars(query.where(Gateway.enabled) if enabled_only else query).all()


def get_gateway(session: Session, name: str) -> Gateway:
    """The gateway called ``name``.

    Raises:
        NotFound: there is none.
    """
    gateway = session.scalars(select(Gateway).where(Gateway.name == name)).one_or_none()
    if gateway is None:
        known = ", ".join(g.name for g in list_gateways(session)) or "—"
        raise NotFound(
            "Không có cổng “{name}”. Đang có: {known}.",
            "There is no gateway “{name}”. There are: {known}.",
            name=name,
            known=known,
        )
    return gateway


def lock_gateway(session: Session, name: str) -> Gateway:
    """The gateway called ``name``, freshly read and locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    gateway = get_gateway(session, name)
    session.refresh(gateway, with_for_update=True)
    return gateway


_CARRIED = text("""
    SELECT EXISTS (SELECT 1 FROM batch WHERE gateway_id = :g)
        OR EXISTS (SELECT 1 FROM inbound_message WHERE gateway_id = :g)
        OR EXISTS (SELECT 1 FROM parked_receipt WHERE gateway_id = :g)
        OR EXISTS (SELECT 1 FROM test_message WHERE gateway_id = :g)
""")


def has_carried(session: Session, gateway_id: int) -> bool:
    """Whether anything ever went through the gateway, waits for it, or came from it."""
    return bool(session.execute(_CARRIED, {"g": gateway_id}).scalar())


def delete_account(session: Session, gateway_id: int) -> None:
    """Delete a gateway and what is known about it alone."""
    for table in (Route, GatewaySession, GatewayHealth, GatewayChange):
        session.execute(delete(table).where(table.gateway_id == gateway_id))
    session.execute(delete(Gateway).where(Gateway.id == gateway_id))


SLOT_CLASS = 0x10A
"""Advisory locks that are bind slots."""
MOST_BINDS = 64


def slot_key(gateway_id: int, slot: int) -> int:
    """The key of a bind slot among the locks of ``SLOT_CLASS``."""
    return gateway_id * MOST_BINDS + slot


def borrow_slot(session: Session, gateway_id: int, binds: int) -> bool:
    """Hold one of the account's bind slots until the transaction ends; False where workers hold them all."""
    lock = text("SELECT pg_try_advisory_xact_lock(:c, :k)")
    return any(
        session.execute(lock, {"c": SLOT_CLASS, "k": slot_key(gateway_id, slot)}).scalar()
        for slot in range(min(binds, MOST_BINDS))
    )


def seal_secrets(keyring: Keyring, secrets: Mapping[str, Any]) -> bytes:
    """Secret settings as they are stored."""
    return keyring.encrypt(json.dumps(dict(secrets)).encode())


def open_secrets(keyring: Keyring, gateway: Gateway) -> dict[str, Any]:
    """Secret settings in the clear, for opening a session and for keeping them when others change; never shown."""
    opened: dict[str, Any] = json.loads(keyring.decrypt(gateway.secrets))
    return opened


def replace_routes(session: Session, gateway_id: int, carriers: Mapping[str, int | None]) -> None:
    """Let the gateway carry exactly these carriers, each with the weight it shares by.

    Without a weight it stands behind the gateways that carry the carrier already, and takes over when they fail;
    with one it stands beside the first of them.
    """
    session.execute(delete(Route).where(Route.gateway_id == gateway_id))
    for carrier, weight in carriers.items():
        first, behind = session.execute(
            text("SELECT coalesce(min(position), 0), coalesce(max(position) + 1, 0) FROM route WHERE carrier = :c"),
            {"c": carrier},
        ).one()
        position = behind if weight is None else first
        session.add(Route(carrier=carrier, gateway_id=gateway_id, position=position, weight=weight or 1))
    session.flush()


Way = tuple[int, int]
"""(position, weight) of a gateway on the route of a carrier: the lowest position that works carries all."""


def write_routes(session: Session, gateway_id: int, routes: Mapping[str, Way]) -> None:
    """Let the gateway carry exactly these carriers, each at this place and with this weight."""
    session.execute(delete(Route).where(Route.gateway_id == gateway_id))
    session.add_all(
        Route(carrier=carrier, gateway_id=gateway_id, position=position, weight=weight)
        for carrier, (position, weight) in routes.items()
    )
    session.flush()


def list_routes(session: Session) -> Sequence[Route]:
    """Every route, by carrier and position."""
    return session.scalars(select(Route).order_by(Route.carrier, Route.position, Route.gateway_id)).all()


def set_enabled(session: Session, name: str, enabled: bool) -> Gateway:
    """Switch a gateway on or off.

    Switched off, batches waiting for it go back to their carrier's route and find the next gateway; what is left of
    those that were begun follows with the next tick.
    """
    gateway = get_gateway(session, name)
    gateway.enabled = enabled
    mark_changed(session, gateway)
    if not enabled:
        session.execute(
            text(
                "UPDATE batch SET gateway_id = NULL"
                " WHERE gateway_id = :g AND state = 'ready' AND queued + suppressed = size"
            ),
            {"g": gateway.id},
        )
    return gateway


def mark_changed(session: Session, gateway: Gateway) -> None:
    """Let workers open its sessions anew, and the tick look where ready batches belong now."""
    gateway.version += 1
    gateway.changed_at = session.execute(text("SELECT now()")).scalar_one()
    session.flush()


def list_sessions(session: Session, *, seen_within: float = 15.0) -> Sequence[GatewaySession]:
    """Sessions whose worker gave a sign of life within so many seconds."""
    query = (
        select(GatewaySession)
        .where(GatewaySession.seen_at > text("now() - make_interval(secs => :secs)").bindparams(secs=seen_within))
        .order_by(GatewaySession.gateway_id, GatewaySession.slot)
    )
    return session.scalars(query).all()


_NOTE = text("""
    INSERT INTO gateway_session AS s (gateway_id, slot, worker, state, reason, since, seen_at)
    VALUES (:gateway, :slot, :worker, :state, :reason, now(), now())
    ON CONFLICT (gateway_id, slot) DO UPDATE SET worker = excluded.worker, state = excluded.state,
        reason = excluded.reason, seen_at = now(),
        since = CASE WHEN s.state = excluded.state THEN s.since ELSE now() END
""")


def note_session(session: Session, gateway_id: int, slot: int, worker: str, state: str, reason: str) -> None:
    """Write down how a session stands; also the sign of life of its worker."""
    session.execute(
        _NOTE, {"gateway": gateway_id, "slot": slot, "worker": worker, "state": state, "reason": reason[:500]}
    )


def forget_session(session: Session, gateway_id: int, slot: int, worker: str) -> None:
    """Remove the row of a session that was closed in good order."""
    session.execute(
        delete(GatewaySession).where(
            GatewaySession.gateway_id == gateway_id, GatewaySession.slot == slot, GatewaySession.worker == worker
        )
    )
