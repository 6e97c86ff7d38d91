"""Departments of the city: named, renamed, merged; their names hold for a time."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, cast

from flask import flash, redirect, request, url_for

from admin.console import departments
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import expose, told
from campaigns.errors import LoaError
from campaigns.store.invites import list_departments
from config.i18n import t


class DepartmentPages:
    """The addresses under ``/users/departments`` of the screen of users."""

    department_rules: ClassVar[dict[str, str]] = {
        "departments": "user.edit",
        "end_department": "user.edit",
    }

    @expose("/departments", methods=("GET", "POST"))
    def departments(self) -> Any:
        """The list, and the form for one more."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST" and self._add(form):
            return redirect(url_for(".departments"), code=303)
        known = list_departments(reading())
        page = cast(Any, self).render(
            "console/departments.html", form=form, departments=known, names={each.id: each.name for each in known}
        )
        return page, 422 if form.errors else 200

    @staticmethod
    def _add(form: Form) -> bool:
        since = _day(form, "valid_from")
        if form.errors:
            return False
        try:
            with console().database.transaction() as work:
                departments.add(work, actor(), form.get("name"), since)
        except LoaError as refusal:
            form.errors["name"] = str(refusal)
            return False
        flash(t("Đã thêm cơ quan.", "The department is added."), "success")
        return True

    @expose("/departments/<int:department_id>/end", methods=("POST",))
    def end_department(self, department_id: int) -> Any:
        """Say that a name has ended, and who took over."""
        form = Form.sent()
        until, heir = _day(form, "valid_until"), form.number("successor")

        def work() -> None:
            with console().database.transaction() as session:
                departments.end(session, actor(), department_id, until, heir)

        for problem in form.errors.values():
            flash(problem, "error")
        if not form.errors:
            told(work, t("Đã ghi nhận.", "It is noted."))
        return redirect(url_for(".departments"), code=303)


def _day(form: Form, name: str) -> date | None:
    value = form.get(name).strip()
    if not value:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        form.errors[name] = t("Ngày không hợp lệ.", "This is no date.")
        return None
