"""One campaign through one plan of faults: started, tormented, waited for, counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaigns.delivery.states import MessageState
from campaigns.gateways.smpp.sandbox import SandboxOptions
from config.zone import CITY_TIME
from tests.chaos.evidence import Evidence, Silence, gather
from tests.chaos.faults import KINDS
from tests.chaos.installation import LEASE_SECONDS, Installation
from tests.chaos.office import WHOLE_DAY
from tests.chaos.plan import Plan, Planned

GAP_SECONDS = 8
LOOK_SECONDS = 0.25
QUIET_SECONDS = 2.0
SETTLE_SECONDS = LEASE_SECONDS + 5.0 + 5.0
"""A receipt that only its number identifies is applied a lease and five seconds after it came, some ticks later."""

_LOOK = text("""
    SELECT c.state, coalesce(sum(b.size), 0), coalesce(sum(b.queued + b.claimed), 0), coalesce(sum(b.unknown), 0),
           coalesce(sum(b.accepted), 0), coalesce(sum(b.delivered), 0),
           (SELECT count(*) FROM parked_receipt
            WHERE settled_at IS NULL AND received_at > now() - make_interval(secs => :young))
    FROM campaign c LEFT JOIN batch b ON b.campaign_id = c.id WHERE c.id = :campaign GROUP BY c.state
""")
_REFUSED = text("SELECT phone_hash FROM opt_out WHERE ended_at IS NULL")
_UNSENT = text(f"""
    WITH people AS (
        SELECT p.phone_hash, m.state, m.batch_id, m.seq FROM message m JOIN contact p ON p.id = m.contact_id
        WHERE m.campaign_id = :campaign AND m.state IN ({MessageState.QUEUED.value}, {MessageState.CLAIMED.value})
          AND NOT EXISTS (SELECT 1 FROM opt_out o WHERE o.phone_hash = p.phone_hash)
    )
    (SELECT phone_hash FROM people WHERE state = {MessageState.CLAIMED.value} ORDER BY seq DESC LIMIT :count / 2)
    UNION ALL
    (SELECT phone_hash FROM people WHERE state = {MessageState.QUEUED.value}
     ORDER BY batch_id DESC, seq DESC LIMIT :count / 2)
""")


class Trouble(AssertionError):
    """The harness could not go on, or Loa did not come to an end."""


@dataclass(frozen=True)
class Look:
    """Where the campaign stood at a moment."""

    state: str
    planned: int
    unsent: int
    unknown: int
    accepted: int
    delivered: int
    parked: int
    """Receipts that may yet find their message."""


@dataclass
class Ordeal:
    """What faults see of a run, and the run itself."""

    place: Installation
    plan: Plan
    numbers: Sequence[str]
    deadline_seconds: float = 240.0
    campaign: int = 0
    timeline: list[tuple[float, str]] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    refused: dict[bytes, float] = field(default_factory=dict)
    """When each refusal was first seen in the register, by the number's hash."""
    most_unknown: int = 0
    last: Look | None = None
    began: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _failures: list[str] = field(default_factory=list)

    # What faults use

    def note(self, words: str) -> float:
        """Write a line of the timeline; its time."""
        now = time.time()
        self.timeline.append((now, words))
        return now

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end of the run."""
        self._over.wait(seconds)

    def insist_on(self, there: Callable[[], object]) -> None:
        """Wait for something that another fault may have taken away."""
        while not there() and not self._over.is_set():
            self.sleep(LOOK_SECONDS)

    def silent(self, why: str, since: float, until: float) -> None:
        """From ``since`` (and what it takes to take hold) until ``until`` nothing may go out."""
        self.silences.append(Silence(why, since, until))

    def usual(self, option: str) -> Any:
        """What a telco's option is when nothing is wrong."""
        return self.plan.habits.get(option, SandboxOptions.model_fields[option].default)

    def unsent(self, count: int) -> list[str]:
        """Numbers of people not sent to yet, as far as is known: those a worker holds already, and the last."""
        hash_of = self.place.office.keyring.hash
        number_of = {hash_of(number.encode()): number for number in self.numbers}
        asked = {"campaign": self.campaign, "count": count}
        rows = self.place.office.insist(lambda session: session.execute(_UNSENT, asked).all())
        return [number_of[bytes(row[0])] for row in rows]

    def step(self, step: str) -> bool:
        """A step of the campaign, tried again while services are away; False where the campaign is over already."""
        return self.place.office.step(step, self.campaign, lambda: self.look().state)

    def look(self) -> Look:
        """Where the campaign stands now."""
        asked = {"campaign": self.campaign, "young": SETTLE_SECONDS}
        with self.place.office.database.transaction() as session:
            row = session.execute(_LOOK, asked).one()
        return Look(row[0], *map(int, row[1:]))

    # The run

    def run(self) -> Evidence:
        """From the draft to the evidence.

        Raises:
            Trouble: it did not come to an end in time, or a fault could not be done.
        """
        self.began = time.time()
        watcher = threading.Thread(target=self._watch, daemon=True)
        try:
            self._start()
            watcher.start()
            self._torment()
            self._await_end()
        finally:
            self._over.set()
            if watcher.ident:
                watcher.join()
        if self._failures:
            raise Trouble("; ".join(self._failures))
        return gather(self)

    def _start(self) -> None:
        for telco in self.place.telcos.values():
            telco.do("set", options=dict(self.plan.habits))
        self.campaign = self.place.office.start_campaign(self._hours())
        self.note(f"campaign {self.campaign} approved")

    def _hours(self) -> tuple[clock_time, clock_time]:
        """Hours that begin after they end span midnight: closed for a moment, in the middle of the campaign."""
        if not self.plan.gap_after:
            return WHOLE_DAY
        end = (datetime.now(CITY_TIME) + timedelta(seconds=self.plan.gap_after)).replace(microsecond=0)
        again = end + timedelta(seconds=GAP_SECONDS)
        self.silent("end of hours", end.timestamp(), again.timestamp())
        self.timeline.append((end.timestamp(), "the campaign's hours end"))
        self.timeline.append((again.timestamp(), "the campaign's hours begin again"))
        return again.time(), end.time()

    def _watch(self) -> None:
        """Read the database as often as it lets us."""
        while not self._over.wait(LOOK_SECONDS):
            with suppress(SQLAlchemyError):
                self.last = self.look()
                self.most_unknown = max(self.most_unknown, self.last.unknown)
                with self.place.office.database.transaction() as session:
                    for (number,) in session.execute(_REFUSED):
                        self.refused.setdefault(bytes(number), time.time())

    def _torment(self) -> None:
        """Every fault at its time, each in a thread of its own: they may overlap."""
        threads: list[threading.Thread] = []
        before = self.place.taken()
        for number, fault in enumerate(self.plan.faults):
            self._await_share(before, fault.after)
            threads.append(threading.Thread(target=self._strike, args=(number, fault), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(max(0.0, self._left()))
            if thread.is_alive():
                raise Trouble("a fault did not end in time")
        self.note("all faults are over")

    def _await_share(self, before: int, share: float) -> None:
        while self.place.taken() - before < share * len(self.numbers):
            if self.last and self.last.state in ("finished", "cancelled"):
                return
            self._check_time(f"{share:.0%} to be sent")
            self.sleep(0.1)

    def _strike(self, number: int, fault: Planned) -> None:
        try:
            KINDS[fault.kind](self, Random(f"{self.plan.seed} {number} {fault.kind}"))
        except Exception as error:
            self._failures.append(f"{fault.kind}: {type(error).__name__}: {error}")

    def _await_end(self) -> None:
        """Until nothing is left to send, every receipt has come, and what can be settled is settled."""
        seen, since = self.last, time.monotonic()
        while True:
            now = self.last
            if now != seen or now is None or not self._is_done(now):
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > QUIET_SECONDS:
                break
            self._check_time(f"the end, standing at {now}")
            self.sleep(LOOK_SECONDS)
        self.note("finished and settled")
        while missing := self.place.missing():
            self._check_time(f"{', '.join(missing)} to come back")
            self.sleep(LOOK_SECONDS)

    def _is_done(self, now: Look) -> bool:
        if now.state not in ("finished", "cancelled") or now.unsent or (now.unknown and now.parked):
            return False
        told = [telco.do("stats") for telco in self.place.telcos.values()]
        waiting = ("receipts_due_later", "receipts_waiting", "receipts_unanswered")
        return not any(stats[key] for stats in told for key in waiting)

    def _left(self) -> float:
        return self.began + self.deadline_seconds - time.time()

    def _check_time(self, what: str) -> None:
        if self._left() < 0:
            raise Trouble(f"waited {self.deadline_seconds:.0f} s in vain for {what}; missing: {self.place.missing()}")

    def told(self) -> str:
        """The timeline."""
        lines = sorted(self.timeline)
        return "\n".join(f"  {at - self.began:7.2f} s  {words}" for at, words in lines)
