"""Searching for people without writing whom one looks for into the address, where logs and histories keep it."""

from __future__ import annotations

import copy
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import flash, redirect, request, url_for
from flask_admin.model.base import ViewArgs

from admin.console.context import console
from admin.console.forms import Form
from admin.console.frame import ListScreen, expose
from config.i18n import t
from config.keys import NONCE_BYTES

MOST = 100
"""Characters of a search."""
_TOKEN_MOST = 900


def _key() -> AESGCM:
    return AESGCM(console().keyring.derive("searches"))


def hide_search(words: str) -> str:
    """A search as it may stand in an address."""
    nonce = os.urandom(NONCE_BYTES)
    return urlsafe_b64encode(nonce + _key().encrypt(nonce, words.encode(), None)).decode().rstrip("=")


def read_search(token: str) -> str | None:
    """The words of a hidden search; None where the token is none of ours."""
    if not token:
        return ""
    try:
        raw = urlsafe_b64decode(token[:_TOKEN_MOST] + "=" * (-len(token) % 4))
        return _key().decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()
    except (InvalidTag, ValueError):
        return None


class PrivateSearch(ListScreen):
    """A list whose search goes by POST; the address then holds it encrypted, so pages and filters still work."""

    private_search = True

    @expose("/find", methods=("POST",))
    def find(self) -> Any:
        """Search, keeping the filters that were chosen."""
        form = Form.sent()
        words = form.get("search").strip()[:MOST]
        kept: dict[str, Any] = {each.key: value for each in self._filters or () if (value := form.get(each.key))}
        if words:
            kept["search"] = hide_search(words)
        return redirect(url_for(".index_view", **kept), code=303)

    def _get_list_extra_args(self) -> ViewArgs:
        arguments = super()._get_list_extra_args()
        arguments.search = self.searched() or None
        if arguments.search is None and request.args.get("search"):
            advice = t("Hãy gõ vào ô tìm kiếm rồi bấm “Lọc”.", "Type into the search field, then press “Filter”.")
            flash(advice, "error")
        return arguments

    @staticmethod
    def searched() -> str:
        """What is being looked for."""
        return read_search(request.args.get("search", "")) or ""

    def _get_list_url(self, view_args: ViewArgs) -> str:
        hidden = copy.copy(view_args)
        hidden.search = request.args.get("search") or None
        url: str = super()._get_list_url(hidden)
        return url
