"""Numbers of staff that texts and gateways are tried on: listed, added, taken off the list."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import redirect, request, url_for

from admin.console import formats
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Page, expose, told
from campaigns.delivery.trials import LABEL_MOST, add_number, remove_number
from campaigns.errors import LoaError
from campaigns.store.trials import list_numbers
from config.i18n import t


class DeskScreen(Page):
    """A label is the desk's, never a person's; the number is kept as every other, encrypted and shown masked."""

    rules: ClassVar[dict[str, str]] = {"index": "test.numbers", "remove": "test.numbers"}

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """The list, and the form for one more."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST" and self._add(form):
            return redirect(url_for(".index"), code=303)
        decrypt = console().keyring.decrypt
        rows = [
            (row, formats.masked(decrypt(row.phone_cipher) if row.phone_cipher else None))
            for row in list_numbers(reading())
        ]
        page = self.render("console/desks.html", form=form, rows=rows, most=LABEL_MOST)
        return page, 422 if form.errors else 200

    @expose("/remove", methods=("POST",))
    def remove(self) -> Any:
        """Take a number off the list."""
        number_id = Form.sent().number("id", 0) or 0

        def work() -> None:
            with console().database.transaction() as session:
                remove_number(session, actor(), number_id)

        told(work, t("Đã bỏ số khỏi danh sách.", "The number is off the list."))
        return redirect(url_for(".index"), code=303)

    @staticmethod
    def _add(form: Form) -> bool:
        label = form.text(
            "label", most=LABEL_MOST, missing=t("Hãy ghi số này đặt ở bộ phận nào.", "Say which desk it lies on.")
        )
        phone = form.text("phone", most=40, missing=t("Hãy nhập số di động.", "Enter the mobile number."))
        if form.errors:
            return False
        try:
            with console().database.transaction() as session:
                add_number(session, console().keyring, actor(), phone, label)
        except LoaError as refusal:
            form.errors["phone"] = str(refusal)
            return False
        return True
