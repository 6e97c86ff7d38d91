"""One person: what Loa holds, what was sent, refusals; correcting, revealing, handing out and erasing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from flask import Response, flash, redirect, request, url_for

from admin.console import formats, words
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Choice, Screen, expose
from admin.console.guard import may
from admin.console.sheets import write_sheet
from admin.console.views.consents import consent_scope, consent_standing
from campaigns.advertising.consents import HOW
from campaigns.audience import person
from campaigns.audience.hiding import hide_numbers
from campaigns.audience.sealing import open_attributes
from campaigns.content.topics import topic_title
from campaigns.delivery.states import STATE_TITLES, MessageState
from campaigns.errors import LoaError
from campaigns.models import Contact
from campaigns.models.people import TEST_NUMBER
from campaigns.store import console as store
from campaigns.store.consents import list_consents_of
from campaigns.store.donotcall import find_do_not_call
from campaigns.store.people import get_contact, list_inbound_of, list_messages_to, list_refusals_of
from campaigns.store.places import load_areas_of, load_places, within_scope
from campaigns.store.requests import list_requests_of
from campaigns.subjects.clocks import CLOCKS
from config.i18n import t

MESSAGES_SHOWN = 100


def area_choices() -> list[Choice]:
    """Districts with their wards, of the default edition and inside the person's scope, by ``area.id``."""
    areas = within_scope(load_areas_of(reading(), console().settings.default_edition), actor().scope)
    wards = sorted((a for a in areas if a.kind == "ward"), key=lambda a: a.code)
    chosen = []
    for district in (a for a in areas if a.kind == "district"):
        chosen.append(Choice(str(district.id), f"{district.prefix} {district.name}"))
        chosen += [Choice(str(w.id), f"{w.prefix} {w.name}", 1) for w in wards if w.parent_code == district.code]
    return chosen or [Choice(str(w.id), f"{w.prefix} {w.name}") for w in wards]


def condition(contact: Contact) -> str:
    """Whether messages can be sent to a person, and why not."""
    reasons = {
        "erased": t("Đã xoá dữ liệu", "Erased"),
        "dead": t("Số không còn dùng", "Dead number"),
        "restricted": t("Hạn chế xử lý: không gửi tin", "Restricted: no messages"),
    }
    return reasons.get(contact.unusable, contact.unusable) if contact.unusable else t("Dùng được", "Usable")


def _ward_choices(contact: Contact) -> list[Choice]:
    """Wards of the default edition under their districts, and the person's own where it is of another edition."""
    choices, district, wards = area_choices(), "", []
    nested = any(choice.level for choice in choices)
    for choice in choices:
        if nested and choice.level == 0:
            district = choice.title
        else:
            wards.append(Choice(choice.value, f"{choice.title}, {district}" if district else choice.title))
    own = load_places(reading()).get(contact.ward_id or 0)
    if own and not any(choice.value == str(contact.ward_id) for choice in wards):
        wards.insert(0, Choice(str(contact.ward_id), ", ".join(filter(None, own))))
    return wards


class PersonPages(Screen):
    """The addresses under ``/contacts/<id>/`` of the screen of contacts."""

    person_rules: ClassVar[Mapping[str, str]] = {
        "show": "contact.view",
        "edit": "contact.edit",
        "reveal": "contact.reveal",
        "erase": "contact.erase",
        "hand_out": "contact.export",
        "restrict": "contact.restrict",
        "lift": "contact.restrict",
    }

    @expose("/<int:contact_id>/")
    def show(self, contact_id: int) -> str:
        """One person."""
        return self._person_page(contact_id, Form())

    @expose("/<int:contact_id>/edit", methods=("GET", "POST"))
    def edit(self, contact_id: int) -> Any:
        """Put name, ward and language right."""
        contact = get_contact(reading(), contact_id)
        form = Form.sent() if request.method == "POST" else _filled(contact)
        if request.method == "POST" and self._correct(contact_id, form):
            flash(t("Đã sửa.", "Corrected."), "success")
            return redirect(url_for(".show", contact_id=contact_id), code=303)
        page = self.render(
            "console/person_edit.html",
            contact=contact,
            full_name=person.name_of(console().keyring, contact),
            form=form,
            wards=[("", t("Chưa rõ", "Unknown")), *((c.value, c.title) for c in _ward_choices(contact))],
            languages=[("vi", "Tiếng Việt"), ("en", "English")],
        )
        return page, 422 if form.errors else 200

    @staticmethod
    def _correct(contact_id: int, form: Form) -> bool:
        ward = form.number("ward")
        try:
            seen = datetime.fromisoformat(form.get("seen"))
        except ValueError:
            form.errors["full_name"] = t("Hãy tải lại trang.", "Reload the page.")
        if form.errors:
            return False
        try:
            with console().database.transaction() as work:
                person.correct(
                    work,
                    console().keyring,
                    actor(),
                    contact_id,
                    full_name=form.get("full_name"),
                    ward_id=ward,
                    language=form.get("language"),
                    seen=seen,
                )
        except LoaError as refusal:
            form.errors["full_name"] = str(refusal)
            return False
        return True

    @expose("/<int:contact_id>/reveal", methods=("POST",))
    def reveal(self, contact_id: int) -> Any:
        """Show the number once, in the answer itself: it stands in no address and in no session."""
        form = Form.sent()
        try:
            with console().database.transaction() as work:
                number = person.reveal(work, console().keyring, actor(), contact_id, form.get("reveal_reason"))
        except LoaError as refusal:
            form.errors["reveal_reason"] = str(refusal)
            return self._person_page(contact_id, form), 422
        return self._person_page(contact_id, Form(), number=f"{number[:4]} {number[4:7]} {number[7:]}")

    @expose("/<int:contact_id>/erase", methods=("POST",))
    def erase(self, contact_id: int) -> Any:
        """Erase a person, on their request."""
        form = Form.sent()
        try:
            with console().database.transaction() as work:
                person.erase(work, actor(), contact_id, form.get("erase_reason"))
        except LoaError as refusal:
            form.errors["erase_reason"] = str(refusal)
            return self._person_page(contact_id, form), 422
        flash(
            t(
                "Đã xoá dữ liệu của người này. Số liệu gửi tin và các lượt từ chối vẫn giữ nguyên.",
                "This person's data is erased. Figures and refusals stay as they were.",
            ),
            "success",
        )
        return redirect(url_for(".show", contact_id=contact_id), code=303)

    @expose("/<int:contact_id>/restrict", methods=("POST",))
    def restrict(self, contact_id: int) -> Any:
        """No messages any more, on their request."""
        return self._hold(contact_id, person.restrict, t("Từ nay không gửi tin.", "No messages from now on."))

    @expose("/<int:contact_id>/lift", methods=("POST",))
    def lift(self, contact_id: int) -> Any:
        """Messages again, on their request."""
        done = t("Lại gửi tin được cho người này.", "Messages may go to this person again.")
        return self._hold(contact_id, person.lift_restriction, done)

    def _hold(self, contact_id: int, act: Callable[..., None], done: str) -> Any:
        form = Form.sent()
        try:
            with console().database.transaction() as work:
                act(work, actor(), contact_id, form.get("hold_reason"))
        except LoaError as refusal:
            form.errors["hold_reason"] = str(refusal)
            return self._person_page(contact_id, form), 422
        flash(done, "success")
        return redirect(url_for(".show", contact_id=contact_id), code=303)

    @expose("/<int:contact_id>/export", methods=("POST",))
    def hand_out(self, contact_id: int) -> Any:
        """Everything about a person as a file, for that person."""
        as_csv = Form.sent().get("format") == "csv"
        with console().database.transaction() as work:
            found = person.collect(work, console().keyring, actor(), contact_id)
        body, kind = (_as_sheet(found), "text/csv") if as_csv else (_as_json(found), "application/json")
        name = f"loa-{contact_id}.{'csv' if as_csv else 'json'}"
        return Response(body, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def _person_page(self, contact_id: int, form: Form, number: str = "") -> str:
        session = reading()
        contact = get_contact(session, contact_id)
        ward, district = load_places(session).get(contact.ward_id or 0, ("", ""))
        cipher = contact.phone_cipher
        messages = list_messages_to(session, contact_id, MESSAGES_SHOWN + 1, actor().scope)
        return self.render(
            "console/person.html",
            contact=contact,
            full_name=person.name_of(console().keyring, contact),
            attributes=open_attributes(console().keyring, contact.attributes),
            form=form,
            number_shown=number,
            number_masked=formats.masked(console().keyring.decrypt(cipher) if cipher else None),
            place=", ".join(filter(None, (ward, district))),
            condition=condition(contact),
            requests=list_requests_of(session, contact_id) if may("request.view") else [],
            kinds=CLOCKS,
            text_of=lambda message: person.text_of(console().keyring, message),
            messages=[(row, STATE_TITLES[MessageState(row.state)]) for row in messages[:MESSAGES_SHOWN]],
            more_messages=len(messages) > MESSAGES_SHOWN,
            refusals=list_refusals_of(session, contact.phone_hash),
            consents=list_consents_of(session, contact.phone_hash),
            listed=find_do_not_call(session, contact.phone_hash),
            consent_scope=consent_scope,
            consent_standing=consent_standing,
            ways=HOW,
            inbound=list_inbound_of(session, contact.phone_hash, MESSAGES_SHOWN),
            history=store.list_audit_of(session, "contact", contact_id) if may("audit.view") else [],
            scope=lambda topic: topic_title(topic) if topic else t("Mọi tin", "All messages"),
            source_title=_source_title,
            hide=hide_numbers,
        )


def _filled(contact: Contact) -> Form:
    return Form(
        {
            "full_name": person.name_of(console().keyring, contact) or "",
            "ward": str(contact.ward_id or ""),
            "language": contact.language,
            "seen": contact.updated_at.isoformat(),
        }
    )


def _source_title(contact: Contact) -> str:
    known = {
        "inbound": t("Người này nhắn tin tới thành phố", "The person wrote to the city"),
        "erased": t("(đã xoá)", "(erased)"),
        TEST_NUMBER: t(
            "Số nhận tin thử; chiến dịch không gửi tới số này", "Number for tests; campaigns do not reach it"
        ),
    }
    name = contact.source.rpartition(" #")[0] or contact.source
    return known.get(contact.source) or t("Danh sách “{name}”", "List “{name}”", name=name)


def _as_json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _as_sheet(found: Mapping[str, Any]) -> bytes:
    """One fact a row: what it is about, which one of several, its name, and the value."""
    titles = words.PERSON_PARTS
    rows = [
        (str(titles[part]), position, name, formats.moment(value) if isinstance(value, datetime) else value)
        for part, entries in found.items()
        for position, entry in enumerate([entries] if isinstance(entries, Mapping) else entries, start=1)
        for name, value in entry.items()
        if value not in (None, "")
    ]
    return write_sheet([t("Mục", "Part"), t("Thứ", "No."), t("Trường", "Field"), t("Giá trị", "Value")], rows)
