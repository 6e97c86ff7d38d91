"""Rows for tests, made in one call each; what a test does not name gets a sensible value."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.models import (
    Area,
    Campaign,
    Contact,
    DoNotCallList,
    Gateway,
    Role,
    Route,
    SenderName,
    Template,
    TemplateVersion,
    User,
)
from campaigns.store.campaigns import city_today
from config.keys import Keyring

_phones = itertools.count(905_000_000)
_names = itertools.count(1)

OFFICER = Actor("officer@danang.example", frozenset({"officer"}))
APPROVER = Actor("approver@danang.example", frozenset({"approver"}))
ANALYST = Actor("analyst@danang.example", frozenset({"analyst"}))
OPERATOR = Actor("operator@danang.example", frozenset({"operator"}))
ADMINISTRATOR = Actor("admin@danang.example", frozenset({"administrator"}))


def next_phone() -> bytes:
    """A number nobody else has in this run: E.164 without the plus, as the keyring takes it."""
    return b"84%d" % next(_phones)


def ward_id(session: Session, code: str = "20194", edition: str = "2023") -> int:
    """``area.id`` of a ward (by default Hoà Hiệp Bắc, Liên Chiểu)."""
    return session.scalars(select(Area.id).where(Area.edition == edition, Area.code == code)).one()


def make_contact(
    session: Session, keyring: Keyring, *, phone: bytes | None = None, ward: str | None = "20194", **more: Any
) -> Contact:
    """A person with a usable number in a ward."""
    number = phone or next_phone()
    values: dict[str, Any] = {
        "carrier": "viettel",
        "full_name": "Nguyễn Văn A",
        "source": "test",
        "ward_id": ward_id(session, ward) if ward else None,
        **more,
    }
    contact = Contact(phone_hash=keyring.hash(number), phone_cipher=keyring.encrypt(number), **values)
    session.add(contact)
    session.flush()
    return contact


def make_template(
    session: Session, *, marked: str = "Thông báo từ phường.", plain: str = "Thong bao tu phuong.", **more: Any
) -> TemplateVersion:
    """A template with one version; returns the version."""
    number = next(_names)
    described = {
        "slug": f"mau-{number}",
        "title": f"Mẫu {number}",
        "topic": "cu-tru",
        "message_class": "thong-bao",
        **more,
    }
    version = TemplateVersion(
        template=Template(**described),
        number=1,
        body_marked=marked,
        body_plain=plain,
        origin="console",
        content_hash=hashlib.sha256(f"{marked}\0{plain}".encode()).digest(),
        created_by=OFFICER.email,
    )
    session.add(version)
    session.flush()
    return version


def make_campaign(session: Session, *, template: TemplateVersion | None = None, **more: Any) -> Campaign:
    """A draft campaign to everybody in the 2023 edition."""
    version = template or make_template(session)
    values: dict[str, Any] = {
        "name": f"Chiến dịch {next(_names)}",
        "message_class": version.template.message_class,
        "topic": version.template.topic,
        "legal_basis": "Kế hoạch 52/KH-UBND",
        "audience": {"edition": "2023", "everybody": True},
        "created_by": OFFICER.email,
        "edited_by": OFFICER.email,
        **more,
    }
    campaign = Campaign(template_version_id=version.id, **values)
    session.add(campaign)
    session.flush()
    return campaign


def allow_advertising(session: Session, sender: str = "DNXTTM") -> None:
    """A commercial sender name and a do-not-call list of today: without them nothing is advertised."""
    session.add(SenderName(name=sender, owner="Trung tâm Xúc tiến", owner_kind="commercial", created_by=OFFICER.email))
    today = city_today(session)
    session.add(DoNotCallList(name="dnc.csv", digest=b"", issued_on=today, created_by=OFFICER.email))
    session.flush()


ADVERTISING = "[QC] UBND moi xem trien lam. Tu choi: soan TC gui 1313 hoac goi 1022"
"""A text that may go out as advertising."""


def make_gateway(
    session: Session,
    keyring: Keyring,
    *,
    name: str | None = None,
    carriers: tuple[str, ...] = ("*",),
    secrets: Mapping[str, str] | None = None,
    **more: Any,
) -> Gateway:
    """An SMPP gateway with a route for each carrier."""
    sealed = keyring.encrypt(json.dumps(dict(secrets or {})).encode())
    values: dict[str, Any] = {"adapter": "smpp", "settings": {}, "secrets": sealed, "tps": 100, **more}
    gateway = Gateway(name=name or f"gateway-{next(_names)}", **values)
    session.add(gateway)
    session.flush()
    for carrier in carriers:
        session.add(Route(carrier=carrier, gateway_id=gateway.id))
    session.flush()
    return gateway


def make_user(
    session: Session, *, email: str | None = None, roles: tuple[str, ...] = ("officer",), **more: Any
) -> User:
    """A person with roles, who cannot sign in unless a password hash is given."""
    known = {role.name: role for role in session.scalars(select(Role))}
    for name in set(roles) - set(known):
        known[name] = Role(name=name)
        session.add(known[name])
    user = User(
        email=email or f"nguoi-{next(_names)}@danang.example",
        fs_uniquifier=uuid4().hex,
        roles=[known[name] for name in roles],
        **more,
    )
    session.add(user)
    session.flush()
    return user
