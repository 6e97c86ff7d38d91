"""Files people asked for: those that wait, are written, or can be fetched, each person's own."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, abort, make_response, redirect, render_template, request, url_for

from admin.console import words
from admin.console.context import actor, console, reading
from admin.console.frame import Page, expose, told
from campaigns.audience.sealed_files import read_blocks
from campaigns.errors import Forbidden
from campaigns.exports.jobs import KEEP_DAYS, ask_for, file_of
from campaigns.exports.kinds import KINDS
from campaigns.models import ExportJob
from campaigns.store.audit import append_audit
from campaigns.store.exports import OPEN, get_export, list_exports
from config.i18n import t


class ExportScreen(Page):
    """Asking for a file and fetching it. What a list's own page may not show, its file may not either."""

    rules: ClassVar[dict[str, str]] = {
        "index": "signed-in",
        "progress": "signed-in",
        "ask": "signed-in",
        "fetch": "signed-in",
    }
    """Each kind of list asks for its own permission besides (``campaigns.exports.kinds``)."""

    def is_accessible(self) -> bool:
        """Everybody who is signed in has files of their own."""
        return bool(actor().email)

    def is_visible(self) -> bool:
        """Reached from the lists; it has no place in the menu."""
        return False

    @expose("/")
    def index(self) -> str:
        """One's own files."""
        return self.render("console/exports.html", **_shown())

    @expose("/progress")
    def progress(self) -> Any:
        """The table alone, for the page that asks again; 304 while nothing moved."""
        shown = _shown()
        response = make_response(render_template("console/exports_table.html", **shown))
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Finished"] = "0" if shown["open"] else "1"
        response.add_etag()
        return response.make_conditional(request)

    @expose("/ask", methods=("POST",))
    def ask(self) -> Any:
        """Queue a list, narrowed as its page was."""
        form = request.form
        given = {key: form.get(f"filter-{key}", "")[:100] for kind in KINDS.values() for key in kind.filters}

        def work() -> None:
            with console().database.transaction() as session:
                filters = {key: value for key, value in given.items() if value}
                ask_for(session, actor(), form.get("kind", "")[:40], filters, form.get("format", "")[:10])

        told(work, t("Đang ghi tệp; trang này tự cập nhật.", "The file is being written; this page keeps up."))
        return redirect(url_for(".index"), code=303)

    @expose("/<int:job_id>/file")
    def fetch(self, job_id: int) -> Any:
        """The file; for nobody but who asked for it, who must still hold the list's permission."""
        job = get_export(reading(), job_id)
        if job.created_by != actor().email:
            raise Forbidden(
                "Tệp này do {who} yêu cầu; chỉ người đó lấy được.",
                "{who} asked for this file; nobody else can have it.",
                who=job.created_by,
            )
        actor().require(KINDS[job.kind].permission)
        path = file_of(console().settings.home, job)
        if job.state != "finished" or not path.exists():
            abort(404)
        with console().database.transaction() as work:
            append_audit(work, actor().email, "export.fetched", "export", job.id, {"list": job.kind})
        response = Response(read_blocks(console().keyring, path), mimetype=_TYPES[job.format])
        response.headers["Content-Disposition"] = f"attachment; filename={path.name}"
        response.headers["Cache-Control"] = "private, no-store"
        return response


_TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def _shown() -> dict[str, Any]:
    jobs: list[ExportJob] = list(list_exports(reading(), actor().email))
    return {
        "jobs": jobs,
        "open": any(job.state in OPEN for job in jobs),
        "kinds": KINDS,
        "badges": words.EXPORT_BADGES,
        "days": KEEP_DAYS,
    }
