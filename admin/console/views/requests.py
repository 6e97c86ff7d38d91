"""Requests of citizens about their data: what is due, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, ClassVar

from flask import redirect, request, url_for

from admin.console import words
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Page, expose, told
from admin.console.words import Badge
from campaigns.errors import LoaError, NotFound
from campaigns.models import SubjectRequest
from campaigns.scope import sees
from campaigns.store.campaigns import database_now
from campaigns.store.requests import get_request, list_requests
from campaigns.subjects import requests as tickets
from campaigns.subjects.clocks import CLOCKS
from config.i18n import Text, t
from config.zone import CITY_TIME

SHOWN = 50


def today() -> date:
    """The day on the clocks of Da Nang."""
    return database_now(reading()).astimezone(CITY_TIME).date()


def due_badge(ticket: SubjectRequest, day: date) -> Badge:
    """How a ticket stands against its clock, in an icon and words."""
    if ticket.state != "open":
        return words.REQUEST_BADGES[ticket.state]
    if ticket.due_on < day:
        late = (day - ticket.due_on).days
        return Badge(Text(f"Quá hạn {late} ngày", f"{late} days overdue"), "alert", "bad")
    if ticket.acknowledged_at is None and ticket.acknowledge_by < day:
        return Badge(Text("Chậm báo tiếp nhận", "Acknowledgement overdue"), "alert", "bad")
    left = (ticket.due_on - day).days
    if left == 0:
        return Badge(Text("Hạn hôm nay", "Due today"), "clock", "warn")
    tone = "warn" if ticket.due_on <= day + tickets.SOON else "info"
    return Badge(Text(f"Còn {left} ngày", f"{left} days left"), "clock", tone)


class RequestScreen(Page):
    """Tickets by the day they are due; each with its steps on a page of its own."""

    rules: ClassVar[dict[str, str]] = {
        "index": "request.view",
        "show": "request.view",
        "new": "request.handle",
        "acknowledge": "request.handle",
        "extend": "request.handle",
        "refuse": "request.handle",
        "complete": "request.handle",
    }

    @expose("/")
    def index(self) -> str:
        """What is open, the most urgent first; or all of it, the latest first."""
        everything = request.args.get("show") == "all"
        before = request.args.get("before", "")
        rows = list_requests(
            reading(),
            open_only=not everything,
            before=int(before) if before.isascii() and before.isdecimal() and len(before) < 10 else None,
            limit=SHOWN + 1,
            scope=actor().scope,
        )
        return self.render(
            "console/requests.html",
            rows=[(row, due_badge(row, today())) for row in rows[:SHOWN]],
            more=rows[SHOWN - 1].id if everything and len(rows) > SHOWN else None,
            cut=not everything and len(rows) > SHOWN,
            everything=everything,
            kinds=CLOCKS,
            limited=actor().scope.wards is not None,
        )

    @expose("/<int:request_id>/")
    def show(self, request_id: int) -> str:
        """One ticket."""
        return self._page(request_id, Form())

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Any:
        """Take a request in; from a person's page it is about that person."""
        form = Form.sent() if request.method == "POST" else Form(_first(request.args.get("contact", "")))
        if request.method == "POST" and (made := self._open(form)):
            return redirect(url_for(".show", request_id=made), code=303)
        page = self.render(
            "console/request_new.html",
            form=form,
            contact=form.get("contact"),
            kinds=[("", t("Chọn", "Choose")), *((name, clock.title) for name, clock in CLOCKS.items())],
            channels=list(tickets.CHANNELS.items()),
            limited=actor().scope.wards is not None,
        )
        return page, 422 if form.errors else 200

    @staticmethod
    def _open(form: Form) -> int | None:
        contact = form.number("contact")
        evidence = form.text("evidence", most=500, missing=t("Hãy ghi căn cứ.", "Give the evidence."))
        if form.get("kind") not in CLOCKS:
            form.errors["kind"] = t("Hãy chọn loại yêu cầu.", "Choose the kind of request.")
        try:
            received = date.fromisoformat(form.get("received_on"))
        except ValueError:
            form.errors["received_on"] = t("Ngày không hợp lệ.", "This is no date.")
        if form.errors:
            return None
        try:
            with console().database.transaction() as session:
                made = tickets.open_request(
                    session,
                    actor(),
                    kind=form.get("kind"),
                    channel=form.get("channel"),
                    evidence=evidence,
                    received_on=received,
                    contact_id=contact,
                    with_processor=form.get("with_processor") == "1",
                )
        except LoaError as refusal:
            of_whom = isinstance(refusal, NotFound) or (contact is None and actor().scope.wards is not None)
            form.errors["kind" if of_whom else "received_on"] = str(refusal)
            return None
        return made.id

    @expose("/<int:request_id>/acknowledge", methods=("POST",))
    def acknowledge(self, request_id: int) -> Any:
        """The person was told that it came."""

        def work() -> None:
            with console().database.transaction() as session:
                tickets.acknowledge(session, actor(), request_id)

        told(work, t("Đã ghi nhận việc báo tiếp nhận.", "The acknowledgement is noted."))
        return redirect(url_for(".show", request_id=request_id), code=303)

    @expose("/<int:request_id>/extend", methods=("POST",))
    def extend(self, request_id: int) -> Any:
        """More time, once."""
        form = Form.sent()
        return self._step(
            request_id, form, "reason", lambda s: tickets.extend(s, actor(), request_id, form.get("reason"))
        )

    @expose("/<int:request_id>/refuse", methods=("POST",))
    def refuse(self, request_id: int) -> Any:
        """No, on a legal ground."""
        form = Form.sent()
        return self._step(
            request_id,
            form,
            "why",
            lambda s: tickets.refuse(s, actor(), request_id, form.get("ground"), form.get("why")),
        )

    @expose("/<int:request_id>/complete", methods=("POST",))
    def complete(self, request_id: int) -> Any:
        """Done."""
        form = Form.sent()
        return self._step(
            request_id, form, "note", lambda s: tickets.complete(s, actor(), request_id, form.get("note"))
        )

    def _step(self, request_id: int, form: Form, field: str, step: Callable[[Any], Any]) -> Any:
        try:
            with console().database.transaction() as session:
                step(session)
        except LoaError as refusal:
            form.errors[field] = str(refusal)
            return self._page(request_id, form), 422
        return redirect(url_for(".show", request_id=request_id), code=303)

    def _page(self, request_id: int, form: Form) -> str:
        found = get_request(reading(), request_id)
        clock = CLOCKS[found.kind]
        grounds = [(name, ground.title) for name, ground in tickets.GROUNDS.items() if found.kind in ground.kinds]
        return self.render(
            "console/request.html",
            person_seen=found.contact_id is not None and sees(reading(), actor(), "contact", found.contact_id),
            ticket=found,
            clock=clock,
            look=due_badge(found, today()),
            form=form,
            grounds=grounds,
            ground=tickets.GROUNDS[found.ground].title if found.ground else "",
            channel=tickets.CHANNELS.get(found.channel, found.channel),
            may_extend=found.extended_at is None and found.due_on >= today(),
            extended_to=found.due_on + timedelta(days=clock.extension),
        )


def _first(contact: str) -> dict[str, str]:
    known = contact if contact.isascii() and contact.isdecimal() and len(contact) < 19 else ""
    return {"contact": known, "received_on": today().isoformat(), "channel": "counter"}
