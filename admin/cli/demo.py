"""What ``loa up --demo`` does: a city's first two campaigns, through the same steps that people take.

Officer, approver, analyst, operator and administrator; three simulated telcos; a file of made-up people, imported;
two campaigns, submitted by one person and approved by another, sent over SMPP and counted by district. Every step
looks first whether it has been done, so a second run goes on where the first ended and texts nobody twice.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from admin.cli.base import Loa, progress, say
from admin.cli.machine import free_port
from admin.cli.programs import program_environment
from admin.cli.stats import print_stats
from admin.cli.supervisor import Child, Supervisor
from campaigns import steps
from campaigns.access import SYSTEM, Actor
from campaigns.audience.demo import write_demo_people
from campaigns.audience.importing import import_contacts
from campaigns.audience.selection import Audience
from campaigns.content.prices import ANY, set_price
from campaigns.delivery.states import CAMPAIGN_TITLES, CampaignState
from campaigns.delivery.trials import add_number
from campaigns.draft import CampaignDraft
from campaigns.gateways.registry import add_gateway, change_gateway
from campaigns.stats import Summary, reconcile, stats_by, summary
from campaigns.store.campaigns import list_campaigns
from campaigns.store.gateways import list_gateways
from campaigns.store.tariffs import list_tariffs
from campaigns.store.templates import get_version
from campaigns.store.trials import list_numbers
from campaigns.store.users import find_user, load_actor
from config.i18n import Text, t
from config.keys import write_private

DOMAIN = "danang.example"
PEOPLE = 20_000
FIRST_PORT = 2775
QUIET_SECONDS = 15.0
"""Some receipts never come; after such a silence the demo no longer waits for them."""
MIDNIGHT = clock_time(0)
DESK = "0905000000"
PRICES = {"viettel": 850, ANY: 700}
"""Đồng a part, of the order of what contracts said."""

ACCOUNTS: tuple[tuple[str, str], ...] = (
    ("officer", "officer"),
    ("approver", "approver"),
    ("analyst", "analyst"),
    ("operator", "operator"),
    ("admin", "administrator"),
)
"""Name before the @, role."""


@dataclass(frozen=True, slots=True)
class Telco:
    """One simulated telco, and the account the city has there."""

    name: str
    carriers: tuple[str, ...]
    tps: int
    options: tuple[str, ...]


TELCOS = (
    Telco("viettel", ("viettel",), 400, ("--delay", "0.02", "--receipt-delay", "0.8", "--fail-share", "0.03")),
    Telco(
        "vinaphone", ("vinaphone", "itel"), 250, ("--delay", "0.05", "--receipt-delay", "1.5", "--fail-share", "0.05")
    ),
    Telco("mobifone", ("mobifone", "*"), 200, ("--delay", "0.03", "--receipt-delay", "1.2", "--fail-share", "0.04")),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign of the demo, known by its name."""

    name: Text
    template: str
    audience: Audience


PLANS = (
    Plan(
        Text("Bảy cách thay sổ hộ khẩu: toàn thành phố", "The seven ways: the whole city"),
        "hk07-0-tong-quan",
        Audience(edition="2023", everybody=True),
    ),
    Plan(
        Text("Cách 5, VNeID: Hải Châu và Thanh Khê", "Way 5, VNeID: Hai Chau and Thanh Khe"),
        "hk07-5-vneid",
        Audience(edition="2023", districts=("492", "491")),
    ),
)


class Notes:
    """``demo.json`` in the home: the password of this installation's demo accounts, ports, whether people are in."""

    def __init__(self, home: Path) -> None:
        self._path = home / "demo.json"
        try:
            self.kept: dict[str, Any] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            self.kept = {}

    def keep(self, **values: Any) -> None:
        """Write values down at once."""
        self.kept.update(values)
        write_private(self._path, json.dumps(self.kept))

    @property
    def password(self) -> str:
        """Made at the first run, other on every installation."""
        if "password" not in self.kept:
            self.keep(password="-".join(secrets.token_hex(2) for _ in range(4)))
        return str(self.kept["password"])


def run_demo(loa: Loa, home: Path, supervisor: Supervisor, url: str) -> bool:
    """Run the demo to its end. Returns whether the books balance and every campaign is finished."""
    notes = Notes(home)
    _make_accounts(loa, notes)
    _start_telcos(loa, notes, home, supervisor)
    _import_people(loa, notes, home)
    ids = [_make_campaign(loa, plan) for plan in PLANS]
    found = _watch(loa, ids)
    balanced = _report(loa, found)
    _make_desk(loa)
    _show_logins(notes, url)
    return balanced and all(one.state == CampaignState.FINISHED for one in found)


def _actor(loa: Loa, name: str) -> Actor:
    with loa.database.transaction() as session:
        return load_actor(session, f"{name}@{DOMAIN}")


def _make_accounts(loa: Loa, notes: Notes) -> None:
    from admin.console import accounts

    for name, role in ACCOUNTS:
        with loa.database.transaction() as session:
            if find_user(session, f"{name}@{DOMAIN}") is None:
                user, _ = accounts.add_user(session, SYSTEM, f"{name}@{DOMAIN}", [role])
                accounts.change_password(session, SYSTEM, user.id, notes.password)


def _start_telcos(loa: Loa, notes: Notes, home: Path, supervisor: Supervisor) -> None:
    """Each telco as a process of its own, on the port of the last run if it is free."""
    ports: dict[str, int] = {}
    following = FIRST_PORT
    for telco in TELCOS:
        port = free_port(notes.kept.get("ports", {}).get(telco.name, following))
        ports[telco.name], following = port, max(port, following) + 1
        program = [sys.executable, "-m", "admin.cli", "sandbox", "--port", str(port), "--tps", str(telco.tps)]
        program += [*telco.options, "--system-id", telco.name, "--password", _short(notes)]
        log = home / "logs" / f"sandbox-{telco.name}.log"
        supervisor.add(Child(f"sandbox-{telco.name}", program, program_environment(loa), log))
    notes.keep(ports=ports)
    _make_gateways(loa, notes, ports)


def _short(notes: Notes) -> str:
    """SMPP passwords have at most eight characters."""
    return notes.password.replace("-", "")[:8]


def _make_gateways(loa: Loa, notes: Notes, ports: dict[str, int]) -> None:
    operator = _actor(loa, "operator")
    with loa.database.transaction() as session:
        known = {gateway.name: gateway for gateway in list_gateways(session)}
        for telco in TELCOS:
            settings = {"host": "127.0.0.1", "port": ports[telco.name], "system_id": telco.name, "sender": "UBND_TPDN"}
            secret = {"password": _short(notes)}
            if telco.name not in known:
                add_gateway(
                    session, loa.keyring, operator, telco.name, adapter="smpp", settings={**settings, **secret},
                    tps=telco.tps, carriers=telco.carriers,
                )  # fmt: skip
            elif known[telco.name].settings.get("port") != ports[telco.name]:
                change_gateway(session, loa.keyring, operator, telco.name, settings={**settings, **secret})


def _make_desk(loa: Loa) -> None:
    """What tests of texts need: a number they go to, and prices. After the campaigns, which it is no part of."""
    operator = _actor(loa, "operator")
    with loa.database.transaction() as session:
        if not list_numbers(session):
            add_number(session, loa.keyring, operator, DESK, "Trực ban Sở KH&CN")
        if list_tariffs(session):
            return
        begun = date(2023, 1, 1)
        for carrier, price in PRICES.items():
            set_price(session, operator, carrier=carrier, message_class=ANY, from_date=begun, price=Decimal(price))


def _import_people(loa: Loa, notes: Notes, home: Path) -> None:
    folder = home / "demo"
    folder.mkdir(exist_ok=True)
    people = folder / "nguoi-dan.csv"
    if notes.kept.get("imported"):
        return
    written = write_demo_people(people, PEOPLE)
    title = t("Nhập danh bạ", "Importing people")
    with progress(title, written.rows, t("dòng", "rows")) as bar:
        report = import_contacts(
            loa.database, loa.keyring, people, edition="2023", errors_to=folder / "dong-loi.csv", progress=bar.advance
        )
    notes.keep(imported=True)
    say(
        t(
            "Đã nhập {created} người từ {rows} dòng; {repaired} số được sửa, {duplicates} dòng trùng, {rejected} dòng "
            "không nhận (xem {errors}).",
            "{created} people imported from {rows} rows; {repaired} numbers repaired, {duplicates} duplicates, "
            "{rejected} rows rejected (see {errors}).",
            created=report.created,
            rows=report.rows,
            repaired=report.repaired,
            duplicates=report.duplicates,
            rejected=report.rejected,
            errors=str(folder / "dong-loi.csv"),
        )
    )


def _make_campaign(loa: Loa, plan: Plan) -> int:
    """The campaign of this name, taken as far as people take it; its id."""
    officer, approver = _actor(loa, "officer"), _actor(loa, "approver")
    names = {plan.name.vi, plan.name.en}
    # One transaction: a demo that is killed leaves no campaign half way between its people.
    with loa.database.transaction() as session:
        for known in list_campaigns(session, limit=1000):
            if known.name in names and known.created_by == officer.email:
                return known.id
        campaign = steps.create(session, officer, _draft(session, plan))
        steps.submit(session, officer, campaign.id)
        steps.approve(session, approver, campaign.id)
        return campaign.id


def _draft(session: Session, plan: Plan) -> CampaignDraft:
    return CampaignDraft(
        name=str(plan.name),
        template_version_id=get_version(session, plan.template).id,
        audience=plan.audience,
        start_at=datetime.now(UTC),
        # A demo is shown at any hour; a real campaign keeps to 07:00–21:00.
        window_start=MIDNIGHT,
        window_end=MIDNIGHT,
    )


def _watch(loa: Loa, ids: Sequence[int]) -> list[Summary]:
    """Show progress until all is sent and the receipts are in, or somebody stopped a campaign."""
    moved, quiet_since = -1, time.monotonic()
    with progress(t("Gửi tin", "Sending"), None, t("tin", "messages")) as bar:
        while True:
            with loa.database.transaction() as session:
                found = [summary(session, campaign_id) for campaign_id in ids]
            planned = sum(one.planned for one in found)
            settled = planned - sum(one.unsent + one.awaiting_receipt for one in found)
            if settled != moved:
                moved, quiet_since = settled, time.monotonic()
            reason = next((one.idle_reason for one in found if one.idle_reason), None)
            bar.update(completed=settled, total=planned or None, description=reason or t("Gửi tin", "Sending"))
            quiet = time.monotonic() - quiet_since > QUIET_SECONDS
            if all(_is_over(one, quiet) for one in found):
                return found
            time.sleep(0.5)


def _is_over(found: Summary, quiet: bool) -> bool:
    if found.state in {CampaignState.SCHEDULED, CampaignState.RUNNING}:
        return False
    return not found.awaiting_receipt or quiet


def _report(loa: Loa, found: Sequence[Summary]) -> bool:
    """Print delivery by district for each campaign, and whether everything adds up."""
    with loa.database.transaction() as session:
        for one in found:
            title = f"{one.name} · {CAMPAIGN_TITLES[CampaignState(one.state)]}"
            print_stats(stats_by(session, one.id, "district"), title)
        books = reconcile(session)
    click.echo(
        t("Đối chiếu: số liệu khớp.", "Reconciled: the books balance.")
        if books.balanced
        else t("Đối chiếu: {n} chỗ không khớp!", "Reconciled: {n} differences!", n=len(books.differences))
    )
    return books.balanced


def _show_logins(notes: Notes, url: str) -> None:
    click.echo(t("Giao diện web: {url}", "Console: {url}", url=url))
    for name, role in ACCOUNTS:
        click.echo(f"  {name}@{DOMAIN}  {notes.password}  ({role})")
