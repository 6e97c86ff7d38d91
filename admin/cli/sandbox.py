"""``loa sandbox``: a simulated telco that speaks SMPP; one option for each of ``SandboxOptions``."""

from __future__ import annotations

import json
from typing import Any

import click
from pydantic import ValidationError

from campaigns.errors import InvalidInput
from campaigns.gateways.smpp.sandbox import Sandbox, SandboxOptions
from campaigns.gateways.smpp.sandbox.process import run_sandbox
from config.i18n import t

DEFAULT_PORT = 2775


def _options() -> list[click.Parameter]:
    found: list[click.Parameter] = []
    for name, field in SandboxOptions.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        multiple = isinstance(field.default, tuple)
        if isinstance(field.default, bool):
            found.append(click.Option([f"{flag}/--no-{name.replace('_', '-')}"], default=None, help=field.description))
        else:
            found.append(click.Option([flag], multiple=multiple, metavar=name.upper(), help=field.description))
    return found


@click.command(
    params=_options(),
    help=t(
        "Nhà mạng giả lập nói SMPP 3.4, để thử và đo; dừng bằng Ctrl-C.",
        "A simulated telco that speaks SMPP 3.4, for trying and measuring; Ctrl-C ends it.",
    ),
)
def sandbox(**given: Any) -> None:
    """Run a sandbox; prints one JSON line once it listens."""
    chosen = {name: value for name, value in given.items() if value not in (None, ())}
    try:
        options = SandboxOptions.model_validate({"port": DEFAULT_PORT, **chosen})
    except ValidationError as error:
        lines = [f"--{'.'.join(map(str, e['loc'])).replace('_', '-')}: {e['msg']}" for e in error.errors()]
        raise click.UsageError("\n".join(lines)) from None
    try:
        run_sandbox(options, _announce)
    except OSError as error:
        raise InvalidInput(
            "Không mở được cổng {host}:{port}: {why}.",
            "Port {host}:{port} cannot be opened: {why}.",
            host=options.host,
            port=options.port,
            why=error.strerror or str(error),
        ) from error


def _announce(running: Sandbox) -> None:
    click.echo(json.dumps({"port": running.port, "control": running.control}))
