"""Commands to a running sandbox: one JSON document per line, one per line back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from campaigns.gateways.smpp.sandbox.inbound import Cut, build_inbound

if TYPE_CHECKING:
    from campaigns.gateways.smpp.sandbox.server import Sandbox

_LINE = 1 << 16


def execute(sandbox: Sandbox, command: Mapping[str, Any]) -> dict[str, Any]:
    """Do one command; ``{"ok": true, …}``, or ``{"ok": false, "error": …}`` when it cannot be done.

    ``{"do": "stats"}`` · ``{"do": "set", "options": {"hang": true}}`` · ``{"do": "drop"}`` · ``{"do": "unbind"}`` ·
    ``{"do": "anew"}`` (the rhythm is counted from now on) · ``{"do": "parts", "destination": "84905123456"}`` ·
    ``{"do": "inbound", "sender": …, "recipient": …, "text": …,
    "cut": "udh8|udh16|sar|payload", "latin1": false, "reference": 7, "backwards": false, "only": [1, 2]}``
    """
    action = _ACTIONS.get(str(command.get("do")))
    if action is None:
        return {"ok": False, "error": f"do one of: {', '.join(_ACTIONS)}"}
    try:
        return {"ok": True, **action(sandbox, command)}
    except (ValueError, KeyError, TypeError, LookupError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def _stats(sandbox: Sandbox, _command: Mapping[str, Any]) -> dict[str, Any]:
    return sandbox.stats()


def _set(sandbox: Sandbox, command: Mapping[str, Any]) -> dict[str, Any]:
    sandbox.set(**command["options"])
    return {}


def _drop(sandbox: Sandbox, _command: Mapping[str, Any]) -> dict[str, Any]:
    return {"connections": sandbox.drop()}


def _anew(sandbox: Sandbox, _command: Mapping[str, Any]) -> dict[str, Any]:
    sandbox.tally.begin_anew()
    return {}


def _unbind(sandbox: Sandbox, _command: Mapping[str, Any]) -> dict[str, Any]:
    return {"connections": sandbox.unbind()}


def _parts(sandbox: Sandbox, command: Mapping[str, Any]) -> dict[str, Any]:
    return {"parts": sandbox.tally.parts_to(str(command["destination"]))}


def _inbound(sandbox: Sandbox, command: Mapping[str, Any]) -> dict[str, Any]:
    bodies = build_inbound(
        str(command["sender"]),
        str(command["recipient"]),
        str(command["text"]),
        cut=Cut(command.get("cut", Cut.UDH8)),
        latin1=bool(command.get("latin1", False)),
        reference=int(command.get("reference", sandbox.next_reference())),
    )
    if "only" in command:
        bodies = [bodies[int(number) - 1] for number in command["only"]]
    if command.get("backwards"):
        bodies.reverse()
    sandbox.send(bodies, command.get("system_id"))
    return {"parts": len(bodies)}


_ACTIONS: dict[str, Callable[[Sandbox, Mapping[str, Any]], dict[str, Any]]] = {
    "stats": _stats,
    "set": _set,
    "drop": _drop,
    "unbind": _unbind,
    "anew": _anew,
    "parts": _parts,
    "inbound": _inbound,
}


async def start_control(sandbox: Sandbox, where: str) -> tuple[asyncio.Server, str]:
    """Take commands at a port of loopback or at a path.

    Raises:
        OSError: the port or the path is taken.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(_answer(sandbox, line)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):
            pass  # A line without an end, or nobody there any more.
        finally:
            writer.close()

    if where.isdigit():
        server = await asyncio.start_server(serve, "127.0.0.1", int(where), limit=_LINE)
        return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    return await asyncio.start_unix_server(serve, where, limit=_LINE), where


def _answer(sandbox: Sandbox, line: bytes) -> dict[str, Any]:
    try:
        command = json.loads(line)
    except ValueError:
        return {"ok": False, "error": "one JSON document per line"}
    return execute(sandbox, command if isinstance(command, dict) else {})
