"""Sender names: whose they are, where they are registered, until when."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for

from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Page, expose, told
from admin.console.guard import may
from campaigns.advertising.senders import OWNER_KINDS, STATUSES, remove_sender, save_sender
from campaigns.errors import LoaError
from campaigns.models import SenderName
from campaigns.store.campaigns import city_today
from campaigns.store.senders import find_sender, list_senders
from campaigns.titles import CARRIER_TITLES
from config.i18n import t

_CARRIER = "carrier-"


class SenderScreen(Page):
    """The list, and the form that adds to it or changes it."""

    rules: ClassVar[dict[str, str]] = {"index": "sender.view", "save": "sender.edit", "remove": "sender.edit"}

    @expose("/")
    def index(self) -> str:
        """The list; ``?name=`` fills the form with one of them."""
        known = find_sender(reading(), request.args.get("name", "")[:11])
        return self._page(_filled(known) if known else Form({"owner_kind": "authority"}))

    @expose("/save", methods=("GET", "POST"))
    def save(self) -> Any:
        """Put a name on the list, or change it."""
        if request.method == "GET":
            return redirect(url_for(".index"), code=303)
        form = Form.sent()
        if self._save(form):
            flash(t("Đã ghi “{name}”.", "“{name}” is on the list.", name=form.get("name").strip()), "success")
            return redirect(url_for(".index"), code=303)
        return self._page(form), 422

    @expose("/remove", methods=("POST",))
    def remove(self) -> Any:
        """Take a name off the list."""
        name = request.form.get("name", "")[:11]

        def work() -> None:
            with console().database.transaction() as session:
                remove_sender(session, actor(), name)

        told(work, t("Đã bỏ “{name}”.", "“{name}” was removed.", name=name))
        return redirect(url_for(".index"), code=303)

    def _page(self, form: Form) -> str:
        return self.render(
            "console/senders.html",
            form=form,
            senders=list_senders(reading()),
            today=city_today(reading()),
            kinds=OWNER_KINDS,
            statuses=STATUSES,
            carriers=CARRIER_TITLES.items(),
            may_edit=may("sender.edit"),
        )

    @staticmethod
    def _save(form: Form) -> bool:
        expires: date | None = None
        if form.get("expires").strip():
            try:
                expires = date.fromisoformat(form.get("expires").strip())
            except ValueError:
                form.errors["expires"] = t("Ngày không hợp lệ.", "This is no date.")
        if form.errors:
            return False
        carriers = {
            name.removeprefix(_CARRIER): value
            for name, value in form.values.items()
            if name.startswith(_CARRIER) and value
        }
        try:
            with console().database.transaction() as session:
                save_sender(
                    session,
                    actor(),
                    form.get("name"),
                    owner=form.get("owner"),
                    owner_kind=form.get("owner_kind"),
                    carriers_status=carriers,
                    expires_on=expires,
                )
        except LoaError as refusal:
            form.errors[str(refusal.detail.get("field", "name"))] = str(refusal)
            return False
        return True


def _filled(sender: SenderName) -> Form:
    return Form(
        {
            "name": sender.name,
            "owner": sender.owner,
            "owner_kind": sender.owner_kind,
            "expires": sender.expires_on.isoformat() if sender.expires_on else "",
            **{_CARRIER + carrier: status for carrier, status in sender.carriers.items()},
        }
    )
