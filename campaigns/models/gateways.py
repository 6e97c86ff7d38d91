"""Telecom gateways: accounts, routes, and the sessions that are open now."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Identity, Numeric, SmallInteger, func, text
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
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Route(Base):
    """Which gateway carries the subscribers of a carrier; the lowest enabled position wins. ``*`` is any carrier."""

    __tablename__ = "route"

    carrier: Mapped[str] = mapped_column(primary_key=True)
    gateway_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("gateway.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")


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
