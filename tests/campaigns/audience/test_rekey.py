"""Rotating the keys that encrypt numbers and secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from campaigns.audience import rekey
from campaigns.audience.importing import import_contacts
from campaigns.audience.rekey import count_under_other_keys, retired, rotate_keys
from campaigns.audience.sealing import open_attributes, open_name
from campaigns.delivery.planner import plan_campaign
from campaigns.errors import NotFound, WrongState
from campaigns.models import Contact
from campaigns.store.claiming import ClaimRequest, claim_messages
from campaigns.store.database import Database
from campaigns.store.reach import Reach
from config.keys import Keyring, KeyringError, load_keyring, write_private
from tests.factories import make_campaign, make_contact, make_gateway, make_template


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
    assert steps == [14, 14, 12], "a number and a name of each"
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
    assert count_under_other_keys(database, newer) == 15
    assert rotate_keys(database, newer).contacts == 7
    assert _numbers(database, newer) == before


def test_a_person_who_was_erased_has_no_number_to_re_encrypt(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        make_contact(session, keyring, full_name=None).phone_cipher = None
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


def _on_disk(keyring: Keyring, home: Path) -> Keyring:
    write_private(home / "keyring.json", keyring.to_json())
    return load_keyring(home)


@pytest.mark.parametrize("size", [32, 64, 80], ids=lambda size: f"key of {size} bytes")
def test_many_hashes_are_the_hash_of_each(size: int) -> None:
    ring = Keyring(1, {1: bytes(32)}, bytes(range(size)))
    numbers = [b"84905000001", b"84905000002", b""]
    assert ring.hash_many(numbers) == [ring.hash(number) for number in numbers]


def test_a_process_that_runs_writes_under_the_new_key_as_soon_as_it_is_on_disk(tmp_path: Path) -> None:
    worker = _on_disk(Keyring.generate(), tmp_path)
    assert worker.encrypt(b"x")[0] == 1
    _on_disk(worker.rotated(), tmp_path)
    assert [cipher[0] for cipher in (worker.encrypt(b"x"), *worker.encrypt_many([b"y"]))] == [2, 2]
    [sealed] = worker.seal_many([b"a"], [b"z"])
    assert (sealed[0], worker.decrypt(sealed)) == (2, b"z")


def test_names_of_one_person_are_told_apart_under_every_key_and_names_of_two_are_not_told_alike(
    keyring: Keyring,
) -> None:
    newer = keyring.rotated()
    [first], [again], [other], [elsewhere] = (
        ring.seal_many([owner], [name])
        for ring, owner, name in (
            (keyring, b"a", b"Lan"), (newer, b"a", b"Lan"), (newer, b"a", b"Hoa"), (newer, b"b", b"Lan"),
        )
    )  # fmt: skip
    assert first[1:13] == again[1:13]
    assert len({again[1:13], other[1:13], elsewhere[1:13]}) == 3
    assert newer.reencrypt(first) == again


def test_an_old_key_goes_only_when_nothing_uses_it(database: Database, tmp_path: Path) -> None:
    ring = _on_disk(Keyring.generate(), tmp_path)
    before = _fill(database, ring, 3)
    newer = _on_disk(ring.rotated(), tmp_path)
    with pytest.raises(WrongState, match="vừa thay đổi"):
        retired(database, newer, 1)
    an_hour_ago = time.time() - 3600
    os.utime(tmp_path / "keyring.json", (an_hour_ago, an_hour_ago))
    with pytest.raises(WrongState, match="Còn 7 mục"):
        retired(database, newer, 1)
    rotate_keys(database, newer)
    with pytest.raises(WrongState, match="đang dùng"):
        retired(database, newer, 2)
    with pytest.raises(NotFound):
        retired(database, newer, 9)
    left = retired(database, newer, 1)
    assert set(left.keys) == {2}
    assert _numbers(database, left) == before


ROTATE = """
import sys
from pathlib import Path
from campaigns.audience import rekey
from campaigns.store.database import Database
from config.keys import load_keyring
rekey.CHUNK = 20
print(rekey.rotate_keys(Database(sys.argv[1]), load_keyring(Path(sys.argv[2])), lambda n: print(n, flush=True)).left)
"""


def test_killed_in_the_middle_of_an_import_and_a_campaign_a_rotation_is_finished_and_everything_stays_readable(
    database: Database, tmp_path: Path
) -> None:
    ring = _on_disk(Keyring.generate(), tmp_path)
    with database.transaction() as session:
        for _ in range(600):
            make_contact(session, ring)
        make_gateway(session, ring)
        campaign = make_campaign(
            session, template=make_template(session, plain="Chao {{ ho_ten }}"), state="scheduled",
            window_start="00:00", window_end="00:00"
        ).id
    planning = Database(database.url, keyring=lambda: ring)
    assert plan_campaign(planning, campaign) == 600
    planning.close()
    people = tmp_path / "people.csv"
    with people.open("w", encoding="utf-8") as file:
        file.write("Số điện thoại,Họ và tên,Mã hồ sơ\n")
        file.writelines(f"0935{n:06d},Trần Thị {n},HS{n}\n" for n in range(3_000))
    _on_disk(ring.rotated(), tmp_path)
    command = [sys.executable, "-c", ROTATE, database.url, str(tmp_path)]
    with ThreadPoolExecutor(2) as beside:
        imported = beside.submit(import_contacts, database, ring, people, edition="2023")
        sent = beside.submit(_claim_everything, database, campaign, ring)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
            assert first.stdout is not None
            assert first.stdout.readline(), "it has begun"
            first.kill()
        assert subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        assert imported.result().created == 3_000
        assert sent.result() == 600
    newest = load_keyring(tmp_path)
    rotate_keys(database, newest)
    assert count_under_other_keys(database, newest) == 0
    alone = newest.without(1)
    with database.transaction() as session:
        for contact in session.scalars(select(Contact)):
            assert contact.phone_cipher is not None
            assert alone.decrypt(contact.phone_cipher).startswith(b"84")
            assert open_name(alone, contact.name_cipher)
            open_attributes(alone, contact.attributes)


def _claim_everything(database: Database, campaign: int, ring: Keyring) -> int:
    """Claim messages as a worker does and read what it takes to send them; how many could be read."""
    readable = 0
    with database.transaction() as session:
        ids = session.execute(text("SELECT DISTINCT gateway_id FROM batch")).scalars().all()
    ask = ClaimRequest(
        gateway_id=ids[0], campaign_id=campaign, reach=Reach(None, "cu-tru", honours_refusals=True), personal=True,
        budget_parts=20, most=20, cover=20, worker="test", lease_seconds=60,
    )  # fmt: skip
    while True:
        with database.transaction() as session:
            claim = claim_messages(session, ask, uuid4())
        if claim is None:
            return readable
        for message in claim.messages:
            readable += bool(ring.decrypt(message.phone_cipher) and open_name(ring, message.name_cipher))
        with database.transaction() as session:
            session.execute(
                text("UPDATE batch SET state = CASE WHEN queued > 0 THEN 'ready' ELSE 'done' END, lease_token = NULL,"
                    " lease_until = NULL WHERE id = :id"),
                {"id": claim.batch_id},
            )
