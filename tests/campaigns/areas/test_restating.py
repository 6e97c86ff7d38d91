"""Figures of one edition said in the other: by the successor map, never by code."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from campaigns.areas.restating import homes
from campaigns.store.narrowed import list_areas_and_successors
from tests.factories import ward_id


@pytest.mark.parametrize(
    ("code", "edition", "shown", "expected"),
    [
        ("20194", "2023", "2023", "Hòa Hiệp Bắc"),
        ("20194", "2023", "2025", "Hải Vân"),
        ("20242", "2023", "2025", "Hải Châu"),  # Phước Ninh, whose code is now Hải Châu's
        ("20326", "2023", "2025", "Hòa Tiến"),
        ("20332", "2025", "2025", "Hòa Tiến"),
        ("20200", "2023", "2025", "split"),  # Hòa Minh gave a part to Thanh Khê Tây
        ("20296", "2023", "2025", "split"),  # Hòa Liên was divided
        ("20332", "2025", "2023", "other"),  # nothing leads back
    ],
)
def test_a_ward_stands_where_its_people_went(
    session: Session, code: str, edition: str, shown: str, expected: str
) -> None:
    home = homes(*list_areas_and_successors(session), shown)[ward_id(session, code, edition)]
    assert (home.ward.name if home.ward else home.why) == expected
