"""Short links: the list, making one, its visits by ward, QR codes and posters, and the hosts they may lead to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, ClassVar, cast

from flask import Response, abort, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Query, Session

from admin.console import formats
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Choice, ListScreen, back_to, expose, shown, told
from admin.console.icons import badge
from admin.console.sheets import write_sheet
from admin.console.views.people import area_choices
from admin.console.words import LINK_BADGES
from campaigns.errors import LoaError, NotFound
from campaigns.links import register
from campaigns.links.posters import address_of, make_poster, qr_png, qr_svg
from campaigns.links.visits import LEAST, Visits, visits_by_ward
from campaigns.models import Area, Link
from campaigns.store.audit import append_audit
from campaigns.store.links import list_campaigns_with, list_hosts, sum_visits_of
from campaigns.store.scope import links_within
from config.i18n import Text, t
from config.zone import CITY_TIME


def _name(_view: Any, _context: Any, link: Link, _column: str) -> Markup:
    address = url_for(".show", link_id=link.id)
    return Markup("<a href='{}'>{}</a><br><small class='mono'>{}</small>").format(address, link.title, link.name)


def _target(link: Link) -> Markup:
    return Markup("<span class='cell'>{}</span>").format(link.target)


def _visits(_view: Any, context: Any, link: Link, _column: str) -> str:
    return formats.number(context["visits"].get(link.id, 0))


def standing(link: Link) -> str:
    """Whether a link leads somewhere: ``open``, ``over``, ``closed`` or ``barred``."""
    if link.closed_at is not None:
        return "closed"
    if register.leads(reading(), link):
        return "open"
    return "over" if link.ends_at is not None and link.ends_at <= datetime.now(link.ends_at.tzinfo) else "barred"


def _link(link_id: int) -> Link:
    link = reading().get(Link, link_id)
    if link is None:
        raise NotFound("Không có liên kết này.", "There is no such link.")
    return link


def _ward() -> tuple[int, str]:
    """The ward of the address (``?ward=123``) and its name; 0 and nothing for a poster of no particular place."""
    value = request.args.get("ward", "")
    if not value:
        return 0, ""
    area = reading().get(Area, int(value)) if value.isascii() and value.isdecimal() and len(value) <= 5 else None
    own = actor().scope.wards
    if area is None or area.kind != "ward" or (own is not None and area.id not in own):
        abort(404)
    return area.id, f"{area.prefix} {area.name}"


def _wards() -> list[Choice]:
    """The wards of the default edition, district by district."""
    choices = area_choices()
    return [choice for choice in choices if choice.level] or choices


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, mimetype=kind)
    if request.args.get("save"):
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return cast(Response, response.make_conditional(request))


class LinkScreen(ListScreen):
    """A link is made and closed, never changed: what was approved or printed goes on leading where it led."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "link.view",
        "show": "link.view",
        "sheet": "link.view",
        "qr": "link.view",
        "qr_image": "link.view",
        "poster": "link.view",
        "add": "link.edit",
        "close": "link.edit",
        "hosts": "link.view",
        "allow": "link.allow",
        "forbid": "link.allow",
    }
    list_template = "console/links.html"
    lead = Text(
        "Liên kết trên tên miền của thành phố, cho tin nhắn và áp phích. Chỉ đếm lượt mở theo chiến dịch và phường, "
        "không theo người.",
        "Links on the city's own domain, for messages and posters. Visits are counted by campaign and ward, never by "
        "person.",
    )
    column_list = ("title", "target", "id", "created_at", "closed_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "title": Text("Tên gọi, tên ngắn", "Title, short name"),
        "target": Text("Dẫn tới", "Leads to"),
        "id": Text("Lượt mở", "Visits"),
        "created_at": Text("Tạo lúc", "Made"),
        "closed_at": Text("Tình trạng", "Standing"),
    }
    numeric_columns = frozenset({"id"})
    column_sortable_list = ("title", "created_at")
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("id", True)]
    column_formatters: ClassVar[dict[str, Any]] = {
        "title": _name,
        "target": shown(_target),
        "id": _visits,
        "created_at": shown(lambda link: formats.moment(link.created_at)),
        "closed_at": shown(lambda link: badge(LINK_BADGES[standing(link)])),
    }
    column_searchable_list = ("title", "name")
    search_title = Text("Tìm theo tên", "Search by name")
    empty = Text("Chưa có liên kết nào.", "There is no link yet.")

    def get_query(self) -> Query[Any]:
        """Links inside the scope."""
        query: Query[Any] = super().get_query()
        return query.filter(links_within(actor().scope))

    def render(self, template: str, /, **values: Any) -> str:
        """With the visits of the links on the page."""
        counted = sum_visits_of(reading(), list(values.get("data", ())), scope=actor().scope)
        return super().render(template, **{"visits": counted, **values})

    @expose("/add", methods=("GET", "POST"))
    def add(self) -> Any:
        """Make a link."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST":
            made = self._make(form)
            if made is not None:
                return back_to(".show", link_id=made.id)
        return self.render("console/link_add.html", form=form), 422 if form.errors else 200

    def _make(self, form: Form) -> Link | None:
        ends = _end_of_day(form)
        if form.errors:
            return None
        try:
            with console().database.transaction() as work:
                return register.make_link(
                    work,
                    actor(),
                    name=form.get("name"),
                    title=form.get("title"),
                    target=form.get("target"),
                    ends_at=ends,
                )
        except LoaError as refusal:
            form.errors[_field_of(refusal)] = str(refusal)
            return None

    @expose("/<int:link_id>/")
    def show(self, link_id: int) -> str:
        """One link: its visits beside what was delivered, its codes, and the campaigns that carry it."""
        link, only = _link(link_id), _only()
        campaigns = list_campaigns_with(reading(), link.name, scope=actor().scope)
        ward_id, place = _ward()
        return self.render(
            "console/link.html",
            link=link,
            badge=LINK_BADGES[standing(link)],
            campaigns=campaigns,
            only=only,
            own=register.may_close(actor(), link),
            limited=not actor().scope.whole,
            visits=_visits_of(link, only),
            least=LEAST,
            wards=_wards(),
            ward_id=ward_id,
            place=place,
            public=bool(console().settings.public_url),
            address=address_of(console().keyring, link, ward_id) if console().settings.public_url else "",
        )

    @expose("/<int:link_id>/visits.csv")
    def sheet(self, link_id: int) -> Response:
        """The table as a file."""
        link, only = _link(link_id), _only()
        counted = _visits_of(link, only)
        rows = [*counted.wards, *([counted.rest] if counted.rest else [])]
        with console().database.transaction() as work:
            append_audit(work, actor().email, "link.exported", "link", link.id, {"name": link.name})
        header = [
            t("Mã", "Code"),
            t("Phường, xã", "Ward"),
            t("Quận, huyện", "District"),
            t("Tin đã tới máy", "Delivered"),
            t("Mở từ tin nhắn", "From messages"),
            t("Mở từ áp phích", "From posters"),
        ]
        lines = [[r.code, r.ward, r.district, r.delivered, r.from_messages, r.from_posters] for r in rows]
        response = Response(write_sheet(header, lines), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="loa-lien-ket-{link.name}.csv"'
        return response

    @expose("/<int:link_id>/qr.svg")
    def qr(self, link_id: int) -> Response:
        """The QR code of a place, as SVG."""
        link = _link(link_id)
        return _file(qr_svg(address_of(console().keyring, link, _ward()[0])), "image/svg+xml", f"{link.name}.svg")

    @expose("/<int:link_id>/qr.png")
    def qr_image(self, link_id: int) -> Response:
        """The same as PNG."""
        link = _link(link_id)
        return _file(qr_png(address_of(console().keyring, link, _ward()[0])), "image/png", f"{link.name}.png")

    @expose("/<int:link_id>/poster.pdf")
    def poster(self, link_id: int) -> Response:
        """An A4 to print."""
        link = _link(link_id)
        ward_id, place = _ward()
        issuer = console().settings.issuer
        made = make_poster(console().keyring, link, issuer=issuer, ward_id=ward_id, place=place)
        return _file(made, "application/pdf", f"ap-phich-{link.name}.pdf")

    @expose("/<int:link_id>/close", methods=("POST",))
    def close(self, link_id: int) -> Any:
        """Let it lead nowhere any more."""
        _do(
            lambda work: register.close_link(work, actor(), link_id),
            t("Đã đóng: mã trong tin và trên áp phích không dẫn tới đâu nữa.", "Closed: its codes lead nowhere now."),
        )
        return back_to(".show", link_id=link_id)

    @expose("/hosts")
    def hosts(self) -> str:
        """The list of hosts beside ``*.gov.vn``."""
        return self._hosts_page(Form())

    def _hosts_page(self, form: Form) -> str:
        return self.render("console/link_hosts.html", form=form, hosts=list_hosts(reading()))

    @expose("/hosts", methods=("POST",))
    def allow(self) -> Any:
        """Put a host on the list."""
        form = Form.sent()
        try:
            with console().database.transaction() as work:
                register.allow_host(work, actor(), form.get("host"), form.get("reason"))
        except LoaError as refusal:
            form.errors["reason" if form.get("host") and not form.get("reason").strip() else "host"] = str(refusal)
            return self._hosts_page(form), 422
        return back_to(".hosts")

    @expose("/hosts/remove", methods=("POST",))
    def forbid(self) -> Any:
        """Take a host off the list."""
        host = request.form.get("host", "")[:253]
        _do(lambda work: register.remove_host(work, actor(), host), t("Đã bỏ tên miền.", "The host was removed."))
        return back_to(".hosts")


def _do(work: Callable[[Session], Any], done: str) -> None:
    def act() -> None:
        with console().database.transaction() as session:
            work(session)

    told(act, done)


def _end_of_day(form: Form) -> datetime | None:
    """The end of the day named in ``ends``, on the clocks of Da Nang."""
    value = form.get("ends").strip()
    if not value:
        return None
    try:
        return datetime.combine(datetime.fromisoformat(value[:10]).date(), time(23, 59, 59), CITY_TIME)
    except ValueError:
        form.errors["ends"] = t("Ngày không hợp lệ.", "This is no date.")
        return None


def _field_of(refusal: LoaError) -> str:
    """The field a refusal of ``make_link`` is about, by what it names."""
    said = refusal.text.en
    if "end must" in said:
        return "ends"
    if "title" in said:
        return "title"
    return "target" if said.startswith(("The target", "Links may")) else "name"


def _only() -> int | None:
    """What the visits are narrowed to: a campaign's number, 0 for posters, None for everything."""
    value = request.args.get("campaign", "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 9 else None


def _visits_of(link: Link, only: int | None) -> Visits:
    scope = actor().scope
    carrying = [row.id for row in list_campaigns_with(reading(), link.name, scope=scope)]
    chosen = carrying if only is None else [number for number in carrying if number == only]
    return visits_by_ward(reading(), link, chosen, only=only, scope=scope)
