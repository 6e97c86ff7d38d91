"""``loa sandbox`` as a process: it says where it listens, obeys its options, and ends when told."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

from admin.cli.sandbox import OPTIONS
from campaigns.gateways.smpp.sandbox import SandboxOptions

LOA = [sys.executable, "-c", "import sys; from admin.cli import main; sys.exit(main())", "sandbox"]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*LOA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_every_option_of_the_sandbox_can_be_given() -> None:
    assert set(OPTIONS) == set(SandboxOptions.model_fields)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_when_told(number: signal.Signals) -> None:
    with start("--port", "0", "--tps", "50", "--ids", "hex-answer", "--json", "--control", "0") as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        socket.create_connection((ready["host"], ready["port"]), timeout=5).close()
        process.send_signal(number)
        assert process.wait(10) == 0


def test_a_taken_port_is_refused_with_a_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with start("--port", str(taken.getsockname()[1])) as process:
            _out, words = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Không chạy được nhà mạng giả lập" in words


@pytest.mark.parametrize("wrong", [["--fail-share", "3"], ["--ids", "x"], ["--refuse-with", "ESME_ROK"]])
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    with start(*wrong) as process:
        _out, words = process.communicate(timeout=20)
    assert process.returncode == 2
    assert wrong[0] in words
