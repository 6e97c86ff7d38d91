"""The words people may write to us: listed, added, taken off the list."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import redirect, request, url_for

from admin.console import words
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Page, expose, told
from campaigns.errors import LoaError
from campaigns.optouts.words import PROMISED, add_word, remove_word
from campaigns.store.words import list_words
from config.i18n import t


class WordScreen(Page):
    """What people may write, by what it asks for."""

    rules: ClassVar[dict[str, str]] = {"index": "optout.words", "remove": "optout.words"}

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """The list, and the form for one more."""
        form = Form.sent() if request.method == "POST" else Form({"wish": "optout"})
        if request.method == "POST" and self._add(form):
            return redirect(url_for(".index"), code=303)
        listed = list_words(reading())
        groups = [(title, [row for row in listed if row.wish == wish]) for wish, title in words.WISH_TITLES.items()]
        page = self.render(
            "console/words.html", form=form, groups=groups, wishes=words.WISH_TITLES.items(), promised=PROMISED
        )
        return page, 422 if form.errors else 200

    @expose("/remove", methods=("POST",))
    def remove(self) -> Any:
        """Take a word off the list."""
        word = request.form.get("word", "")[:100]

        def work() -> None:
            with console().database.transaction() as session:
                remove_word(session, actor(), word)

        told(work, t("Đã bỏ “{word}”.", "“{word}” was removed.", word=word))
        return redirect(url_for(".index"), code=303)

    @staticmethod
    def _add(form: Form) -> bool:
        word = form.text("word", most=60, missing=t("Hãy nhập từ khoá.", "Enter a word."))
        if form.errors:
            return False
        try:
            with console().database.transaction() as session:
                add_word(session, actor(), word, form.get("wish"))
        except LoaError as refusal:
            form.errors["word"] = str(refusal)
            return False
        return True
