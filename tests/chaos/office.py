"""What people do during a run: import, set up gateways, start and stop a campaign, refuse; tried again in an outage."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaigns import steps
from campaigns.audience.importing import import_contacts
from campaigns.audience.selection import Audience
from campaigns.draft import CampaignDraft
from campaigns.errors import WrongState
from campaigns.gateways.registry import add_gateway
from campaigns.optouts.register import add_optout
from campaigns.stats.books import reconcile
from campaigns.store.database import Database
from campaigns.store.templates import get_version
from config.keys import Keyring
from tests.factories import APPROVER, OFFICER, OPERATOR

T = TypeVar("T")

TEMPLATE = "hk07-0-tong-quan-ngan"
"""One part, the same for everybody."""

PATIENCE = 60.0
WHOLE_DAY = (clock_time(0), clock_time(0))
STEPS: dict[str, Callable[[Session, int], object]] = {
    "pause": lambda session, campaign: steps.pause(session, OFFICER, campaign, "thử"),
    "resume": lambda session, campaign: steps.resume(session, OFFICER, campaign),
    "cancel": lambda session, campaign: steps.cancel(session, OFFICER, campaign, "thử"),
}
LEADS_TO = {"pause": "paused", "resume": "running", "cancel": "cancelled"}


@dataclass(frozen=True)
class Office:
    """Officers with the database and keys of an installation. They use what commands and console use."""

    database: Database
    keyring: Keyring

    def insist(self, act: Callable[[Session], T]) -> T:
        """Do something in a transaction, again while the database is away."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self.database.transaction() as session:
                    return act(session)
            except SQLAlchemyError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)

    def import_people(self, numbers: list[str], wards: tuple[str, ...], folder: Path) -> None:
        """A file with a row for each, in wards in turn."""
        table = folder / "people.csv"
        rows = (f"0{number[2:]},{wards[place % len(wards)]}\n" for place, number in enumerate(numbers))
        table.write_text("sdt,phuong\n" + "".join(rows))
        report = import_contacts(self.database, self.keyring, table, edition="2023")
        assert report.created == len(numbers), report

    def add_gateway(self, name: str, settings: dict[str, Any], tps: float, binds: int, carrier: str) -> None:
        """An account at a telco."""
        more = {"adapter": "smpp", "settings": settings, "tps": tps, "binds": binds, "carriers": (carrier,)}
        self.insist(lambda session: add_gateway(session, self.keyring, OPERATOR, name, **more))

    def start_campaign(self, hours: tuple[clock_time, clock_time] = WHOLE_DAY) -> int:
        """A campaign to everybody, approved and due."""

        def act(session: Session) -> int:
            draft = CampaignDraft(
                name="Bảy cách",
                template_version_id=get_version(session, TEMPLATE).id,
                audience=Audience(edition="2023", everybody=True),
                repeat_reason="a rehearsal",
                start_at=datetime.now(UTC),
                window_start=hours[0],
                window_end=hours[1],
            )
            campaign = steps.create(session, OFFICER, draft)
            steps.submit(session, OFFICER, campaign.id)
            steps.approve(session, APPROVER, campaign.id)
            return campaign.id

        return self.insist(act)

    def step(self, step: str, campaign: int, state_of: Callable[[], str]) -> bool:
        """Take a step; False where the campaign is over already."""
        while True:
            try:
                self.insist(lambda session: STEPS[step](session, campaign))
            except WrongState:
                # A connection cut during the commit: it may have been done all the same.
                state = state_of()
                if state in (LEADS_TO[step], "finished", "cancelled"):
                    return state == LEADS_TO[step]
                time.sleep(0.3)
            else:
                return True

    def refuse(self, number: str) -> None:
        """Enter a refusal somebody told us on the telephone."""
        self.insist(lambda session: add_optout(session, self.keyring, OFFICER, number, evidence="gọi 1022"))

    def differences(self) -> list[dict[str, Any]]:
        """What ``loa reconcile`` would find."""
        return self.insist(lambda session: reconcile(session).differences)
