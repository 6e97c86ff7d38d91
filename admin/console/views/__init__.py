"""The screens, in the order of the menu."""

from __future__ import annotations

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
from admin.console.views.optouts import OptOutScreen
from admin.console.views.senders import SenderScreen
from admin.console.views.start import StartScreen
from admin.console.views.tariffs import TariffScreen
from admin.console.views.templates import TemplateScreen
from admin.console.views.users import UserScreen
from admin.console.views.words import WordScreen
from campaigns.exports.kinds import KINDS
from campaigns.models import Area, AuditEntry, Campaign, Consent, Contact, Gateway, OptOut, Template, User
from config.i18n import Text


def add_screens(app: Flask) -> None:
    """Hang every screen into the app; the menu shows each person those they may see."""
    console: Console = app.extensions["loa"]
    reading = console.reading
    admin = Admin(
        app,
        name="Loa",
        url="/",
        theme=Bootstrap4Theme(base_template="console/base.html"),
        index_view=StartScreen(
            name=Text("Việc hôm nay", "Today"), url="/", menu_icon_type="icon", menu_icon_value="home"
        ),
    )
    delivery = DeliveryScreen(
        name=Text("Kết quả gửi", "Delivery"), endpoint="delivery", menu_icon_type="icon", menu_icon_value="chart"
    )
    screens: list[tuple[type[Any], type[Any], str, str, Text]] = [
        (CampaignScreen, Campaign, "campaigns", "megaphone", Text("Chiến dịch", "Campaigns")),
        (TemplateScreen, Template, "templates", "text", Text("Mẫu tin", "Templates")),
        (ContactScreen, Contact, "contacts", "people", Text("Danh bạ", "Contacts")),
        (AreaScreen, Area, "areas", "map", Text("Địa bàn", "Areas")),
        (OptOutScreen, OptOut, "optouts", "ban", Text("Từ chối nhận tin", "Refusals")),
        (
            ConsentScreen,
            Consent,
            "consents",
            "check",
            Text("Đồng ý nhận quảng cáo", "Consents to advertising"),
        ),
        (GatewayScreen, Gateway, "gateways", "tower", Text("Cổng viễn thông", "Gateways")),
        (UserScreen, User, "users", "user", Text("Người dùng", "Users")),
        (AuditScreen, AuditEntry, "audit", "book", Text("Nhật ký", "Audit")),
    ]
    for screen, model, endpoint, icon, title in screens:
        admin.add_view(screen(model, reading, title, endpoint=endpoint, menu_icon_type="icon", menu_icon_value=icon))
        if screen is CampaignScreen:
            admin.add_view(delivery)
    admin.add_view(
        DoNotCallScreen(
            name=Text("Danh sách không quảng cáo", "Do-not-call list"),
            endpoint="donotcall",
            url="/do-not-call",
            menu_icon_type="icon",
            menu_icon_value="stop",
        )
    )
    admin.add_view(
        SenderScreen(
            name=Text("Tên người gửi", "Sender names"),
            endpoint="senders",
            menu_icon_type="icon",
            menu_icon_value="flag",
        )
    )
    admin.add_view(
        WordScreen(
            name=Text("Từ khoá nhắn tới", "Words people write"),
            endpoint="words",
            menu_icon_type="icon",
            menu_icon_value="text",
        )
    )
    pages: list[tuple[type[Any], str, str, Text]] = [
        (DeskScreen, "desks", "phone", Text("Số nhận tin thử", "Test numbers")),
        (TariffScreen, "tariffs", "price", Text("Bảng giá", "Prices")),
    ]
    for page, endpoint, icon, title in pages:
        admin.add_view(page(name=title, endpoint=endpoint, menu_icon_type="icon", menu_icon_value=icon))
    admin.add_view(ExportScreen(name=Text("Tệp đã yêu cầu", "Files asked for"), endpoint="exports"))
    for part in (account, signing_in, own_account):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(ops.blueprint)
    app.context_processor(
        lambda: {
            "export_filters": lambda kind: sorted(KINDS[kind].filters),
            "console_menu": lambda: [m for m in admin.menu() if m.is_accessible() and m.is_visible()],
        }
    )
