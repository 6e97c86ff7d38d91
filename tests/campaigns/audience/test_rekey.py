"""Rotating the keys that encrypt numbers and secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.audience import rekey
from campaigns.audience.rekey import count_under_other_keys, rotate_keys
from campaigns.store.database import Database
from config.keys import Keyring, KeyringError, load_keyring, write_private
from tests.factories import make_contact, make_gateway


def _numbers(database: Database, keyring: Keyring) -> set[bytes]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT phone_cipher FROM contact WHERE phone_cipher IS NOT NULL"))
        return {keyring.decrypt(bytes(cipher)) for (cipher,) in rows}


def _fill(database: Database, keyring: Keyring, count: int) -> set[bytes]:
    with database.transaction() as session:
        for _ in range(count):
            make_contact(session, keyring)
        make_gateway(session, keyring)
    return _numbers(database, keyring)


def test_after_a_rotation_the_new_key_alone_reads_everything(
    database: Database, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekey, "CHUNK", 7)
    before = _fill(database, keyring, 20)
    newer = keyring.rotated()
    steps: list[int] = []
    done = rotate_keys(database, newer, steps.append)
    assert (done.contacts, done.gateways, done.left) == (20, 1, 0)
    assert steps == [7, 7, 6]
    alone = replace(newer, keys={newer.current: newer.keys[newer.current]})
    assert _numbers(database, alone) == before
    with database.transaction() as session:
        secrets = session.execute(text("SELECT secrets FROM gateway")).scalar_one()
    assert isinstance(json.loads(alone.decrypt(bytes(secrets))), dict)
    with pytest.raises(KeyringError):
        _numbers(database, keyring)


def test_rotating_again_has_nothing_to_do(database: Database, keyring: Keyring) -> None:
    _fill(database, keyring, 3)
    newer = keyring.rotated()
    rotate_keys(database, newer)
    done = rotate_keys(database, newer)
    assert (done.contacts, done.gateways, done.left) == (0, 0, 0)


def test_a_rotation_that_was_stopped_goes_on_where_it_was(
    database: Database, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekey, "CHUNK", 5)
    before = _fill(database, keyring, 12)
    newer = keyring.rotated()

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_keys(database, newer, stop)
    assert count_under_other_keys(database, newer) == 8
    assert rotate_keys(database, newer).contacts == 7
    assert _numbers(database, newer) == before


def test_a_person_who_was_erased_has_no_number_to_re_encrypt(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_contact(session, keyring).phone_cipher = None
    assert rotate_keys(database, keyring.rotated()).contacts == 0


def test_a_process_with_the_old_ring_reads_what_a_rotation_wrote(tmp_path: Path) -> None:
    running = load_keyring(tmp_path)
    newer = running.rotated()
    write_private(tmp_path / "keyring.json", newer.to_json())
    assert running.decrypt(newer.encrypt(b"84905123456")) == b"84905123456"
    with pytest.raises(KeyringError):
        running.decrypt(newer.rotated().encrypt(b"84905123456"))


def test_many_at_once_are_encrypted_each_under_its_own_nonce(keyring: Keyring) -> None:
    plains = [b"84905%06d" % n for n in range(500)]
    ciphers = keyring.encrypt_many(plains)
    assert [keyring.decrypt(cipher) for cipher in ciphers] == plains
    assert len({cipher[1:13] for cipher in ciphers}) == 500
    assert keyring.encrypt_many([]) == []


def test_a_keyring_shows_no_key_when_printed(keyring: Keyring) -> None:
    assert "keys" not in repr(keyring)
    assert "hash" not in repr(keyring)
