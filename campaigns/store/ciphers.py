"""Every place where something is encrypted under the keyring: for changing keys, and for knowing which are in use."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.audience.sealing import LABELS
from campaigns.store.contacts import MERGE_LOCK

OTHER_PLACES = (("gateway", "id", "secrets"), ("inbound_message", "id", "body_cipher"), ('"user"', "id", "totp_cipher"))
"""Further columns (table, key, column) that hold a ciphertext or nothing. Whoever adds one names it here."""

Reencrypt = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class SealedContact:
    """What is encrypted of one person."""

    id: int
    phone: bytes | None
    name: bytes | None
    attributes: Mapping[str, str]

    @property
    def pieces(self) -> int:
        """How many ciphertexts that is."""
        return (self.phone is not None) + (self.name is not None) + len(self.attributes.keys() - LABELS)

    def under(self, key: int, reencrypt: Reencrypt) -> SealedContact:
        """The same, with what is under another key encrypted anew."""

        def renew(cipher: bytes | None) -> bytes | None:
            return cipher if cipher is None or cipher[0] == key else reencrypt(cipher)

        attributes = {
            name: value
            if name in LABELS or (cipher := b64decode(value))[0] == key
            else b64encode(reencrypt(cipher)).decode()
            for name, value in self.attributes.items()
        }
        return SealedContact(self.id, renew(self.phone), renew(self.name), attributes)


_SECRET = f"(a.key NOT IN ({', '.join(repr(label) for label in sorted(LABELS))}))"
# A CASE, so that a label is never taken for base64, whatever comes first.
_KEY_OF_VALUE = f"CASE WHEN {_SECRET} THEN get_byte(decode(a.value, 'base64'), 0) END"

_NEXT = text(f"""
    SELECT id, phone_cipher, name_cipher, attributes FROM contact
     WHERE id > :after AND (get_byte(phone_cipher, 0) <> :key OR get_byte(name_cipher, 0) <> :key
                            OR EXISTS (SELECT FROM jsonb_each_text(attributes) a WHERE {_KEY_OF_VALUE} <> :key))
     ORDER BY id LIMIT :limit
       FOR UPDATE SKIP LOCKED
""")


def lock_contacts_of_other_keys(session: Session, after: int, key: int, limit: int) -> list[SealedContact]:
    """The next contacts by id of whom anything is not encrypted under ``key``, locked for this transaction.

    Merges of lists wait meanwhile: they take many contacts in an order of their own. Whom somebody else is changing
    is left out, so that nothing here ever waits for a person while it holds another.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MERGE_LOCK})
    rows = session.execute(_NEXT, {"after": after, "key": key, "limit": limit})
    return [SealedContact(row.id, row.phone_cipher, row.name_cipher, row.attributes) for row in rows]


_REPLACE = text("""
    UPDATE contact c SET phone_cipher = n.phone, name_cipher = n.name, attributes = n.attributes::jsonb
      FROM unnest(CAST(:ids AS bigint[]), CAST(:phones AS bytea[]), CAST(:names AS bytea[]),
                  CAST(:attributes AS text[])) AS n(id, phone, name, attributes)
     WHERE c.id = n.id
""")


def replace_ciphers(session: Session, people: Sequence[SealedContact]) -> None:
    """Store new ciphertexts; nothing else of the person changes."""
    session.execute(
        _REPLACE,
        {
            "ids": [person.id for person in people],
            "phones": [person.phone for person in people],
            "names": [person.name for person in people],
            "attributes": [_json_of(person.attributes) for person in people],
        },
    )


def _json_of(attributes: Mapping[str, str]) -> str:
    """Attributes as PostgreSQL reads them."""
    return json.dumps(dict(attributes))


def reencrypt_others(session: Session, key: int, reencrypt: Reencrypt, most: int) -> int:
    """Bring up to ``most`` ciphertexts of each further column under ``key``; how many there were."""
    changed = 0
    for table, row_key, column in OTHER_PLACES:
        rows = session.execute(
            text(
                f"SELECT {row_key}, {column} FROM {table} WHERE get_byte({column}, 0) <> :key"
                " ORDER BY 1 LIMIT :most FOR UPDATE SKIP LOCKED"
            ),
            {"key": key, "most": most},
        ).all()
        for number, cipher in rows:
            values: dict[str, Any] = {"id": number, "cipher": reencrypt(bytes(cipher))}
            session.execute(text(f"UPDATE {table} SET {column} = :cipher WHERE {row_key} = :id"), values)
        changed += len(rows)
    return changed


_COUNT_CONTACTS = f"""
    SELECT get_byte(phone_cipher, 0) AS key FROM contact WHERE phone_cipher IS NOT NULL
    UNION ALL SELECT get_byte(name_cipher, 0) FROM contact WHERE name_cipher IS NOT NULL
    UNION ALL SELECT {_KEY_OF_VALUE} FROM contact, jsonb_each_text(attributes) a WHERE {_SECRET}
"""


def count_by_key(session: Session) -> dict[int, int]:
    """How many ciphertexts each key of the ring encrypts, over all places."""
    others = [
        f"SELECT get_byte({column}, 0) FROM {table} WHERE {column} IS NOT NULL" for table, _, column in OTHER_PLACES
    ]
    everything = " UNION ALL ".join([_COUNT_CONTACTS, *others])
    rows = session.execute(text(f"SELECT key, count(*) FROM ({everything}) AS used(key) GROUP BY key ORDER BY key"))
    return {int(key): int(count) for key, count in rows}
