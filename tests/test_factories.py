"""The factories make rows the database accepts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.models import Route
from config.keys import Keyring
from tests.factories import make_campaign, make_contact, make_gateway, make_user


def test_every_factory_makes_a_row(session: Session, keyring: Keyring) -> None:
    contact = make_contact(session, keyring)
    assert contact.phone_cipher is not None
    assert keyring.hash(keyring.decrypt(contact.phone_cipher)) == contact.phone_hash
    assert make_campaign(session).state == "draft"
    gateway = make_gateway(session, keyring, carriers=("viettel", "*"))
    assert session.get(Route, ("*", gateway.id))
    assert [role.name for role in make_user(session, roles=("approver",)).roles] == ["approver"]
