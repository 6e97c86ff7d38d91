"""Importing lists of people: upload, columns that can be corrected, progress, report, and the rows to mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, cast

from flask import Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for

from admin.console import words
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Screen, expose, told
from admin.console.places import wards_in_words
from admin.console.uploads import limit_bytes, too_large
from campaigns.audience.columns import FIELDS
from campaigns.audience.hiding import hide_numbers
from campaigns.audience.jobs import read_problems
from campaigns.audience.problems import Outcome
from campaigns.audience.sealed_files import read_blocks
from campaigns.audience.tables import kind_words
from campaigns.audience.uploads import (
    BAD_ROWS,
    PROBLEMS,
    confirm,
    discard,
    folder_of,
    require_own,
    sketch,
    take_in,
)
from campaigns.errors import Forbidden, LoaError
from campaigns.models import ImportJob
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.console import list_editions
from campaigns.store.imports import CONTACTS, get_import, list_imports
from config.i18n import t

PROBLEMS_SHOWN = 50
_OUTCOMES = {outcome.name.lower(): outcome for outcome in Outcome}


@dataclass(frozen=True)
class Shown:
    """How far an import has come."""

    job: ImportJob
    seconds_left: float | None

    @property
    def over(self) -> bool:
        """Whether nothing more will change by itself."""
        return self.job.state not in ("waiting", "running")


def _look_at(job: ImportJob) -> Shown:
    expected, done = job.rows_expected or 0, job.rows_done
    if job.state != "running" or not 0 < done < expected or job.started_at is None:
        return Shown(job, None)
    took = (database_now(reading()) - job.started_at).total_seconds()
    return Shown(job, took / done * (expected - done))


def _job(job_id: int) -> ImportJob:
    """An import that the person may see."""
    return require_own(actor(), get_import(reading(), job_id, CONTACTS))


class ImportPages(Screen):
    """The addresses under ``/contacts/import`` of the screen of contacts."""

    import_rules: ClassVar[Mapping[str, str]] = {
        "upload": "contact.import",
        "imported": "contact.import",
        "import_progress": "contact.import",
        "start_import": "contact.import",
        "discard_import": "contact.import",
        "bad_rows": "contact.import",
    }

    @expose("/import", methods=("GET", "POST"))
    def upload(self) -> Any:
        """Choose a list; the latest imports."""
        form = Form()
        if request.method == "POST":
            job = self._take_in(form)
            if job is not None:
                return self._go(url_for(".imported", job_id=job.id))
            if "X-Requested-With" in request.headers:
                return jsonify({"error": form.errors["list"]}), 422
        own = actor().scope.wards
        page = self.render(
            "console/import.html",
            form=form,
            jobs=list_imports(reading(), by=actor().email if own is not None else None),
            own_places=None if own is None else wards_in_words(reading(), console().settings.default_edition, own),
            limit_mb=console().settings.upload_mb,
            limit_bytes=limit_bytes(),
            too_large=too_large(),
        )
        return page, 422 if form.errors else 200

    @staticmethod
    def _go(address: str) -> Any:
        return jsonify({"go": address}) if "X-Requested-With" in request.headers else redirect(address, code=303)

    @staticmethod
    def _take_in(form: Form) -> ImportJob | None:
        sent = request.files.get("list")
        if sent is None or not sent.filename:
            form.errors["list"] = t("Hãy chọn một tệp CSV hoặc XLSX.", "Choose a CSV or XLSX file.")
            return None
        settings = console().settings
        try:
            return take_in(
                console().database,
                settings.home,
                actor(),
                cast(Any, sent.stream),
                sent.filename,
                settings.default_edition,
            )
        except LoaError as refusal:
            form.errors["list"] = str(refusal)
            return None

    @expose("/import/<int:job_id>/")
    def imported(self, job_id: int) -> Any:
        """One import: its columns while it waits for a person, then its progress, then its report."""
        job = _job(job_id)
        if job.state == "uploaded":
            return self._columns_page(job, Form({"edition": job.edition}, {"field": list(job.fields)}))
        return self.render("console/import_report.html", **self._report(job), form=Form())

    @expose("/import/<int:job_id>/start", methods=("POST",))
    def start_import(self, job_id: int) -> Any:
        """Say what the columns hold and begin."""
        form = Form.sent()
        edition = form.get("edition") or console().settings.default_edition
        try:
            if edition not in list_editions(reading()):
                abort(400)
            with console().database.transaction() as work:
                confirm(work, actor(), job_id, form.list("field"), edition)
        except LoaError as refusal:
            job = _job(job_id)
            if job.state != "uploaded":
                flash(str(refusal), "error")
                return redirect(url_for(".imported", job_id=job_id), code=303)
            form.errors["fields"] = str(refusal)
            return self._columns_page(job, form), 422
        return redirect(url_for(".imported", job_id=job_id), code=303)

    @expose("/import/<int:job_id>/discard", methods=("POST",))
    def discard_import(self, job_id: int) -> Any:
        """Forget an upload."""

        def work() -> None:
            with console().database.transaction() as session:
                discard(session, console().settings.home, actor(), job_id)

        told(work, t("Đã bỏ tệp; không có gì được nhập.", "The file is discarded; nothing was imported."))
        return redirect(url_for(".upload"), code=303)

    @expose("/import/<int:job_id>/progress")
    def import_progress(self, job_id: int) -> Any:
        """The figures alone, for the page that asks again and again; 304 while nothing moved."""
        shown = _look_at(_job(job_id))
        response = make_response(render_template("console/import_progress.html", shown=shown))
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-State"] = shown.job.state
        response.headers["X-Finished"] = "1" if shown.over else "0"
        response.add_etag()
        return response.make_conditional(request)

    @expose("/import/<int:job_id>/bad-rows.csv")
    def bad_rows(self, job_id: int) -> Any:
        """The rows that were not taken, to mend and upload again. They hold full numbers: only for who sent them."""
        job = _job(job_id)
        if job.created_by != actor().email:
            raise Forbidden(
                "Chỉ người đã tải tệp lên ({who}) lấy được các dòng lỗi, vì trong đó có số đầy đủ.",
                "Only the person who uploaded the list ({who}) can have its bad rows, for they hold full numbers.",
                who=job.created_by,
            )
        path = folder_of(console().settings.home, job) / BAD_ROWS
        if not path.exists():
            abort(404)
        with console().database.transaction() as work:
            append_audit(work, actor().email, "contact.bad_rows", "import", job.id)
        name = f"loa-dong-loi-{job.id}.csv"
        response = Response(read_blocks(console().keyring, path), mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        # What is sent as a file may otherwise be kept, and by anybody on the way, as our pictures are.
        response.headers["Cache-Control"] = "private, no-store"
        return response

    def _columns_page(self, job: ImportJob, form: Form) -> str:
        try:
            found = sketch(console().settings.home, job)
        except LoaError as refusal:
            form.errors["fields"] = str(refusal)
            rows: Sequence[tuple[int, Sequence[str]]] = ()
            kind = ""
        else:
            kind = kind_words(found.kind)
            rows = [(line, _masked(cells, len(job.titles))) for line, cells in found.rows]
        return self.render(
            "console/import_columns.html",
            job=job,
            form=form,
            chosen=(form.list("field") + [""] * len(job.titles))[: len(job.titles)],
            choices=list(FIELDS.items()),
            editions=[(e, t("Danh mục địa bàn {e}", "Edition {e}", e=e)) for e in list_editions(reading())],
            kind=kind,
            rows=rows,
            examples=[_first(cells[column : column + 1] for _, cells in rows) for column in range(len(job.titles))],
        )

    def _report(self, job: ImportJob) -> dict[str, Any]:
        chosen = request.args.get("kind", "")
        number = request.args.get("page", "0")
        page = int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 0
        folder = folder_of(console().settings.home, job)
        problems, more = _problems(folder / PROBLEMS, _OUTCOMES.get(chosen), page)
        return {
            "job": job,
            "shown": _look_at(job),
            "problems": problems,
            "more": more,
            "page": page,
            "chosen": chosen if chosen in _OUTCOMES else "",
            "outcomes": words.OUTCOME_BADGES,
            "kept": folder.exists(),
            "kind": kind_words((job.report or {}).get("kind", "")),
            "letters": _letters(job.titles),
            "has_bad_rows": (folder / BAD_ROWS).exists() and job.created_by == actor().email,
        }


def _letters(titles: Sequence[str]) -> dict[str, str]:
    """The column of each title as Excel names it: ``A`` … ``Z``, ``AA`` …"""
    named: dict[str, str] = {}
    for column, title in enumerate(titles):
        letters, rest = "", column + 1
        while rest:
            rest, letter = divmod(rest - 1, 26)
            letters = chr(ord("A") + letter) + letters
        named.setdefault(title, letters)
    return named


def _problems(path: Any, only: Outcome | None, page: int) -> tuple[list[dict[str, str]], bool]:
    """A page of what there is to say about rows, numbers masked; and whether more follow."""
    by_word = {word: name for name, each in _OUTCOMES.items() for word in (each.value.vi, each.value.en)}
    wanted = (
        row
        for row in read_problems(console().keyring, path)
        if len(row) == 6 and (only is None or _OUTCOMES.get(by_word[row[1]]) is only)
    )
    rows = list(islice(wanted, page * PROBLEMS_SHOWN, (page + 1) * PROBLEMS_SHOWN + 1))
    names = ("line", "outcome", "column", "value", "reason", "suggestion")
    shown = [
        dict(zip(names, (row[0], by_word[row[1]], *(hide_numbers(cell) for cell in row[2:])), strict=True))
        for row in rows[:PROBLEMS_SHOWN]
    ]
    return shown, len(rows) > PROBLEMS_SHOWN


def _masked(cells: Sequence[str], width: int) -> list[str]:
    """A row for the screen: as wide as the header, long cells cut, numbers masked."""
    return [hide_numbers(cell[:80]) for cell in [*cells, *[""] * width][:width]]


def _first(cells: Iterable[Sequence[str]]) -> str:
    """The first cell that holds something."""
    return next((cell[0] for cell in cells if cell and cell[0]), "–")
