"""Ports, the lock of ``loa up``, and signals."""

from __future__ import annotations

import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from admin.cli.machine import Stop, await_http, free_port, listen, only_one, stop_on_signals
from config.errors import ConfigError


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with listen("127.0.0.1", port) as opened:
            assert port < opened.getsockname()[1] < port + 100
        assert free_port(port) > port


def test_a_free_port_is_taken_as_it_is() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert free_port(port) == port


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="LOA_WEB_HOST"):
        listen(host, 8000)


def test_only_one_loa_up_runs_in_a_home(tmp_path: Path) -> None:
    with only_one(tmp_path) as note:
        note("http://127.0.0.1:8000")
        with pytest.raises(ConfigError, match=f"{os.getpid()}.*http://127.0.0.1:8000"), only_one(tmp_path):
            pass
    with only_one(tmp_path):
        pass


def test_a_signal_stops_once_and_then_hurries() -> None:
    hurried: list[int] = []
    with stop_on_signals(lambda: hurried.append(1)):
        with pytest.raises(Stop):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert hurried == [1]


def test_waiting_for_a_page_ends_when_it_answers_or_when_there_is_no_hope() -> None:
    class Fine(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Fine) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.server_address[1]
            assert await_http("127.0.0.1", port, "/healthz", 10, lambda: True)
            assert not await_http("127.0.0.1", port, "/broken", 0.5, lambda: True)
            assert not await_http("127.0.0.1", port, "/broken", 60, lambda: False)
        finally:
            server.shutdown()
            thread.join()
