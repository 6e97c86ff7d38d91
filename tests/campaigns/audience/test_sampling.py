"""What a text becomes for a few real people."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.audience.sampling import draw_sample, measure, sample_person
from campaigns.content.rendering import InvalidTemplate
from campaigns.models.people import TEST_NUMBER
from config.keys import Keyring
from tests.factories import make_contact


def test_a_sample_is_spread_over_the_register_and_always_the_same(undone: Session, keyring: Keyring) -> None:
    made = [make_contact(undone, keyring).id for _ in range(40)]
    first = [person.id for person in draw_sample(undone, keyring, most=8)]
    assert first == [person.id for person in draw_sample(undone, keyring, most=8)]
    assert len(first) == 8
    assert set(first) <= set(made)
    assert first[0] == made[0]
    assert first[-1] >= made[30]


def test_a_small_register_is_its_own_sample(undone: Session, keyring: Keyring) -> None:
    assert draw_sample(undone, keyring) == []
    made = [make_contact(undone, keyring).id for _ in range(3)]
    assert [person.id for person in draw_sample(undone, keyring)] == made


def test_who_cannot_be_reached_is_in_no_sample(undone: Session, keyring: Keyring) -> None:
    dead = make_contact(undone, keyring, unusable="dead")
    gone = make_contact(undone, keyring)
    gone.phone_cipher = None
    undone.flush()
    left = make_contact(undone, keyring)
    assert [person.id for person in draw_sample(undone, keyring)] == [left.id]
    assert sample_person(undone, keyring, dead.id) is None
    assert sample_person(undone, keyring, gone.id) is None


def test_numbers_in_a_sample_are_masked(undone: Session, keyring: Keyring) -> None:
    made = make_contact(undone, keyring, phone=b"84905123456", full_name="Trần B", attributes={"ma": "7"})
    person = sample_person(undone, keyring, made.id)
    assert person is not None
    assert person.phone == "09•• ••• 456"
    assert person.values == {
        "ho_ten": "Trần B",
        "ma": "7",
        "phuong": "Phường Hòa Hiệp Bắc",
        "quan": "Quận Liên Chiểu",
    }


def test_the_shortest_and_the_longest_are_measured_and_who_lacks_a_value_is_counted(
    undone: Session, keyring: Keyring
) -> None:
    for name in ("An", "Nguyễn Thị Hồng Nhung", None):
        make_contact(undone, keyring, full_name=name)
    people = draw_sample(undone, keyring)
    span = measure("Chào {{ ho_ten }}, mời đến ngày {{ ngay }}.", people, {"ngay": "1/3"}, plain=False)
    assert (span.people, span.missing, span.parts) == (3, 1, (1, 1))
    assert span.units == (len("Chào An, mời đến ngày 1/3."), len("Chào Nguyễn Thị Hồng Nhung, mời đến ngày 1/3."))
    nobody = measure("Chào {{ ma_so }}", people, {}, plain=False)
    assert (nobody.missing, nobody.parts) == (3, (0, 0))
    with pytest.raises(InvalidTemplate):
        measure("{{ ho_ten", people, {}, plain=False)


def test_the_sample_is_found_by_the_primary_key_and_never_by_reading_the_register(
    undone: Session, keyring: Keyring
) -> None:
    from campaigns.store.samples import _SAMPLE

    undone.execute(
        text(
            "INSERT INTO contact (phone_hash, phone_cipher, carrier, source)"
            " SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), '\\x00', 'viettel', 't' FROM generate_series(1, 20000) n"
        )
    )
    undone.execute(text("ANALYZE contact"))
    given = {"most": 60, "wards": None, "desk": TEST_NUMBER}
    lines = undone.scalars(text("EXPLAIN " + _SAMPLE.text), given).all()
    assert not [line for line in lines if "Seq Scan on contact" in line], "\n".join(lines)
