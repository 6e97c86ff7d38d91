"""Names in the order of the Vietnamese alphabet, in memory and in the database."""

from __future__ import annotations

import random
import unicodedata

from sqlalchemy import Column, MetaData, String, Table, select
from sqlalchemy.orm import Session

from campaigns.areas.alphabet import alphabetical
from campaigns.store.sorting import alphabetically

IN_ORDER = [
    "25 dịch vụ công",
    "An Hải Bắc",
    "Ấn",
    "Bình Hiên",
    "Cẩm Lệ",
    "Da",
    "Đà",
    "Đá",
    "đạc",
    "Em",
    "Hải Châu I",
    "Hải Châu II",
    "Hòa Khánh",
    "hoàn",
    "Hòn",
    "Ma",
    "Mà",
    "Mả",
    "Mã",
    "Má",
    "Mạ",
    "Mạ Bắc",
    "Ông",
    "Ơn",
    "Thanh Khê Đông",
    "Thanh Khê Tây",
    "Uông",
    "Ưng",
    "Xuân Hà",
]


def test_letters_come_before_tones_and_d_before_its_barred_sister() -> None:
    mixed = random.Random(52).sample(IN_ORDER, len(IN_ORDER))
    assert sorted(mixed, key=alphabetical) == IN_ORDER


def test_letters_typed_as_letter_and_mark_are_the_same() -> None:
    assert alphabetical(unicodedata.normalize("NFD", "Hòa Khánh")) == alphabetical("Hòa Khánh")


def test_the_database_has_the_same_order(session: Session) -> None:
    names = Table("names_to_sort", MetaData(), Column("name", String), prefixes=["TEMPORARY"])
    names.create(session.connection())
    mixed = random.Random(7).sample(IN_ORDER, len(IN_ORDER))
    session.execute(names.insert(), [{"name": name} for name in mixed])
    assert list(session.scalars(select(names.c.name).order_by(*alphabetically(names.c.name)))) == IN_ORDER
