"""The adapter ``smpp``: a session of one SMPP 3.4 account, over one bind or two."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Sequence

from campaigns.gateways.contract import Adapter, GatewayUnavailable, Hooks, Outbound, Permit, Settle
from campaigns.gateways.smpp.codec import Frame, build_bind
from campaigns.gateways.smpp.constants import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    status_name,
)
from campaigns.gateways.smpp.flight import Flight
from campaigns.gateways.smpp.intake import Intake
from campaigns.gateways.smpp.link import Link
from campaigns.gateways.smpp.settings import Bind, SmppSettings
from campaigns.gateways.smpp.statuses import PERMANENT_BIND
from campaigns.gateways.smpp.wire import Writer


class SmppAdapter(Adapter[SmppSettings]):
    """Speaks SMPP 3.4 to a telco (``docs/adding-a-gateway.md`` tells how the contract reads in its words)."""

    settings_type = SmppSettings

    def __init__(self, settings: SmppSettings, hooks: Hooks) -> None:
        super().__init__(settings, hooks)
        self._writer = Writer(settings)
        self._intake = Intake(settings, hooks)
        self._links: list[Link] = []
        self._bound = False
        self._over = False
        # Not from 0 in every session: a phone may still hold half a message with that number.
        self._concatenation = secrets.randbelow(256)

    async def open(self) -> None:
        """Connect and bind; with two binds the receiver first, so that no receipt is missed."""
        separate = self.settings.bind is Bind.SEPARATE
        commands = (BIND_RECEIVER, BIND_TRANSMITTER) if separate else (BIND_TRANSCEIVER,)
        try:
            for command in commands:
                self._links.append(await self._connect())
                await self._bind(self._links[-1], command)
        except BaseException:
            self._over = True
            for link in self._links:
                link.abort("not opened")
            raise
        for link in self._links:
            if link.reason is not None:
                self._over = True
                raise GatewayUnavailable(link.reason)
        self._bound = True

    async def submit(self, messages: Sequence[Outbound], permit: Permit, settle: Settle) -> None:
        """See the contract."""
        if not self._bound or self._over:
            raise GatewayUnavailable("the session is not open")
        first = self._concatenation
        self._concatenation = (first + len(messages)) & 0xFF
        await Flight(self._links[-1], self._writer, self.settings, messages, settle).run(permit, first)

    async def close(self) -> None:
        """Wait for the answers, unbind, and hang up; the transmitter first."""
        self._over = True
        await self._intake.wait_until_saved(min(self.settings.response_timeout, 2.0))
        for link in reversed(self._links):
            await link.close()
        self._intake.end()

    async def _connect(self) -> Link:
        chosen = self.settings
        loop = asyncio.get_running_loop()

        def make_link() -> Link:
            return Link(
                window=chosen.window,
                response_timeout=chosen.response_timeout,
                enquire_link=chosen.enquire_link,
                on_messages=self._on_messages,
                on_lost=self._on_lost,
                on_tick=self._intake.expire,
            )

        try:
            async with asyncio.timeout(chosen.connect_timeout):
                _transport, link = await loop.create_connection(make_link, chosen.host, chosen.port, ssl=self._tls())
        except TimeoutError:
            raise GatewayUnavailable(
                f"{chosen.host}:{chosen.port} does not answer", code="LOA_CONNECT_TIMEOUT"
            ) from None
        except OSError as error:
            reason = f"{chosen.host}:{chosen.port}: {error.strerror or error}"
            raise GatewayUnavailable(reason, code=_code_of(error)) from None
        return link

    def _tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.settings.tls_ca) if self.settings.tls else None

    async def _bind(self, link: Link, command: int) -> None:
        chosen = self.settings

        def build(sequence: int) -> bytes:
            return build_bind(
                command,
                sequence,
                system_id=chosen.system_id,
                password=chosen.password.get_secret_value(),
                system_type=chosen.system_type,
                ton=chosen.address_ton,
                npi=chosen.address_npi,
                address_range=chosen.address_range,
            )

        try:
            answer = await link.request(build, chosen.response_timeout)
        except TimeoutError:
            raise GatewayUnavailable("the telco does not answer the bind", code="LOA_BIND_TIMEOUT") from None
        except ConnectionError as error:
            raise GatewayUnavailable(str(error), code="LOA_BIND_CUT") from None
        if answer.status:
            name = status_name(answer.status)
            reason, permanent = f"the telco refuses the bind: {name}", name in PERMANENT_BIND
            raise GatewayUnavailable(reason, permanent=permanent, code=name)

    def _on_messages(self, link: Link, frames: list[Frame]) -> None:
        self._intake.take(link, frames, asyncio.get_running_loop().time())

    def _on_lost(self, reason: str) -> None:
        if self._over:
            return
        self._over = True
        for other in self._links:
            other.abort(reason)
        self._intake.end()
        if self._bound:
            self.hooks.lost(reason)


def _code_of(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "LOA_CONNECT_REFUSED"
    return "LOA_TLS_FAILED" if isinstance(error, ssl.SSLError) else "LOA_CONNECT_FAILED"
