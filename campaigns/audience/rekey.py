"""Re-encrypts numbers, names and secrets under the current key, in chunks, while everything else runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from campaigns.errors import NotFound, WrongState
from campaigns.store.ciphers import (
    count_by_key,
    lock_contacts_of_other_keys,
    reencrypt_others,
    replace_ciphers,
)
from campaigns.store.database import Database
from config.keys import Keyring

CHUNK = 2_000
"""People of one transaction: a few hundredths of a second, for which a list that is being merged has to wait."""
PASSES = 5
"""Times the register is gone through: what another process was just writing under the old key comes in the next."""
_REST = 0.2
SETTLED_SECONDS = 600
"""After a change of the ring no process writes under the old key any more; each looks at the file when it writes."""


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """How much was re-encrypted, and what is still under other keys because somebody wrote it meanwhile."""

    contacts: int
    gateways: int
    left: int


def count_under_other_keys(database: Database, keyring: Keyring) -> int:
    """How many ciphertexts are not under the current key."""
    with database.transaction() as session:
        return sum(count for key, count in count_by_key(session).items() if key != keyring.current)


def rotate_keys(database: Database, keyring: Keyring, progress: Callable[[int], None] | None = None) -> Rekeyed:
    """Bring everything under ``keyring.current``. Stopped in the middle, it goes on where it was.

    Raises:
        KeyringError: a ciphertext was made with a key that is not on the ring.
    """
    contacts = others = 0
    for again in range(PASSES):
        contacts += _rotate_contacts(database, keyring, progress)
        others += _rotate_others(database, keyring)
        if not (left := count_under_other_keys(database, keyring)):
            break
        time.sleep(_REST * (again + 1))
    return Rekeyed(contacts, others, left)


def count_by_keys(database: Database, keyring: Keyring) -> dict[int, int]:
    """How many ciphertexts each key encrypts; keys nothing uses are among them with 0."""
    with database.transaction() as session:
        return {**dict.fromkeys(keyring.keys, 0), **count_by_key(session)}


def retired(database: Database, keyring: Keyring, number: int) -> Keyring:
    """The keyring without an old key that nothing uses any more.

    Raises:
        NotFound: there is no such key.
        WrongState: it is the current one, something is still encrypted with it, or the ring was changed so lately that
            a process may still be writing under the old key.
    """
    if number not in keyring.keys:
        raise NotFound("Không có khoá số {n}.", "There is no key number {n}.", n=number)
    if number == keyring.current:
        raise WrongState("Khoá {n} đang dùng để mã hoá.", "Key {n} is the one that encrypts now.", n=number)
    if keyring.path is not None and time.time() - keyring.path.stat().st_mtime < SETTLED_SECONDS:
        raise WrongState(
            "Bộ khoá vừa thay đổi. Hãy đợi {n} phút: có thể còn tiến trình đang ghi bằng khoá cũ.",
            "The keyring has just changed. Wait {n} minutes: a process may still be writing under the old key.",
            n=SETTLED_SECONDS // 60,
        )
    if used := count_by_keys(database, keyring)[number]:
        raise WrongState(
            "Còn {used} mục mã hoá bằng khoá {n}. Hãy chạy: loa keys rotate.",
            "Key {n} still encrypts {used} things. Run: loa keys rotate.",
            used=used,
            n=number,
        )
    return keyring.without(number)


def _rotate_others(database: Database, keyring: Keyring) -> int:
    total = 0
    while True:
        with database.transaction() as session:
            count = reencrypt_others(session, keyring.current, keyring.reencrypt, CHUNK)
        if not count:
            return total
        total += count


def _rotate_contacts(database: Database, keyring: Keyring, progress: Callable[[int], None] | None) -> int:
    contacts = after = 0
    while True:
        with database.transaction() as session:
            people = lock_contacts_of_other_keys(session, after, keyring.current, CHUNK)
            if not people:
                return contacts
            replace_ciphers(session, [person.under(keyring.current, keyring.reencrypt) for person in people])
        contacts, after = contacts + len(people), people[-1].id
        if progress is not None:
            progress(sum(person.pieces for person in people))
