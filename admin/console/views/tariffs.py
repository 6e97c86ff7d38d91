"""What a message part costs: the prices by carrier and class, from a day on."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import flash, redirect, url_for

from admin.console import words
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Page, expose, told
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.prices import ANY, CARRIERS, read_price, remove_price, set_price
from campaigns.errors import LoaError, NotFound
from campaigns.store.tariffs import list_tariffs
from config.i18n import t


def carrier_words(name: str) -> str:
    """A carrier of the tariff."""
    return t("Mọi nhà mạng khác", "Any other carrier") if name == ANY else words.carrier(name)


def class_words(slug: str) -> str:
    """A class of the tariff."""
    return str(MESSAGE_CLASSES[slug].title) if slug in MESSAGE_CLASSES else t("Mọi loại tin khác", "Any other class")


class TariffScreen(Page):
    """Kept by operators, who know the contracts."""

    rules: ClassVar[dict[str, str]] = {"index": "gateway.view", "put": "gateway.edit", "remove": "gateway.edit"}

    @expose("/")
    def index(self) -> Any:
        """The prices."""
        return self._page(Form({"carrier": ANY, "message_class": ANY}))

    @expose("/put", methods=("POST",))
    def put(self) -> Any:
        """Write down one more, or correct one."""
        form = Form.sent()
        given, day = form.text("price", most=20, missing=t("Hãy nhập giá.", "Enter the price.")), _day(form)
        if not form.errors and day is not None:
            try:
                with console().database.transaction() as session:
                    set_price(
                        session,
                        actor(),
                        carrier=form.get("carrier"),
                        message_class=form.get("message_class"),
                        from_date=day,
                        price=read_price(given),
                    )
            except LoaError as refusal:
                form.errors["price"] = str(refusal)
            else:
                flash(t("Đã ghi giá.", "The price is entered."), "success")
                return redirect(url_for(".index"), code=303)
        return self._page(form), 422

    @expose("/remove", methods=("POST",))
    def remove(self) -> Any:
        """Take a price off the list."""
        form = Form.sent()

        def work() -> None:
            day = _day(form)
            if day is None:
                raise NotFound("Không có mức giá này.", "There is no such price.")
            with console().database.transaction() as session:
                remove_price(
                    session,
                    actor(),
                    carrier=form.get("carrier"),
                    message_class=form.get("message_class"),
                    from_date=day,
                )

        told(work, t("Đã bỏ mức giá.", "The price was removed."))
        return redirect(url_for(".index"), code=303)

    def _page(self, form: Form) -> str:
        return self.render(
            "console/tariffs.html",
            form=form,
            rows=list_tariffs(reading()),
            carriers=[(name, carrier_words(name)) for name in (ANY, *CARRIERS)],
            classes=[(slug, class_words(slug)) for slug in (ANY, *MESSAGE_CLASSES)],
            carrier_words=carrier_words,
            class_words=class_words,
        )


def _day(form: Form) -> date | None:
    try:
        return date.fromisoformat(form.get("from_date").strip()[:10])
    except ValueError:
        form.errors["from_date"] = t("Hãy chọn ngày bắt đầu áp dụng.", "Choose the day it begins.")
        return None
