"""Smaller files sent with a form: which addresses take them, how large they may be, where they lie meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, request
from flask_security import current_user

from campaigns.errors import InvalidInput

MAX_ATTACHMENT_BYTES = 20 * 1024**2
ATTACHMENTS = frozenset({"campaigns.report"})
"""Endpoints that take a file."""


def allow_attachments(app: Flask) -> None:
    """Let people who are signed in send more than a form to ``ATTACHMENTS``; before anything reads the request."""

    @app.before_request
    def raise_limit() -> None:
        if request.endpoint in ATTACHMENTS and current_user.is_authenticated:
            request.max_content_length = MAX_ATTACHMENT_BYTES


@contextmanager
def uploaded(field: str) -> Iterator[Path]:
    """The file of a field, under its own name in a private folder that is gone afterwards.

    Raises:
        InvalidInput: none was sent.
    """
    sent = request.files.get(field)
    if sent is None or not sent.filename:
        raise InvalidInput("Hãy chọn tệp.", "Choose a file.")
    folder = Path(tempfile.mkdtemp(prefix="loa-upload-"))
    try:
        # Only the last part of the name: a browser may send a path, and nothing may be written anywhere else.
        path = folder / (Path(sent.filename.replace("\\", "/")).name[-100:].strip(". ") or "file")
        sent.save(path)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)
