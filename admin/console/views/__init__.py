"""The screens, in the order of the menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme

from admin.console.context import Console
from admin.console.views import account, ops, own_account, signing_in
from admin.console.views.across import DeliveryScreen
from admin.console.views.areas import AreaScreen
from admin.console.views.audit import AuditScreen
from admin.console.views.campaigns import CampaignScreen
from admin.console.views.consents import ConsentScreen
from admin.console.views.contacts import ContactScreen
from admin.console.views.desks import DeskScreen
from admin.console.views.donotcall import DoNotCallScreen
from admin.console.views.exports import ExportScreen
from admin.console.views.gateways import GatewayScreen
from admin.console.views.links import LinkScreen
from admin.console.views.optouts import OptOutScreen
from admin.console.views.registers import BreachScreen, ProcessorScreen, RetentionScreen
from admin.console.views.requests import RequestScreen
from admin.console.views.senders import SenderScreen
from admin.console.views.start import StartScreen
from admin.console.views.tariffs import TariffScreen
from admin.console.views.templates import TemplateScreen
from admin.console.views.users import UserScreen
from admin.console.views.words import WordScreen
from campaigns.exports.kinds import KINDS
from campaigns.models import Area, AuditEntry, Campaign, Consent, Contact, Gateway, Link, OptOut, Template, User
from config.i18n import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One screen and its place in the menu."""

    screen: Callable[..., Any]
    endpoint: str
    icon: str
    title: Text
    model: type[Any] | None = None
    """The table a list stands on; None for a page of its own."""
    url: str | None = None
    """Where it is, if not at its endpoint's name."""

    def build(self, reading: Any) -> Any:
        """The screen itself."""
        table = () if self.model is None else (self.model, reading)
        return self.screen(
            *table,
            name=self.title,
            endpoint=self.endpoint,
            url=self.url,
            menu_icon_type="icon",
            menu_icon_value=self.icon,
        )


MENU: tuple[tuple[Text, tuple[Entry, ...]], ...] = (
    (
        Text("Gửi tin", "Sending"),
        (
            Entry(CampaignScreen, "campaigns", "megaphone", Text("Chiến dịch", "Campaigns"), Campaign),
            Entry(DeliveryScreen, "delivery", "chart", Text("Kết quả gửi", "Delivery")),
            Entry(TemplateScreen, "templates", "text", Text("Mẫu tin", "Templates"), Template),
            Entry(LinkScreen, "links", "link", Text("Liên kết", "Links"), Link),
        ),
    ),
    (
        Text("Người dân", "People"),
        (
            Entry(ContactScreen, "contacts", "people", Text("Danh bạ", "Contacts"), Contact),
            Entry(OptOutScreen, "optouts", "ban", Text("Từ chối nhận tin", "Refusals"), OptOut),
            Entry(WordScreen, "words", "chat", Text("Từ khoá nhắn tới", "Words people write")),
            Entry(
                ConsentScreen, "consents", "agree", Text("Đồng ý nhận quảng cáo", "Consents to advertising"), Consent
            ),
            Entry(
                DoNotCallScreen,
                "donotcall",
                "silent",
                Text("Danh sách không quảng cáo", "Do-not-call list"),
                url="/do-not-call",
            ),
            Entry(RequestScreen, "requests", "letter", Text("Yêu cầu của công dân", "Citizens' requests")),
            Entry(AreaScreen, "areas", "map", Text("Địa bàn", "Areas"), Area),
        ),
    ),
    (
        Text("Vận hành", "Running"),
        (
            Entry(GatewayScreen, "gateways", "tower", Text("Cổng viễn thông", "Gateways"), Gateway),
            Entry(SenderScreen, "senders", "tag", Text("Tên người gửi", "Sender names")),
            Entry(TariffScreen, "tariffs", "price", Text("Bảng giá", "Prices")),
            Entry(DeskScreen, "desks", "phone", Text("Số nhận tin thử", "Test numbers")),
        ),
    ),
    (
        Text("Quản trị", "Administration"),
        (
            Entry(UserScreen, "users", "user", Text("Người dùng", "Users"), User),
            Entry(AuditScreen, "audit", "book", Text("Nhật ký", "Audit"), AuditEntry),
            Entry(BreachScreen, "breaches", "shield", Text("Vi phạm dữ liệu", "Breaches")),
            Entry(ProcessorScreen, "processors", "case", Text("Sổ bên xử lý dữ liệu", "Processors")),
            Entry(RetentionScreen, "retention", "archive", Text("Thời hạn lưu giữ", "How long data are kept")),
        ),
    ),
)
"""The screens by what they are for; each person sees those they may open."""


def add_screens(app: Flask) -> None:
    """Hang every screen into the app."""
    console: Console = app.extensions["loa"]
    start = StartScreen(name=Text("Việc hôm nay", "Today"), url="/", menu_icon_type="icon", menu_icon_value="home")
    theme = Bootstrap4Theme(base_template="console/base.html")
    admin = Admin(app, name="Loa", url="/", theme=theme, index_view=start)
    sections = [(title, [entry.build(console.reading) for entry in entries]) for title, entries in MENU]
    for _, screens in sections:
        admin.add_views(*screens)
    admin.add_view(ExportScreen(name=Text("Tệp đã yêu cầu", "Files asked for"), endpoint="exports"))
    for part in (account, signing_in, own_account):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(ops.blueprint)

    def menu() -> list[tuple[Text | None, list[Any]]]:
        shown = [(title, [each for each in screens if each.is_accessible()]) for title, screens in sections]
        return [(None, [start]), *(section for section in shown if section[1])]

    app.context_processor(
        lambda: {"export_filters": lambda kind: sorted(KINDS[kind].filters), "console_menu": menu}
    )
