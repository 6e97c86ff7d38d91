"""Receipts and inbound messages on their way to an account: kept until a receiver is bound and has answered."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from campaigns.gateways.smpp.codec import pack_header
from campaigns.gateways.smpp.constants import DELIVER_SM, HEADER_SIZE

if TYPE_CHECKING:
    from campaigns.gateways.smpp.sandbox.session import Session


class Account:
    """One system_id: its sessions, and the bodies of deliver_sm that wait for it."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.waiting: deque[bytes] = deque()
        self._turn = 0

    def pump(self, window: int) -> int:
        """Send what waits to the receivers that have room, turn by turn; how many went out."""
        receivers = [session for session in self.sessions if session.receives and not session.paused]
        sent = 0
        for _ in receivers:
            if not self.waiting:
                break
            self._turn += 1
            sent += self._send(receivers[self._turn % len(receivers)], window)
        return sent

    def _send(self, session: Session, window: int) -> int:
        out: list[bytes] = []
        outstanding, waiting = session.outstanding, self.waiting
        while waiting and len(outstanding) < window:
            body = waiting.popleft()
            sequence = session.next_sequence()
            outstanding[sequence] = body
            out.append(pack_header(HEADER_SIZE + len(body), DELIVER_SM, 0, sequence))
            out.append(body)
        if out:
            session.write(b"".join(out))
        return len(out) // 2

    def leave(self, session: Session) -> None:
        """A session ended: what it had not answered waits again, before everything else."""
        if session in self.sessions:
            self.sessions.remove(session)
        self.waiting.extendleft(reversed(session.outstanding.values()))
        session.outstanding.clear()
