"""Registers the law asks for: breaches with their 72 hours, who processes for the city, how long data are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar

from flask import redirect, request, url_for

from admin.console.context import actor, console, reading
from admin.console.formats import local
from admin.console.forms import Form
from admin.console.frame import Page, expose
from admin.console.words import Badge
from campaigns.errors import LoaError
from campaigns.models import Breach, Processor
from campaigns.store.campaigns import database_now
from campaigns.store.registers import (
    get_breach,
    get_processor,
    list_breaches,
    list_gateways_without_processor,
    list_processors,
)
from campaigns.subjects import breach, processors
from campaigns.subjects.retention import overview, terms_of
from config.i18n import Text, t
from config.zone import CITY_TIME

_INPUT = "%Y-%m-%dT%H:%M"


def clock_badge(found: Breach, now: datetime) -> Badge:
    """How a breach stands against its 72 hours."""
    due = breach.notice_due(found)
    if found.notified_at is not None:
        if found.notified_at > due:
            return Badge(Text("Đã thông báo, chậm", "Notified, late"), "alert", "warn")
        return Badge(Text("Đã thông báo", "Notified"), "check", "good")
    if now > due:
        late = int((now - due).total_seconds() // 3600)
        return Badge(Text(f"Quá 72 giờ: chậm {late} giờ", f"Past 72 hours: {late} hours late"), "alert", "bad")
    left = int((due - now).total_seconds() // 3600)
    return Badge(Text(f"Còn {left} giờ để thông báo", f"{left} hours left to notify"), "clock", "warn")


class BreachScreen(Page):
    """Worksheets of breaches; each can be printed as the notice."""

    rules: ClassVar[dict[str, str]] = {
        "index": "breach.manage",
        "show": "breach.manage",
        "notify": "breach.manage",
        "close": "breach.manage",
    }

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """All of them, and the form that begins one."""
        now = database_now(reading())
        form = Form.sent() if request.method == "POST" else Form({"discovered_at": local(now).strftime(_INPUT)})
        if request.method == "POST" and (made := self._open(form)):
            return redirect(url_for(".show", breach_id=made), code=303)
        rows = [(row, clock_badge(row, now)) for row in list_breaches(reading())]
        page = self.render("console/breaches.html", rows=rows, form=form, due=breach.notice_due)
        return page, 422 if form.errors else 200

    @staticmethod
    def _open(form: Form) -> int | None:
        title = form.text("title", most=breach.TITLE_MOST, missing=t("Hãy đặt tên cho hồ sơ.", "Give it a title."))
        at = form.moment("discovered_at")
        if at is None and "discovered_at" not in form.errors:
            form.errors["discovered_at"] = t("Hãy ghi lúc phát hiện.", "Say when it was discovered.")
        if form.errors or at is None:
            return None
        try:
            with console().database.transaction() as session:
                return breach.open_breach(session, actor(), title=title, discovered_at=at).id
        except LoaError as refusal:
            form.errors["discovered_at"] = str(refusal)
            return None

    @expose("/<int:breach_id>/", methods=("GET", "POST"))
    def show(self, breach_id: int) -> Any:
        """One worksheet: what is known, written down as it becomes known."""
        if request.method == "GET":
            return self._page(breach_id, self._filled(breach_id))
        form = Form.sent()
        seen = form.number("seen", 0) or 0
        return self._step(
            breach_id,
            form,
            "title",
            lambda s: breach.write_breach(
                s, actor(), breach_id, title=form.get("title"), fields=form.values, seen=seen
            ),
        )

    @expose("/<int:breach_id>/notify", methods=("POST",))
    def notify(self, breach_id: int) -> Any:
        """The authority was told."""
        form = Form.sent()
        filled = self._filled(breach_id)
        filled.values.update(form.values)
        at = filled.moment("notified_at")
        if at is None:
            filled.errors.setdefault("notified_at", t("Hãy ghi lúc thông báo.", "Say when they were told."))
            return self._page(breach_id, filled), 422
        return self._step(
            breach_id,
            filled,
            "notified_at",
            lambda s: breach.notify(s, actor(), breach_id, reference=form.get("reference"), at=at),
        )

    @expose("/<int:breach_id>/close", methods=("POST",))
    def close(self, breach_id: int) -> Any:
        """Nothing is left to do."""
        form = self._filled(breach_id)
        return self._step(breach_id, form, "title", lambda s: breach.close_breach(s, actor(), breach_id))

    def _step(self, breach_id: int, form: Form, field: str, step: Callable[[Any], Any]) -> Any:
        try:
            with console().database.transaction() as session:
                step(session)
        except LoaError as refusal:
            form.errors[field] = str(refusal)
            return self._page(breach_id, form), 422
        return redirect(url_for(".show", breach_id=breach_id), code=303)

    @staticmethod
    def _filled(breach_id: int) -> Form:
        found = get_breach(reading(), breach_id)
        now = local(database_now(reading())).strftime(_INPUT)
        return Form({**found.fields, "title": found.title, "seen": str(found.version), "notified_at": now})

    def _page(self, breach_id: int, form: Form) -> str:
        found = get_breach(reading(), breach_id)
        return self.render(
            "console/breach.html",
            found=found,
            form=form,
            fields=breach.FIELDS,
            look=clock_badge(found, database_now(reading())),
            due=breach.notice_due(found),
            missing=[breach.FIELDS[name].title for name in breach.missing(found)],
        )


class ProcessorScreen(Page):
    """Who processes personal data for the city, and by which agreement."""

    rules: ClassVar[dict[str, str]] = {
        "index": "processor.manage",
        "new": "processor.manage",
        "edit": "processor.manage",
    }

    @expose("/")
    def index(self) -> str:
        """The register."""
        today = database_now(reading()).astimezone(CITY_TIME).date()
        return self.render(
            "console/processors.html",
            rows=[(row, processors.check_is_due(row, today)) for row in list_processors(reading())],
            gateways=list_gateways_without_processor(reading()),
        )

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Any:
        """One more; of a gateway's company most is filled in."""
        gateway = request.args.get("gateway", "")[:100]
        form = Form.sent() if request.method == "POST" else Form(processors.prefilled(gateway) if gateway else {})
        return self._edit(form, None)

    @expose("/<int:processor_id>/", methods=("GET", "POST"))
    def edit(self, processor_id: int) -> Any:
        """Change an entry, note a check or an end."""
        found = get_processor(reading(), processor_id)
        return self._edit(Form.sent() if request.method == "POST" else _of(found), found)

    def _edit(self, form: Form, found: Processor | None) -> Any:
        if request.method == "POST" and self._save(form, found):
            return redirect(url_for(".index"), code=303)
        page = self.render(
            "console/processor.html",
            form=form,
            found=found,
            fields=processors.FIELDS,
            dates=processors.DATES,
            required=processors.REQUIRED,
        )
        return page, 422 if form.errors else 200

    @staticmethod
    def _save(form: Form, found: Processor | None) -> bool:
        entry = processors.Entry(form.values, {name: _date(form, name) for name in processors.DATES})
        if form.errors:
            return False
        try:
            with console().database.transaction() as session:
                if found is None:
                    processors.add_processor(session, actor(), entry)
                else:
                    seen = form.number("seen", 0) or 0
                    processors.change_processor(session, actor(), found.id, entry, seen=seen)
        except LoaError as refusal:
            form.errors[str(refusal.detail.get("field", "name"))] = str(refusal)
            return False
        return True


def _of(found: Processor) -> Form:
    texts = {name: getattr(found, name) for name in processors.FIELDS}
    dates = {name: value.isoformat() for name in processors.DATES if (value := getattr(found, name))}
    return Form({**texts, **dates, "seen": str(found.version)})


def _date(form: Form, name: str) -> date | None:
    given = form.get(name).strip()
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        form.errors[name] = t("Ngày không hợp lệ.", "This is no date.")
        return None


class RetentionScreen(Page):
    """How long everything about people is kept."""

    rules: ClassVar[dict[str, str]] = {"index": "retention.view"}

    @expose("/")
    def index(self) -> str:
        """The table, with what is due now."""
        keep, terms = terms_of(console().settings)
        return self.render("console/retention.html", lines=overview(reading(), keep, terms))
