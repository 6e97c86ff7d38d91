"""Lets large bodies in where lists are uploaded, and keeps them off the folder that every account can look into."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import IO, Any, cast

from flask import Flask, Request, abort, request

from admin.console.context import actor, console
from admin.console.i18n import choose_language
from campaigns.audience.uploads import uploads_of
from config.i18n import t

UPLOADS = {"contacts.upload": "contact.import", "donotcall.upload": "do-not-call.import"}
"""Where lists are uploaded, and who may."""

_FORM_BYTES = 64 * 1024
"""Room for the form around the file."""

_READ_AT_MOST = 1024**3
_PIECE = 1024**2


class UploadRequest(Request):
    """A request whose files wait in a private folder, not where every account of the machine can look."""

    _opened: Sequence[IO[bytes]] = ()

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if request.endpoint not in UPLOADS:
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)
        # Closed with the request.
        opened = cast(IO[bytes], tempfile.TemporaryFile(dir=uploads_of(console().settings.home)))  # noqa: SIM115
        self._opened = [*self._opened, opened]
        return opened

    def close(self) -> None:
        """Let go of the files, also of those of a form that was refused half read."""
        super().close()
        for opened in self._opened:
            opened.close()


def limit_bytes() -> int:
    """The largest list the console takes."""
    return console().settings.upload_mb * 1024**2


def let_lists_in(app: Flask) -> None:
    """Raise the limit of a body where lists are uploaded; before the check of tokens, because that reads the form."""
    app.request_class = UploadRequest

    @app.before_request
    def raise_limit() -> None:
        permission = UPLOADS.get(request.endpoint or "")
        if permission is None or request.method != "POST" or not actor().may(permission):
            return
        limit = limit_bytes() + _FORM_BYTES
        if (request.content_length or 0) > limit:
            choose_language()
            _read_away()
            abort(413, description=too_large())
        request.max_content_length = limit


def too_large(command: str = "loa contacts import") -> str:
    """What a person is told whose list is too large; ``command`` takes any."""
    return t(
        "Tệp lớn quá {n} MB. Hãy chia thành nhiều tệp, hoặc nhờ người vận hành nhập bằng lệnh “{command}”.",
        "The file has more than {n} MB. Split it, or ask the operator to import it with “{command}”.",
        n=console().settings.upload_mb,
        command=command,
    )


def _read_away() -> None:
    """Take what the browser is sending, up to a bound; a browser that is cut off shows no answer."""
    body: Any = request.environ["wsgi.input"]
    left = min(request.content_length or 0, _READ_AT_MOST)
    while left > 0 and (piece := body.read(min(left, _PIECE))):
        left -= len(piece)
