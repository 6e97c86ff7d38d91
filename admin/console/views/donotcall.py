"""The national do-not-call list: its age and size, a new edition, and whether a number is on it."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, cast

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for

from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Page, expose
from admin.console.uploads import limit_bytes, too_large
from campaigns.advertising.donotcall import check_do_not_call, list_state
from campaigns.advertising.uploads import take_in_list
from campaigns.errors import LoaError
from campaigns.models import ImportJob
from campaigns.store.donotcall import count_do_not_call, list_editions
from campaigns.store.imports import DO_NOT_CALL, OPEN, get_import, list_imports
from config.i18n import t


class DoNotCallScreen(Page):
    """Advertising is refused while the list is missing or too old."""

    rules: ClassVar[dict[str, str]] = {
        "index": "do-not-call.view",
        "check": "do-not-call.view",
        "upload": "do-not-call.import",
        "progress": "do-not-call.view",
    }

    @expose("/")
    def index(self) -> str:
        """The list as it stands."""
        return self._page(Form(), Form({"how": "whole"}))

    @expose("/check", methods=("POST",))
    def check(self) -> Any:
        """Whether a number is on the list; the number stands in no address."""
        form = Form.sent()
        try:
            entry = check_do_not_call(reading(), console().keyring, actor(), form.get("phone"))
        except LoaError as refusal:
            form.errors["phone"] = str(refusal)
            return self._page(form, Form({"how": "whole"})), 422
        return self._page(Form(), Form({"how": "whole"}), checked=True, entry=entry)

    @expose("/upload", methods=("GET", "POST"))
    def upload(self) -> Any:
        """Take in a new edition."""
        if request.method == "GET":
            return redirect(url_for(".index"), code=303)
        form = Form.sent()
        by_script = "X-Requested-With" in request.headers
        if self._take_in(form):
            flash(t("Đã nhận tệp; đang đọc.", "The file is here and being read."), "success")
            here = url_for(".index")
            return jsonify({"go": here}) if by_script else redirect(here, code=303)
        if by_script:
            return jsonify({"error": " ".join(form.errors.values())}), 422
        return self._page(Form(), form), 422

    @expose("/import/<int:job_id>/progress")
    def progress(self, job_id: int) -> Any:
        """How far the reading has come, for the page that asks again and again; 304 while nothing moved."""
        job = get_import(reading(), job_id, DO_NOT_CALL)
        response = make_response(render_template("console/donotcall_reading.html", job=job))
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-State"] = job.state
        response.headers["X-Finished"] = "0" if job.state in OPEN else "1"
        response.add_etag()
        return response.make_conditional(request)

    def _page(self, form: Form, sent: Form, **more: Any) -> str:
        session = reading()
        jobs = list_imports(session, limit=1, kind=DO_NOT_CALL)
        return self.render(
            "console/donotcall.html",
            form=form,
            sent=sent,
            state=list_state(session),
            size=count_do_not_call(session),
            editions=list_editions(session),
            job=jobs[0] if jobs and jobs[0].state != "finished" else None,
            settings=console().settings,
            limit_bytes=limit_bytes(),
            too_large=too_large("loa do-not-call import"),
            **more,
        )

    @staticmethod
    def _take_in(form: Form) -> ImportJob | None:
        file = request.files.get("list")
        if file is None or not file.filename:
            form.errors["list"] = t("Hãy chọn một tệp CSV hoặc XLSX.", "Choose a CSV or XLSX file.")
        try:
            issued = date.fromisoformat(form.get("issued").strip())
        except ValueError:
            form.errors["issued"] = t("Hãy ghi ngày của danh sách.", "Give the day of the list.")
        if form.errors or file is None or not file.filename:
            return None
        try:
            return take_in_list(
                console().database,
                console().settings.home,
                actor(),
                cast(Any, file.stream),
                file.filename,
                issued_on=issued,
                add_only=form.get("how") == "add",
                may_shrink=form.get("shrink") == "yes",
            )
        except LoaError as refusal:
            form.errors["list"] = str(refusal)
            return None
