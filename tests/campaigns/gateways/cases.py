"""The adapters that run through the contract's suite; a new one adds its case here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import uvloop

from campaigns.gateways.contract import Adapter, Hooks
from campaigns.gateways.smpp import SmppAdapter, SmppSettings
from campaigns.gateways.smpp.sandbox import Sandbox, SandboxOptions
from campaigns.gateways.smpp.sandbox.control import execute
from tests.campaigns.gateways.suite import Behaviour, Case, OtherEnd

_SMPP: dict[Behaviour, dict[str, Any]] = {
    Behaviour.TAKES: {},
    Behaviour.REFUSES_FOR_GOOD: {"refuse_share": 1, "refuse_with": ("ESME_RINVDSTADR",)},
    Behaviour.REFUSES_FOR_NOW: {"refuse_share": 1, "refuse_with": ("ESME_RSYSERR",)},
    Behaviour.THROTTLES: {"refuse_share": 1, "refuse_with": ("ESME_RMSGQFUL",)},
    Behaviour.ANSWERS_STRANGELY: {"refuse_share": 1, "refuse_with": ("0x00000499",)},
    Behaviour.TAKES_SILENTLY: {"mute_share": 1},
    Behaviour.BREAKS: {"drop_after": 1},
}
_USUAL = {"refuse_share": 0, "mute_share": 0, "drop_after": 0}


class SmppTelco:
    """The sandbox, in the suite's words."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def behave(self, behaviour: Behaviour) -> None:
        self.sandbox.set(**(_USUAL | _SMPP[behaviour]))

    def say(self, sender: str, recipient: str, text: str) -> None:
        done = execute(self.sandbox, {"do": "inbound", "sender": sender, "recipient": recipient, "text": text})
        assert done["ok"], done

    def parts_to(self, recipient: str) -> int:
        return self.sandbox.tally.parts_to(recipient)

    def arrived(self) -> int:
        return self.sandbox.tally.counts["parts"]


@dataclass
class SmppCase:
    name: str
    loop: Callable[[], asyncio.AbstractEventLoop]
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    secret: str = "s3cret-9"

    @asynccontextmanager
    async def _sandbox(self) -> AsyncIterator[OtherEnd]:
        options = SandboxOptions(system_id="loa", password=self.secret, receipt_retry=0.05, **self.options)
        async with Sandbox(options) as sandbox:
            yield SmppTelco(sandbox)

    def telco(self) -> AbstractAsyncContextManager[OtherEnd]:
        return self._sandbox()

    def adapter(self, telco: OtherEnd, hooks: Hooks, **other: Any) -> Adapter[Any]:
        port = cast(SmppTelco, telco).sandbox.port
        if other.get("nobody"):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
        settings = {
            "host": "127.0.0.1",
            "port": port,
            "system_id": "loa",
            "password": "mistaken" if other.get("wrong_secret") else self.secret,
            "response_timeout": 1.0,
            "finish_seconds": 1.0,
            **self.settings,
        }
        return SmppAdapter(SmppSettings(**settings), hooks)


CASES: tuple[Case, ...] = (
    SmppCase("smpp, one bind", uvloop.new_event_loop),
    SmppCase(
        "smpp, two binds, sar, parameters",
        asyncio.new_event_loop,
        {"bind": "transmitter+receiver", "concatenation": "sar", "window": 3},
        {"receipts": "tlv"},
    ),
    SmppCase(
        "smpp, payload, hex ids",
        uvloop.new_event_loop,
        {"concatenation": "payload", "reference_style": "hex-answer"},
        {"ids": "hex-answer"},
    ),
)
