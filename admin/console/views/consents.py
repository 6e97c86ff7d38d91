"""Consents to advertising: the register, writing one down with its proof, and ending one."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import flash, redirect, request, url_for

from admin.console import formats
from admin.console.context import actor, console
from admin.console.forms import Form
from admin.console.frame import Choice, ChoiceFilter, expose, shown
from admin.console.number_register import NumberRegister, number_cell
from campaigns.advertising.consents import HOW, Terms, add_consent, end_consent, parse_day, terms
from campaigns.audience.hiding import hide_numbers
from campaigns.content.topics import topic_title
from campaigns.errors import InvalidInput, LoaError
from campaigns.models import Consent
from campaigns.optouts.register import refusable_topics
from config.i18n import Text, t

_FIELDS = {"given_at": "given", "daily_cap": "per_day"}
"""Parts of the terms whose input has another name."""


def consent_scope(topic: str | None) -> str:
    """What was agreed to."""
    return topic_title(topic) if topic else t("Mọi quảng cáo", "All advertising")


def consent_standing(consent: Consent) -> str:
    """Whether a consent holds, or since when and why not."""
    if consent.ended_at is None:
        return t("Đang hiệu lực", "In force")
    return t(
        "Đã rút {at}: {why}",
        "Ended {at}: {why}",
        at=formats.moment(consent.ended_at),
        why=hide_numbers(consent.ended_evidence or ""),
    )


def _agreed(consent: Consent) -> str:
    if consent.daily_cap is None:
        return hide_numbers(consent.wording)
    vi, en = "{text} (tối đa {n} tin/ngày)", "{text} (at most {n} a day)"
    return t(vi, en, text=hide_numbers(consent.wording), n=consent.daily_cap)


class ConsentScreen(NumberRegister):
    """Nothing is deleted; the end of a consent is written beside its beginning."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "consent.view",
        "find": "consent.view",
        "add": "consent.edit",
        "end": "consent.edit",
    }
    list_template = "console/consents.html"
    lead = Text(
        "Chỉ người có trong sổ này nhận được quảng cáo. Từ chối quảng cáo hoặc từ chối mọi tin sẽ kết thúc sự đồng ý. "
        "Không dòng nào bị xoá.",
        "Only people in this register get advertising. Refusing advertising, or everything, ends a consent. No row is "
        "ever deleted.",
    )
    column_list = ("phone_hash", "topic", "given_at", "how", "wording", "evidence", "created_by", "ended_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "phone_hash": Text("Số điện thoại", "Number"),
        "topic": Text("Phạm vi", "Scope"),
        "given_at": Text("Đồng ý ngày", "Given on"),
        "how": Text("Cách đồng ý", "How"),
        "wording": Text("Nội dung đã đồng ý", "Text agreed to"),
        "evidence": Text("Căn cứ", "Evidence"),
        "created_by": Text("Người ghi", "By"),
        "ended_at": Text("Hiệu lực", "Standing"),
    }
    column_formatters: ClassVar[dict[str, Any]] = {
        "phone_hash": number_cell,
        "topic": shown(lambda consent: consent_scope(consent.topic)),
        "given_at": shown(lambda consent: formats.day(formats.local(consent.given_at))),
        "how": shown(lambda consent: HOW.get(consent.how, consent.how)),
        "wording": shown(_agreed),
        "evidence": shown(lambda consent: hide_numbers(consent.evidence)),
        "ended_at": shown(consent_standing),
    }
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter(
            "standing",
            Text("Hiệu lực", "Standing"),
            lambda: [Choice("yes", t("Đang hiệu lực", "In force")), Choice("no", t("Đã rút", "Ended"))],
            lambda q, v: q.filter(Consent.ended_at.is_(None) if v == "yes" else Consent.ended_at.is_not(None)),
        ),
        ChoiceFilter(
            "how",
            Text("Cách đồng ý", "How"),
            lambda: [Choice(how, str(title)) for how, title in HOW.items()],
            lambda q, v: q.filter(Consent.how == v),
        ),
    ]
    search_title = Text("Tìm theo số đầy đủ", "Search by full number")
    empty = Text("Chưa có ai đồng ý nhận quảng cáo.", "Nobody agreed to advertising yet.")

    @expose("/add", methods=("GET", "POST"))
    def add(self) -> Any:
        """Write a consent down."""
        form = Form.sent() if request.method == "POST" else Form({"how": "paper"})
        if request.method == "POST" and self._add(form):
            return redirect(url_for(".index_view"), code=303)
        topics = [("", t("Mọi quảng cáo", "All advertising")), *refusable_topics().items()]
        page = self.render("console/consent_add.html", form=form, ways=HOW.items(), topics=topics)
        return page, 422 if form.errors else 200

    @expose("/end", methods=("GET", "POST"))
    def end(self) -> Any:
        """Write down that a person took consent back."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST" and self._end(form):
            return redirect(url_for(".index_view"), code=303)
        return self.render("console/consent_end.html", form=form), 422 if form.errors else 200

    def _add(self, form: Form) -> bool:
        agreed = _terms_of(form)
        if agreed is None:
            return False
        try:
            with console().database.transaction() as work:
                new = add_consent(work, console().keyring, actor(), form.get("phone"), agreed)
        except LoaError as refusal:
            field = str(refusal.detail.get("field", "phone"))
            form.errors[_FIELDS.get(field, field)] = str(refusal)
            return False
        flash(
            t("Đã ghi nhận sự đồng ý.", "The consent is written down.")
            if new is not None
            else t("Số này đã đồng ý như vậy từ trước.", "This consent was in force already."),
            "success",
        )
        return True

    def _end(self, form: Form) -> bool:
        evidence = form.text(
            "evidence", most=1000, missing=t("Hãy ghi căn cứ của việc rút lại.", "Give the evidence of the end.")
        )
        if form.errors:
            return False
        try:
            with console().database.transaction() as work:
                ended = end_consent(work, console().keyring, actor(), form.get("phone"), evidence=evidence)
        except LoaError as refusal:
            form.errors[str(refusal.detail.get("field", "phone"))] = str(refusal)
            return False
        if not ended:
            form.errors["phone"] = t(
                "Số này không có sự đồng ý nào đang hiệu lực.", "This number has no consent in force."
            )
            return False
        flash(t("Đã ghi nhận việc rút lại.", "The end of the consent is written down."), "success")
        return True


def _terms_of(form: Form) -> Terms | None:
    """The terms a form describes, or None with its errors filled in."""
    daily_cap = form.number("per_day")
    if "per_day" in form.errors:
        return None
    try:
        return terms(
            topic=form.get("topic") or None,
            given_at=parse_day(form.get("given")),
            how=form.get("how"),
            wording=form.get("wording"),
            daily_cap=daily_cap,
            evidence=form.get("evidence"),
        )
    except InvalidInput as refusal:
        field = str(refusal.detail.get("field", "wording"))
        form.errors[_FIELDS.get(field, field)] = str(refusal)
        return None
