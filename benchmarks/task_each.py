"""The usual design, as a Celery application: a task for each message, a commit for each state, receipts one by one.

Each process of the pool holds one SMPP bind and waits for the answer to its message before it takes the next task; a
thread reads the bind and applies receipts as they come. Run by ``rivals``; nothing of Loa's own way is in here but
the wire format.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
from typing import Any

import psycopg
from celery import Celery
from celery.signals import worker_process_init

from campaigns.gateways.smpp.codec import Frames, build_bind, build_message, message_head, message_middle, pack_header
from campaigns.gateways.smpp.constants import BIND_TRANSCEIVER, DELIVER_SM, DELIVER_SM_RESP, SUBMIT_SM
from config.embedded import broker_url

TABLE = """
    CREATE TABLE sms (id bigint PRIMARY KEY, number text NOT NULL, body text NOT NULL, state text NOT NULL
                      DEFAULT 'queued', reference text, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON sms (reference);
    CREATE INDEX ON sms (state);
"""

app = Celery("task_each", broker=broker_url(os.environ.get("LOA_REDIS_URL", "redis://")))
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)


class Telco:
    """One bind of one process."""

    def __init__(self, port: int, database_url: str) -> None:
        self._database_url = database_url
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._head, self._middle = message_head("", 5, 0, "UBND", 1, 1), message_middle(0, b"", 1, 0)
        self._sequence = 1
        names = {"system_id": "tasks", "password": "x", "system_type": "", "address_range": ""}
        self._socket.sendall(build_bind(BIND_TRANSCEIVER, 1, ton=0, npi=0, **names))
        threading.Thread(target=self._read, daemon=True).start()
        self._answers.get(timeout=10)

    def send(self, number: str, body: str) -> str:
        """Hand over one message and wait for its reference."""
        self._sequence += 1
        parts = (self._head, number.encode(), self._middle, body.encode("ascii"))
        self._socket.sendall(build_message(SUBMIT_SM, self._sequence, *parts))
        return self._answers.get(timeout=30)[:-1].decode()

    def _read(self) -> None:
        frames = Frames()
        with psycopg.connect(self._database_url, autocommit=True) as database:
            while data := self._socket.recv(1 << 16):
                for command, _status, sequence, body in frames.feed(data):
                    if command == DELIVER_SM:
                        self._apply(database, body)
                        self._socket.sendall(pack_header(17, DELIVER_SM_RESP, 0, sequence) + b"\0")
                    else:
                        self._answers.put(body)

    def _apply(self, database: psycopg.Connection[Any], body: bytes) -> None:
        start = body.index(b"id:") + 3
        reference = body[start : body.index(b" ", start)].decode()
        database.execute("UPDATE sms SET state = 'delivered', updated_at = now() WHERE reference = %s", (reference,))


_mine: dict[str, Any] = {}


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _open(**_: Any) -> None:
    url = os.environ["LOA_DATABASE_URL"]
    _mine["database"] = psycopg.connect(url, autocommit=True)
    _mine["telco"] = Telco(int(os.environ["TASK_EACH_PORT"]), url)


@app.task(name="send")  # type: ignore[untyped-decorator]
def send(key: int) -> None:
    """One message."""
    database = _mine["database"]
    number, body = database.execute(
        "UPDATE sms SET state = 'sending', updated_at = now() WHERE id = %s AND state = 'queued'"
        " RETURNING number, body",
        (key,),
    ).fetchone()
    reference = _mine["telco"].send(number, body)
    database.execute(
        "UPDATE sms SET state = 'accepted', reference = %s, updated_at = now() WHERE id = %s", (reference, key)
    )
