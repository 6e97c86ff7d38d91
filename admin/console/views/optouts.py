"""Refusals: the register, adding one and ending one, always with evidence."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from markupsafe import Markup

from admin.console import formats, words
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Choice, ChoiceFilter, expose, shown, told
from admin.console.number_register import NumberRegister, number_cell, shown_number
from campaigns.audience.person import text_of
from campaigns.audience.phone import PhoneProblem, normalise_phone
from campaigns.content.topics import topic_title
from campaigns.errors import LoaError
from campaigns.models import OptOut
from campaigns.optouts.citizen import BY
from campaigns.optouts.register import add_optout, end_optout, refusable_topics
from campaigns.optouts.review import decide, waiting
from campaigns.stats.effect import measure_effect
from campaigns.store import console as store
from campaigns.store.inbound import count_waiting
from config.i18n import Text, t

STAFF_SOURCES = ("staff", "hotline", "web", "telco")


def _scope(topic: str | None) -> str:
    return topic_title(topic) if topic else t("Mọi tin", "All messages")


def _in_force(_view: Any, _context: Any, optout: OptOut, _column: str) -> Markup | str:
    if optout.ended_at is None:
        return t("Đang hiệu lực", "In force")
    return t(
        "Đã nhận lại từ {at}: {why}",
        "Came back {at}: {why}",
        at=formats.moment(optout.ended_at),
        why=optout.ended_evidence,
    )


def _force_choices() -> list[Choice]:
    return [Choice("yes", t("Đang hiệu lực", "In force")), Choice("no", t("Đã nhận lại", "Came back"))]


def _source_choices() -> list[Choice]:
    return [Choice(source, str(title)) for source, title in words.SOURCE_TITLES.items()]


class OptOutScreen(NumberRegister):
    """Nothing is deleted; coming back needs evidence and is written beside the refusal."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "optout.view",
        "find": "optout.view",
        "add": "optout.add",
        "end": "optout.add",
        "review": "optout.add",
    }
    list_template = "console/optouts.html"
    lead = Text(
        "Từ chối có hiệu lực ngay, cả với chiến dịch đang gửi. Không dòng nào bị xoá.",
        "A refusal takes effect at once, also in a running campaign. No row is ever deleted.",
    )
    column_list = ("phone_hash", "topic", "source", "evidence", "created_at", "created_by", "ended_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "phone_hash": Text("Số điện thoại", "Number"),
        "topic": Text("Phạm vi", "Scope"),
        "source": Text("Nguồn", "Source"),
        "evidence": Text("Căn cứ", "Evidence"),
        "created_at": Text("Từ lúc", "Since"),
        "created_by": Text("Người ghi", "By"),
        "ended_at": Text("Hiệu lực", "Standing"),
    }
    column_formatters: ClassVar[dict[str, Any]] = {
        "phone_hash": number_cell,
        "topic": shown(lambda optout: _scope(optout.topic)),
        "source": shown(lambda optout: words.SOURCE_TITLES.get(optout.source, optout.source)),
        "created_at": shown(lambda optout: formats.moment(optout.created_at)),
        "created_by": shown(lambda o: t("người dân", "the person") if o.created_by == BY else o.created_by),
        "ended_at": _in_force,
    }
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter(
            "standing",
            Text("Hiệu lực", "Standing"),
            _force_choices,
            lambda q, v: q.filter(OptOut.ended_at.is_(None) if v == "yes" else OptOut.ended_at.is_not(None)),
        ),
        ChoiceFilter("source", Text("Nguồn", "Source"), _source_choices, lambda q, v: q.filter(OptOut.source == v)),
    ]
    search_title = Text("Tìm theo số đầy đủ", "Search by full number")
    empty = Text("Không có lượt từ chối nào.", "There are no refusals.")

    def render(self, template: str, /, **values: Any) -> str:
        """With what waits to be read, and how long refusals took to hold."""
        if template == self.list_template:
            values |= {"waiting": count_waiting(reading(), actor().scope), "effect": measure_effect(reading())}
        return super().render(template, **values)

    @expose("/add", methods=("GET", "POST"))
    def add(self) -> Any:
        """Register a refusal."""
        form = Form.sent() if request.method == "POST" else Form({"source": "hotline", "confirm": "yes"})
        if request.method == "POST" and self._register(form):
            return redirect(url_for(".index_view"), code=303)
        choices = [(source, words.SOURCE_TITLES[source]) for source in STAFF_SOURCES]
        topics = [("", t("Mọi tin", "All messages")), *refusable_topics().items()]
        page = self.render("console/optout_add.html", form=form, sources=choices, topics=topics)
        return page, 422 if form.errors else 200

    @expose("/review", methods=("GET", "POST"))
    def review(self) -> Any:
        """Read what may be a refusal, and decide."""
        if request.method == "POST":
            self._decide()
            return redirect(url_for(".review"), code=303)
        entries = waiting(reading(), actor())
        ciphers = store.find_ciphers(reading(), [entry.sender_hash for entry in entries])
        return self.render(
            "console/optout_review.html",
            entries=[(entry, shown_number(entry.sender_hash, ciphers)) for entry in entries],
            left=count_waiting(reading(), actor().scope),
            text_of=lambda message: text_of(console().keyring, message),
        )

    @staticmethod
    def _decide() -> None:
        entry, decision = request.form.get("entry", ""), request.form.get("decision", "")
        if not (entry.isascii() and entry.isdecimal() and len(entry) < 19) or decision not in {"refuse", "none"}:
            flash(t("Yêu cầu không đọc được.", "The request cannot be read."), "error")
            return
        refuses = decision == "refuse"

        def work() -> None:
            with console().database.transaction() as session:
                decide(session, console().keyring, actor(), int(entry), refuses=refuses)

        told(
            work,
            t("Đã ghi nhận từ chối.", "Registered as a refusal.")
            if refuses
            else t("Đã ghi: không phải từ chối.", "Noted: no refusal."),
        )

    @expose("/end", methods=("GET", "POST"))
    def end(self) -> Any:
        """Register that a person came back."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST" and self._come_back(form):
            return redirect(url_for(".index_view"), code=303)
        return self.render("console/optout_end.html", form=form), 422 if form.errors else 200

    def _register(self, form: Form) -> bool:
        phone, evidence = self._phone(form), self._evidence(form)
        topic = form.get("topic") or None
        if topic is not None and topic not in refusable_topics():
            form.errors["topic"] = t("Không có chủ đề này.", "There is no such topic.")
        source = form.get("source")
        if source not in STAFF_SOURCES:
            form.errors["source"] = t("Chọn một nguồn.", "Choose a source.")
        if form.errors:
            return False
        try:
            with console().database.transaction() as work:
                new = add_optout(
                    work,
                    console().keyring,
                    actor(),
                    phone,
                    topic=topic,
                    source=source,
                    evidence=evidence,
                    confirm=form.get("confirm") == "yes",
                )
        except LoaError as refusal:
            form.errors["phone"] = str(refusal)
            return False
        if new is None:
            flash(
                t(
                    "Số này đã từ chối như vậy từ trước; không có gì thay đổi.",
                    "This refusal was in force already; nothing changed.",
                ),
                "success",
            )
        else:
            flash(
                t(
                    "Đã ghi nhận. Từ giờ số này không nhận tin nữa.",
                    "Registered. From now on this number gets no messages.",
                ),
                "success",
            )
        return True

    def _come_back(self, form: Form) -> bool:
        phone, evidence = self._phone(form), self._evidence(form)
        if form.errors:
            return False
        try:
            with console().database.transaction() as work:
                ended = end_optout(work, console().keyring, actor(), phone, evidence=evidence)
        except LoaError as refusal:
            form.errors["phone"] = str(refusal)
            return False
        if not ended:
            form.errors["phone"] = t(
                "Số này không có lượt từ chối nào đang hiệu lực.", "This number has no refusal in force."
            )
            return False
        flash(
            t("Đã ghi nhận người dân nhận tin trở lại.", "Registered that the person gets messages again."), "success"
        )
        return True

    @staticmethod
    def _phone(form: Form) -> str:
        found = normalise_phone(form.get("phone"))
        if isinstance(found, PhoneProblem):
            form.errors["phone"] = f"{found.reason}. {found.suggestion}."
            return ""
        return found.number

    @staticmethod
    def _evidence(form: Form) -> str:
        return form.text(
            "evidence",
            most=500,
            missing=t(
                "Hãy ghi căn cứ: cuộc gọi, đơn, tin nhắn nào.", "Give the evidence: which call, letter or message."
            ),
        )
