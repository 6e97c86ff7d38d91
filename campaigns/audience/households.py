"""A number that several people share: they are one household, which gets one message (ADR 0018)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from campaigns.areas.names import fold, tidy
from campaigns.store.contacts import Sharing
from campaigns.store.households import save_members
from config.keys import Keyring


def keep_sharing(session: Session, keyring: Keyring, found: Sequence[Sharing], source: str) -> None:
    """Note whom a list names under numbers that are others' already; the same name twice is the same person."""
    own = {(row.contact_id, _hash(keyring, row.own_name)) for row in found if row.own_name}
    named = {(row.contact_id, _hash(keyring, row.name)) for row in found}
    save_members(session, named - own, own, source)


def _hash(keyring: Keyring, name: str) -> bytes:
    return keyring.hash(b"name: " + fold(tidy(name)).encode())
