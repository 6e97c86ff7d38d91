"""Addresses for machines: is it well, and its figures."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from admin.console.context import console, reading
from campaigns.store import console as store

blueprint = Blueprint("ops", __name__)


def _works(check: Callable[[], Any]) -> bool:
    try:
        check()
    except (RedisError, SQLAlchemyError):
        return False
    return True


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """Whether the console's database and Redis answer: 200 when both do, else 503."""
    checks = {
        "database": _works(lambda: store.ping(reading())),
        "redis": _works(console().redis.ping),
    }
    return jsonify({name: "ok" if good else "down" for name, good in checks.items()}), 200 if all(
        checks.values()
    ) else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus, to this machine only; what a proxy passes on comes from elsewhere."""
    address = ipaddress.ip_address(request.remote_addr or "::")
    if not address.is_loopback or "X-Forwarded-For" in request.headers:
        abort(404)
    registry = CollectorRegistry()
    campaigns = Gauge("loa_campaigns", "Campaigns by state", ["state"], registry=registry)
    messages = Gauge("loa_messages", "Messages of campaigns not yet over, by state", ["state"], registry=registry)
    bound = Gauge("loa_gateway_bound", "Sessions that are bound, by gateway", ["gateway"], registry=registry)
    facts = store.read_metrics(reading())
    for state, count in facts.campaigns.items():
        campaigns.labels(state).set(count)
    for state, count in facts.messages.items():
        messages.labels(state).set(count)
    for gateway, count in facts.bound.items():
        bound.labels(gateway).set(count)
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")
