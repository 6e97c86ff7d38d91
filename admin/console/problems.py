"""Pages for what went wrong: what happened and what to do, in the frame and in both languages."""

from __future__ import annotations

from typing import Any

from flask import current_app, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from admin.console.guard import rule_of, sign_in_again
from admin.console.i18n import static_url
from config.i18n import Text, current_language, t

_REASONS: dict[int, Text] = {
    400: Text("Yêu cầu không đọc được. Hãy quay lại và thử lại.", "The request cannot be read. Go back and try again."),
    401: Text("Phiên làm việc đã hết. Hãy đăng nhập lại.", "Your session has ended. Sign in again."),
    403: Text("Bạn không có quyền làm việc này.", "You may not do this."),
    404: Text("Không có trang này.", "There is no such page."),
    405: Text("Không thể làm việc này theo cách đó.", "This cannot be done this way."),
    409: Text("Việc này không còn làm được.", "This can no longer be done."),
    413: Text("Nội dung gửi lên quá lớn.", "What was sent is too large."),
    429: Text("Quá nhiều yêu cầu. Hãy đợi một phút.", "Too many requests. Wait a minute."),
    500: Text(
        "Có lỗi ngoài ý muốn. Chưa có gì được ghi; hãy thử lại hoặc báo người vận hành.",
        "Something went wrong. Nothing was saved; try again or tell the operator.",
    ),
    503: Text("Dịch vụ tạm thời không trả lời.", "The service does not answer for the moment."),
}

_EXPLAINED = frozenset({403, 409, 413, 422, 429})
"""Refusals that may bring words of their own."""

_STALE_FORM = Text(
    "Trang này đã mở quá lâu hoặc phiên làm việc đã đổi, nên không có gì được ghi. Hãy tải lại trang rồi làm lại.",
    "This page was open for too long or your session changed, so nothing was saved. Reload the page and try again.",
)


def explain(error: HTTPException) -> Any:
    """The page, or the JSON, of an HTTP error; redirects pass through."""
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, CSRFError) and rule_of(current_app, request.endpoint or "") not in {None, "public"}:
        again = sign_in_again()
        if again is not None:
            return again
    status = 400 if isinstance(error, CSRFError) else error.code
    said = status in _EXPLAINED and error.description != type(error).description
    own_words = error.description if said else ""
    reason = str(_STALE_FORM) if isinstance(error, CSRFError) else own_words or str(_REASONS.get(status, _REASONS[400]))
    if request.is_json or "X-Requested-With" in request.headers:
        return jsonify({"error": reason}), status
    if status >= 500:
        return _standing_alone(reason), status
    return render_template("console/problem.html", status=status, reason=reason), status


def _standing_alone(reason: str) -> str:
    """A page that asks nothing of the database; ``render_template`` would look up the person first."""
    page = current_app.jinja_env.get_template("console/broken.html")
    return page.render(t=t, lang=current_language(), static_url=static_url, reason=reason)
