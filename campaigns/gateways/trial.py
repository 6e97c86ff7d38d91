"""Opening a session with given settings once, to see whether the telco lets us in; nothing is stored or sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.access import Actor
from campaigns.errors import WrongState
from campaigns.gateways.contract import AdapterSettings, Event, GatewayUnavailable, Hooks
from campaigns.gateways.registry import adapter_type, check_settings
from campaigns.gateways.whereabouts import Whereabouts
from campaigns.store.audit import append_audit
from campaigns.store.database import Database
from campaigns.store.gateways import borrow_slot, get_gateway, open_secrets
from config.keys import Keyring

SECONDS = 6.0
"""For all of it: somebody waits before a page."""
STEP_SECONDS = 4.0
CLOSE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a session could be opened, and if not why."""

    opened: bool
    code: str = ""
    """As ``campaigns.gateways.codes`` knows it."""
    reason: str = ""
    seconds: float = 0.0


class SlotsTaken(WrongState):
    """Workers hold every session the account may have; one more could cost one of theirs."""


def try_account(
    database: Database,
    keyring: Keyring,
    actor: Actor,
    whereabouts: Whereabouts,
    *,
    adapter: str,
    given: Mapping[str, Any],
    name: str | None = None,
    beyond: bool = False,
) -> Outcome:
    """Try settings as they stand in a form; of the account ``name`` the secrets that were not typed anew are used.

    A session of an account that exists takes one of its bind slots meanwhile, so that workers and the trial together
    keep to the contract. The transaction holds nothing but that slot while it waits for the telco.

    Raises:
        Forbidden: the person may not change gateways.
        InvalidSettings: the settings cannot be used.
        WrongPlace: a gateway may not be there.
        SlotsTaken: no slot is free, and the person did not say to go ``beyond``.
    """
    actor.require("gateway.edit")
    with database.transaction() as session:
        stored: dict[str, Any] = {}
        if name is not None:
            gateway = get_gateway(session, name)
            stored = open_secrets(keyring, gateway)
            free = borrow_slot(session, gateway.id, gateway.binds)
            if not free and not beyond:
                raise SlotsTaken(
                    "Cả {binds} phiên của cổng {name} đang được dùng để gửi. Mở thêm một phiên thì nhà mạng có thể từ"
                    " chối, hoặc cắt một phiên đang gửi. Đánh dấu đồng ý bên dưới nếu vẫn muốn thử.",
                    "All {binds} sessions of gateway {name} are in use. The telco may refuse one more, or cut one of"
                    " those that send. Tick the box below to try all the same.",
                    name=name,
                    binds=gateway.binds,
                )
        settings = check_settings(adapter, {**stored, **given})
        outcome = try_open(adapter, settings, address=_address(settings, whereabouts))
        detail = {"opened": outcome.opened, "code": outcome.code, "host": getattr(settings, "host", None)}
        append_audit(session, actor.email, "gateway.tried", "gateway", name or "–", detail)
    return outcome


def _address(settings: AdapterSettings, whereabouts: Whereabouts) -> str | None:
    host, port = getattr(settings, "host", None), getattr(settings, "port", None)
    return whereabouts.resolve(host, port) if isinstance(host, str) and isinstance(port, int) else None


def try_open(adapter: str, settings: AdapterSettings, *, address: str | None = None) -> Outcome:
    """Connect, authenticate and say goodbye, within ``SECONDS``; ``address`` stands in for the host's name.

    What the telco sends meanwhile (receipts, messages) is answered "not saved", so that it sends it again later.
    """
    begun = time.monotonic()
    try:
        asyncio.run(_open_once(adapter, _hurried(settings, address)))
    except GatewayUnavailable as error:
        return Outcome(False, error.code, error.reason, time.monotonic() - begun)
    except TimeoutError:
        return Outcome(False, "LOA_BIND_TIMEOUT", "no answer in time", time.monotonic() - begun)
    return Outcome(True, seconds=time.monotonic() - begun)


def _hurried(settings: AdapterSettings, address: str | None) -> AdapterSettings:
    """The same, waiting no longer than a person would."""
    changes: dict[str, object] = {
        name: min(float(getattr(settings, name)), STEP_SECONDS)
        for name in ("connect_timeout", "response_timeout")
        if hasattr(settings, name)
    }
    # A certificate names the host; a bare address would not match it.
    if address and hasattr(settings, "host") and not getattr(settings, "tls", False):
        changes["host"] = address
    return settings.model_copy(update=changes)


async def _open_once(name: str, settings: AdapterSettings) -> None:
    adapter = adapter_type(name)(settings, Hooks(_not_now, lambda _reason: None))
    async with asyncio.timeout(SECONDS):
        await adapter.open()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await adapter.close()
    except TimeoutError:
        pass  # it was open, which is what was asked


def _not_now(_events: Sequence[Event], saved: Callable[[bool], None]) -> None:
    saved(False)
