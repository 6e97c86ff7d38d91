"""Re-encrypts numbers and secrets under the current key, in chunks, while everything else runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from campaigns.store.contacts import (
    count_contacts_by_key,
    lock_contacts_of_other_keys,
    lock_gateway_secrets,
    replace_ciphers,
    replace_gateway_secrets,
)
from campaigns.store.database import Database
from campaigns.store.factors import lock_totp_ciphers, replace_totp_cipher
from config.keys import Keyring

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """How much was re-encrypted, and what is still under other keys because somebody wrote it meanwhile."""

    contacts: int
    gateways: int
    left: int


def count_under_other_keys(database: Database, keyring: Keyring) -> int:
    """How many numbers and secrets are not encrypted under the current key."""
    with database.transaction() as session:
        numbers = count_contacts_by_key(session)
        sealed = [*lock_gateway_secrets(session), *lock_totp_ciphers(session)]
        secrets = sum(cipher[:1] != bytes((keyring.current,)) for _, cipher in sealed)
    return secrets + sum(count for key, count in numbers.items() if key != keyring.current)


def rotate_keys(database: Database, keyring: Keyring, progress: Callable[[int], None] | None = None) -> Rekeyed:
    """Bring every number and secret under ``keyring.current``. Stopped in the middle, it goes on where it was.

    Raises:
        KeyringError: a ciphertext was made with a key that is not on the ring.
    """
    contacts, after = 0, 0
    while True:
        with database.transaction() as session:
            rows = lock_contacts_of_other_keys(session, after, keyring.current, CHUNK)
            if not rows:
                break
            ciphers = keyring.encrypt_many([keyring.decrypt(cipher) for _, cipher in rows])
            replace_ciphers(session, [(row[0], cipher) for row, cipher in zip(rows, ciphers, strict=True)])
        contacts, after = contacts + len(rows), rows[-1][0]
        if progress is not None:
            progress(len(rows))
    gateways = _rotate_secrets(database, keyring)
    return Rekeyed(contacts, gateways, count_under_other_keys(database, keyring))


def _rotate_secrets(database: Database, keyring: Keyring) -> int:
    changed = 0
    with database.transaction() as session:
        for number, cipher in lock_gateway_secrets(session):
            if cipher[:1] != bytes((keyring.current,)):
                replace_gateway_secrets(session, number, keyring.encrypt(keyring.decrypt(cipher)))
                changed += 1
        for number, cipher in lock_totp_ciphers(session):
            if cipher[:1] != bytes((keyring.current,)):
                replace_totp_cipher(session, number, keyring.encrypt(keyring.decrypt(cipher)))
    return changed
