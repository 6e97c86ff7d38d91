"""A sandbox for other processes: options as one JSON argument, one JSON line when it listens, ends with stdin."""

from __future__ import annotations

import json
import sys

from campaigns.gateways.smpp.sandbox.options import SandboxOptions
from campaigns.gateways.smpp.sandbox.process import run_sandbox
from campaigns.gateways.smpp.sandbox.server import Sandbox


def _announce(sandbox: Sandbox) -> None:
    print(json.dumps({"port": sandbox.port, "control": sandbox.control}), flush=True)


if __name__ == "__main__":
    run_sandbox(SandboxOptions.model_validate_json(sys.argv[1]), _announce, until_eof=True)
