"""The audit: who did what to which thing, found by person, deed, thing and day; and whether its chain holds."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import flash, make_response, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import false, or_
from sqlalchemy.orm import Query

from admin.console import formats
from admin.console.context import actor, console, reading
from admin.console.frame import Choice, ChoiceFilter, back_to, drawn, expose, shown, told
from admin.console.guard import allowed
from admin.console.keyset import KeysetList
from campaigns.areas.alphabet import alphabetical
from campaigns.models import AuditEntry
from campaigns.proof.chain import FAULT_TITLES, NIGHT, Fault, ask_for_check
from campaigns.proof.deeds import actions_like, actor_title, deed, explain, kind_title, tariff_title
from campaigns.store import audit as store
from config.i18n import Text, t

_OBJECT_MOST = 100

_PAGES = {
    "campaign": ("campaigns.show", "campaign_id"),
    "contact": ("contacts.show", "contact_id"),
    "link": ("links.show", "link_id"),
}
"""Where a thing has a page of its own: endpoint, and what its number is called in the address."""

_NAMED = frozenset({"user", "template", "gateway", "tariff"})
"""Things people know by their name, never by a number."""

_LISTS: dict[str, str] = {
    "user": "users.index_view",
    "gateway": "gateways.index_view",
    "optout": "optouts.index_view",
    "word": "words.index",
    "link-host": "links.index_view",
}


def _choices(column: Any, title: Any) -> Any:
    return lambda: [Choice(value, str(title(value))) for value in store.list_values(reading(), column)]


def _action_choices() -> list[Choice]:
    known = store.list_values(reading(), "action")
    return sorted((Choice(action, deed(action)) for action in known), key=lambda choice: alphabetical(choice.title))


def address_of(entry: AuditEntry) -> str:
    """The page of the thing an entry speaks of; empty where it has none, or the person may not open it."""
    if entry.object_kind in _PAGES and entry.object_id.isdecimal():
        endpoint, name = _PAGES[entry.object_kind]
        number: dict[str, Any] = {name: int(entry.object_id)}
        return url_for(endpoint, **number) if allowed(endpoint) else ""
    if entry.object_kind == "template" and "slug" in entry.detail and allowed("templates.show"):
        return url_for("templates.show", slug=entry.detail["slug"])
    endpoint = _LISTS.get(entry.object_kind, "")
    return url_for(endpoint) if endpoint and allowed(endpoint) else ""


def _thing(_view: Any, context: Any, entry: AuditEntry, _column: str) -> Markup:
    known = context["names"].get((entry.object_kind, entry.object_id))
    if entry.object_kind == "tariff":
        known = tariff_title(entry.object_id)
    named = known or entry.detail.get("name") or entry.detail.get("slug") or entry.detail.get("email") or ""
    number = "" if entry.object_id in {"", "*", named} or (named and entry.object_kind in _NAMED) else entry.object_id
    return drawn(
        "console/audit_thing.html",
        kind=kind_title(entry.object_kind),
        named=named,
        number=number,
        address=address_of(entry),
        same=url_for(".index_view", kind=entry.object_kind, object=entry.object_id),
    )


def _detail(_view: Any, _context: Any, entry: AuditEntry, _column: str) -> Markup:
    return drawn("console/audit_detail.html", lines=explain(entry.detail))


def _day(name: str) -> str:
    """A day of the address, as it stands there; nothing where it is none."""
    value = request.args.get(name, "").strip()
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        flash(t("“{v}” không phải ngày.", "“{v}” is no date.", v=value[:20]), "error")
        return ""


class AuditScreen(KeysetList):
    """Each row carries the hash of the one before, so a change or a gap shows; the database refuses to change any."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "audit.view",
        "check": "audit.view",
        "ask": "audit.view",
    }
    list_template = "console/audit.html"
    lead = Text(
        "Ai đã làm gì, lúc nào, với đối tượng nào. Chỉ ghi thêm: cơ sở dữ liệu không cho sửa, không cho xoá.",
        "Who did what, when, to which thing. Only added to: the database refuses to change or delete a row.",
    )
    column_list = ("id", "at", "actor", "action", "object_id", "detail")
    column_labels: ClassVar[dict[str, Any]] = {
        "id": Text("Số", "No."),
        "at": Text("Lúc", "When"),
        "actor": Text("Ai", "Who"),
        "action": Text("Việc", "What"),
        "object_id": Text("Đối tượng", "Thing"),
        "detail": Text("Chi tiết", "Detail"),
    }
    numeric_columns = frozenset({"id"})
    column_formatters: ClassVar[dict[str, Any]] = {
        "at": shown(lambda entry: Markup("<span class='nowrap'>{}</span>").format(formats.moment(entry.at))),
        "actor": shown(lambda entry: Markup("<span class='who-did'>{}</span>").format(actor_title(entry.actor))),
        "action": shown(lambda entry: Markup("<span class='deed'>{}</span>").format(deed(entry.action))),
        "object_id": _thing,
        "detail": _detail,
    }
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter(
            "who", Text("Người", "Person"), _choices("actor", actor_title), lambda q, v: q.filter(AuditEntry.actor == v)
        ),
        ChoiceFilter("deed", Text("Việc", "Deed"), _action_choices, lambda q, v: q.filter(AuditEntry.action == v)),
        ChoiceFilter(
            "kind",
            Text("Loại đối tượng", "Kind of thing"),
            _choices("object_kind", kind_title),
            lambda q, v: q.filter(AuditEntry.object_kind == v),
        ),
    ]
    search_title = Text("Tìm theo người hoặc việc, có dấu hay không", "Search by person or deed")
    empty = Text("Không có dòng nào.", "There is no such entry.")

    def init_search(self) -> bool:
        """Searching is by the words of a deed, or by a part of a person's address."""
        return True

    def _apply_search(self, query: Query[Any], count: Any, joins: Any, count_joins: Any, search: str) -> Any:
        # Both are few, so they are looked for by name, and the rows by index.
        actions = actions_like(search, store.list_values(reading(), "action"))
        people = [who for who in store.list_values(reading(), "actor") if search.lower() in who.lower()]
        # Only what was found is asked for: beside an empty list the planner would not go through the index.
        columns = ((AuditEntry.action, actions), (AuditEntry.actor, people))
        wanted = [column.in_(found) for column, found in columns if found]
        return query.filter(or_(false(), *wanted)), count, joins, count_joins

    def get_query(self) -> Query[Any]:
        """Of the days and the thing the address names."""
        thing = request.args.get("object", "").strip()[:_OBJECT_MOST]
        wanted = {"object": thing, "from": _day("from"), "to": _day("to")}
        query: Query[Any] = super().get_query()
        return query.filter(*store.conditions_of(wanted))

    def render(self, template: str, /, **values: Any) -> str:
        """With the names of the things on the page, and the chain's standing."""
        entries = [(entry.object_kind, entry.object_id) for entry in values.get("data", ())]
        return super().render(
            template,
            names=store.name_things(reading(), entries),
            more_filters_given=any(request.args.get(name) for name in ("from", "to", "object")),
            **_standing(),
            **values,
        )

    @expose("/check")
    def check(self) -> Any:
        """How the chain stands, alone, for the page that waits for a verification."""
        standing = _standing()
        response = make_response(render_template("console/audit_check.html", **standing))
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Finished"] = "0" if standing["waiting"] else "1"
        response.add_etag()
        return response.make_conditional(request)

    @expose("/check", methods=("POST",))
    def ask(self) -> Any:
        """Have the chain verified now."""

        def work() -> None:
            with console().database.transaction() as session:
                ask_for_check(session, actor())

        told(work, t("Đã yêu cầu kiểm tra nhật ký.", "The verification was asked for."))
        return back_to(".index_view")


def _standing() -> dict[str, Any]:
    session = reading()
    last = store.find_last_check(session)
    return {
        "last": last,
        "nightly": store.find_last_check(session, NIGHT),
        "waiting": bool(store.list_open_checks(session)),
        "fault": FAULT_TITLES[Fault(last.fault)] if last is not None and last.fault else None,
        "asked_by": actor_title(last.asked_by) if last is not None else "",
    }
