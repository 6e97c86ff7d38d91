"""Telecom gateways: accounts, routes, and the sessions that are open now."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Numeric, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models.base import Base


class Gateway(Base):
    """One account at a telco or an aggregator."""

    __tablename__ = "gateway"

    id: Mapped[int] = mapped_column(SmallInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    adapter: Mapped[str]
    """Entry point name in the group ``loa.gateways``: ``smpp``."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The adapter's settings without its secrets."""
    secrets: Mapped[bytes]
    """The adapter's secret settings as JSON, encrypted; write-only for people."""
    tps: Mapped[Decimal] = mapped_column(Numeric(9, 4))
    """Limit of the account in message parts per second, over all workers."""
    binds: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """Sessions of the account over all workers."""
    enabled: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")
    """Raised by every change, so that open sessions know they are out of date."""
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """When it was last added, changed or switched: what waits may belong elsewhere now."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Route(Base):
    """Which gateway carries the subscribers of a carrier (``*``: of any); ``campaigns.store.routes`` chooses."""

    __tablename__ = "route"

    carrier: Mapped[str] = mapped_column(primary_key=True)
    gateway_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("gateway.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """The lowest position that works carries all; gateways at one position share."""
    weight: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """Its share among the gateways at its position."""


class GatewayHealth(Base):
    """How an account has been answering, over all workers; no row while nothing ever failed."""

    __tablename__ = "gateway_health"

    gateway_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("gateway.id"), primary_key=True)
    state: Mapped[str] = mapped_column(server_default="closed")
    """``campaigns.gateways.breaker.State``."""
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    cause: Mapped[str] = mapped_column(server_default="")
    """``campaigns.gateways.breaker.Cause`` of the last change."""
    times: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str] = mapped_column(server_default="")
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Open: when it is tried again. Half open: when the probe is given up."""
    rests: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Times it was opened since it last worked."""
    in_a_row: Mapped[int] = mapped_column(server_default="0")
    binds_refused: Mapped[int] = mapped_column(server_default="0")
    recent: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """(answers, failures) of the latest stretches, oldest first."""
    demoted_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class GatewayChange(Base):
    """A change in the health of an account, with its reason. Append-only."""

    __tablename__ = "gateway_change"
    __table_args__ = (Index("ix_gateway_change_gateway_id_id", "gateway_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    gateway_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("gateway.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[str]
    """``campaigns.gateways.breaker.State``, or ``demoted``."""
    cause: Mapped[str]
    times: Mapped[int]
    error: Mapped[str]


class GatewaySession(Base):
    """One open (or trying) session of a gateway in one worker process, as its worker last saw it."""

    __tablename__ = "gateway_session"

    gateway_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("gateway.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    worker: Mapped[str]
    state: Mapped[str]
    """``connecting``, ``bound``, ``throttled`` or ``down``."""
    reason: Mapped[str]
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
