"""A few real people to try a text on, found without counting or sorting the register."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.models.people import TEST_NUMBER

# Evenly spaced ids, and whoever comes next after each: a look into the primary key for every one of them, whatever
# the size of the register; ORDER BY random() reads it all. The same people as long as nobody joins, so that figures
# do not dance while somebody types.
_SAMPLE = text("""
    WITH ends AS (SELECT (SELECT min(id) FROM contact) AS low, (SELECT max(id) FROM contact) AS high),
    points AS (SELECT DISTINCT low + (high - low) * n / :most AS id FROM ends, generate_series(0, :most) AS n)
    SELECT DISTINCT ON (c.id) c.id, c.phone_cipher, c.name_cipher, c.attributes, c.ward_id
    FROM points CROSS JOIN LATERAL (
        SELECT * FROM contact
        WHERE contact.id >= points.id AND phone_cipher IS NOT NULL AND unusable IS NULL AND source <> :desk
          AND (CAST(:wards AS smallint[]) IS NULL OR ward_id = ANY(:wards))
        ORDER BY contact.id LIMIT 1) c
    ORDER BY c.id LIMIT :most
""")

_ONE = text("""
    SELECT id, phone_cipher, name_cipher, attributes, ward_id FROM contact
    WHERE id = :id AND phone_cipher IS NOT NULL AND unusable IS NULL
      AND (CAST(:wards AS smallint[]) IS NULL OR ward_id = ANY(:wards))
""")


def read_sample(session: Session, *, most: int, wards: Iterable[int] | None = None) -> Sequence[Row[Any]]:
    """(id, phone_cipher, name_cipher, attributes, ward_id) of at most so many people, spread over the register.

    With ``wards`` only of these.
    """
    given = {"most": most, "wards": None if wards is None else sorted(wards), "desk": TEST_NUMBER}
    return session.execute(_SAMPLE, given).all()


def read_sample_person(session: Session, contact_id: int, *, wards: Iterable[int] | None = None) -> Row[Any] | None:
    """One person likewise; None where nobody can be reached under this id."""
    return session.execute(_ONE, {"id": contact_id, "wards": None if wards is None else sorted(wards)}).one_or_none()
