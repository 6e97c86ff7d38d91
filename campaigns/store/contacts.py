"""Statements about contacts: merging an imported file into the register."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaigns.models.people import TEST_NUMBER
from campaigns.store.contact_rows import COPY_END, COPY_ROWS, COPY_START

MERGE_LOCK = 0x4C6F61_01
"""Advisory lock of everything that writes many contacts: merges come one after the other, so none can deadlock."""

_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS import_row (
    phone_hash bytea NOT NULL, line integer NOT NULL, first boolean NOT NULL, phone_cipher bytea NOT NULL,
    carrier text NOT NULL, ward_id smallint, language text, name_cipher bytea, name_words integer[] NOT NULL,
    attributes jsonb NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS import_match (
    line integer NOT NULL, contact_id bigint NOT NULL, later boolean NOT NULL, erased boolean NOT NULL,
    outside boolean NOT NULL, differs boolean NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS import_change (
    contact_id bigint NOT NULL, ward_id smallint, language text, name_cipher bytea, name_words integer[] NOT NULL,
    attributes jsonb NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS import_later (
    line integer NOT NULL, contact_id bigint NOT NULL, ward_id smallint, name_cipher bytea,
    name_words integer[] NOT NULL, attributes jsonb NOT NULL
) ON COMMIT DELETE ROWS;
CREATE INDEX IF NOT EXISTS import_later_contact ON import_later (contact_id);
CREATE TEMP TABLE IF NOT EXISTS import_seen (contact_id bigint PRIMARY KEY) ON COMMIT PRESERVE ROWS;
TRUNCATE import_seen
"""

# Names are compared by their nonces, which are made of the name and its owner (``Keyring.seal_many``).
# LATERAL … OFFSET 0 keeps the planner from joining a chunk to the whole register: it then reads a million rows for
# twenty thousand, and the import grows with the square of the register (measured: the last chunk took three times
# as long as the first).
_MATCH = """
    INSERT INTO import_match (line, contact_id, later, erased, outside, differs)
    SELECT s.line, c.id, NOT s.first OR c.source = :source OR seen.contact_id IS NOT NULL,
           c.unusable IS NOT DISTINCT FROM 'erased' OR {outside}, c.unusable IS DISTINCT FROM 'erased' AND {outside},
           coalesce(s.ward_id, c.ward_id) IS DISTINCT FROM c.ward_id
           OR coalesce(s.language, c.language) <> c.language
           OR s.name_cipher IS NOT NULL
              AND substr(s.name_cipher, 2, 12) IS DISTINCT FROM substr(c.name_cipher, 2, 12)
           OR NOT c.attributes @> s.attributes
           OR c.source = :desk
      FROM import_row s
      CROSS JOIN LATERAL (SELECT * FROM contact WHERE phone_hash = s.phone_hash OFFSET 0) c
      LEFT JOIN import_seen seen ON seen.contact_id = c.id
    """
# Whom the register knows outside somebody's wards is not theirs to change. A number of which it knows nothing more,
# such as one that wrote to the city, becomes theirs: nothing is told by it.
_OUTSIDE = """(c.ward_id IS NOT NULL AND c.ward_id <> ALL(CAST(:wards AS int[]))
    OR c.ward_id IS NULL AND (c.name_cipher IS NOT NULL OR c.attributes <> '{}'))"""
_MATCHES = {limited: text(_MATCH.format(outside=_OUTSIDE if limited else "false")) for limited in (False, True)}

# No ON CONFLICT: it looks every number up in the index once more, a sixth of the merge, for what never happens.
_INSERT = text(
    """
    INSERT INTO contact (phone_hash, phone_cipher, carrier, ward_id, language, name_cipher, name_words, attributes,
                         source)
    SELECT s.phone_hash, s.phone_cipher, s.carrier, s.ward_id, coalesce(s.language, 'vi'), s.name_cipher, s.name_words,
           s.attributes, :source
      FROM import_row s
     WHERE s.first AND NOT EXISTS (SELECT FROM import_match m WHERE m.line = s.line)
    """
)

# What the file says wins over what the register holds, but only where the file says something. A desk's number that a
# list names is a person of the register from then on. Somebody may have been erased since the rows were matched: every
# statement that writes to people asks again.
_CHANGES = text(
    """
    INSERT INTO import_change (contact_id, ward_id, language, name_cipher, name_words, attributes)
    SELECT m.contact_id, s.ward_id, s.language, s.name_cipher, s.name_words, s.attributes
      FROM import_match m
      JOIN import_row s ON s.line = m.line
     WHERE m.differs AND NOT m.later AND NOT m.erased
    """
)

_UPDATE = text(
    """
    UPDATE contact c
       SET ward_id = coalesce(s.ward_id, c.ward_id),
           language = coalesce(s.language, c.language),
           name_cipher = coalesce(s.name_cipher, c.name_cipher),
           name_words = CASE WHEN s.name_cipher IS NULL THEN c.name_words ELSE s.name_words END,
           attributes = c.attributes || s.attributes,
           source = CASE WHEN c.source = :desk THEN :source ELSE c.source END,
           updated_at = now()
      FROM import_change s
     WHERE c.id = s.contact_id AND c.unusable IS DISTINCT FROM 'erased'
    """
)

# Later rows of a number only fill what is still missing, the earliest first: so the outcome does not depend on
# where a chunk ends, and importing the file again finds nothing to change. They are few and found first: joined to
# the whole chunk in one statement, the planner expects thousands and reads the register from end to end.
_LATER = text(
    """
    INSERT INTO import_later (line, contact_id, ward_id, name_cipher, name_words, attributes)
    SELECT s.line, c.id, s.ward_id, s.name_cipher, s.name_words, s.attributes
      FROM (SELECT r.* FROM import_row r LEFT JOIN import_match m ON m.line = r.line
             WHERE (NOT r.first OR m.later) AND m.erased IS NOT TRUE OFFSET 0) s
      CROSS JOIN LATERAL (SELECT id FROM contact WHERE phone_hash = s.phone_hash OFFSET 0) c
    """
)

_FILL = text(
    """
    UPDATE contact c
       SET ward_id = coalesce(c.ward_id, s.ward_id),
           name_cipher = coalesce(c.name_cipher, s.name_cipher),
           name_words = CASE WHEN c.name_cipher IS NULL THEN coalesce(s.name_words, '{}') ELSE c.name_words END,
           attributes = coalesce(s.attributes, '{}') || c.attributes,
           updated_at = now()
      FROM (SELECT l.contact_id,
                   (array_agg(l.ward_id ORDER BY l.line) FILTER (WHERE l.ward_id IS NOT NULL))[1] AS ward_id,
                   (array_agg(l.name_cipher ORDER BY l.line) FILTER (WHERE l.name_cipher IS NOT NULL))[1]
                       AS name_cipher,
                   (SELECT o.name_words FROM import_later o
                     WHERE o.contact_id = l.contact_id AND o.name_cipher IS NOT NULL
                     ORDER BY o.line LIMIT 1) AS name_words,
                   (SELECT jsonb_object_agg(pair.key, pair.value ORDER BY o.line DESC)
                      FROM import_later o, jsonb_each(o.attributes) pair
                     WHERE o.contact_id = l.contact_id) AS attributes
              FROM import_later l
             GROUP BY l.contact_id) s
     WHERE c.id = s.contact_id AND c.unusable IS DISTINCT FROM 'erased'
       AND ((c.ward_id IS NULL AND s.ward_id IS NOT NULL) OR (c.name_cipher IS NULL AND s.name_cipher IS NOT NULL)
            OR NOT c.attributes @> (coalesce(s.attributes, '{}') || c.attributes))
    """
)

_SHARING = text(
    """
    SELECT l.contact_id, l.name_cipher, c.name_cipher
      FROM import_later l
      CROSS JOIN LATERAL (SELECT name_cipher FROM contact
                           WHERE id = l.contact_id AND unusable IS DISTINCT FROM 'erased' OFFSET 0 FOR SHARE) c
     WHERE l.name_cipher IS NOT NULL
       AND substr(l.name_cipher, 2, 12) IS DISTINCT FROM substr(c.name_cipher, 2, 12)
    """
)

_TALLY = text(
    """
    SELECT count(*), count(*) FILTER (WHERE s.first), count(*) FILTER (WHERE s.first AND m.later AND NOT m.erased),
           count(*) FILTER (WHERE s.first AND m.erased), count(*) FILTER (WHERE s.first AND m.line IS NOT NULL)
      FROM import_row s
      LEFT JOIN import_match m ON m.line = s.line
    """
)

_LEFT = text(
    "SELECT m.line, s.phone_cipher, m.outside FROM import_match m JOIN import_row s ON s.line = m.line"
    " WHERE m.erased ORDER BY 1"
)

_SEEN = text(
    """
    INSERT INTO import_seen (contact_id)
    SELECT contact_id FROM import_match WHERE NOT later AND NOT erased ORDER BY contact_id
    """
)


class Sharing(NamedTuple):
    """A second person under one number."""

    contact_id: int
    name_cipher: bytes
    own_cipher: bytes | None
    """The contact's name."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of one chunk of rows."""

    created: int
    updated: int
    unchanged: int
    duplicates: int
    left: tuple[tuple[int, bytes, bool], ...]
    """(line, ciphertext of its number, outside) of rows that were not taken: the person had themselves erased, or is
    known outside the wards of whoever imports."""
    sharing: tuple[Sharing, ...] = ()
    """Rows that name somebody else under a number that is somebody's already."""


class ContactAppearedMeanwhile(Exception):
    """Somebody else made a contact of this chunk between our look and our insert: merge the chunk again."""


def prepare_import(session: Session) -> None:
    """Make the staging tables of this connection. They live as long as it does, so keep it for the whole import."""
    session.connection().exec_driver_sql(_STAGE)


def stage_contacts(session: Session, rows: bytes) -> None:
    """COPY encoded rows (``encode_rows``, without start and end) into the staging table of this transaction."""
    connection = session.connection().connection.driver_connection
    assert connection is not None
    with connection.cursor() as cursor, cursor.copy(COPY_ROWS) as copy:
        copy.write(COPY_START)
        copy.write(rows)
        copy.write(COPY_END)


def merge_contacts(session: Session, source: str, wards: Collection[int] | None = None) -> Merged:
    """Merge the staged rows into the register; with ``wards`` nobody is changed whom it knows elsewhere.

    A number that the register lacks is created; one it has takes what the file says where that differs; the second
    and later rows of a number within one ``source`` only fill gaps. Nothing is written for a row that changes nothing.

    Raises:
        ContactAppearedMeanwhile: undo and stage again.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MERGE_LOCK})
    limits = {} if wards is None else {"wards": sorted(wards)}
    matched = _affected(session, _MATCHES[wards is not None], source=source, desk=TEST_NUMBER, **limits)
    rows, firsts, later, erased_firsts, matched_firsts = session.execute(_TALLY).one()
    try:
        created = _affected(session, _INSERT, source=source)
    except IntegrityError as error:
        raise ContactAppearedMeanwhile from error
    updated = _update(session, source) if matched else 0
    sharing = _fill_gaps(session) if later or rows > firsts else ()
    if not matched:
        return Merged(created, 0, 0, rows - created, (), sharing)
    session.execute(_SEEN)
    left = tuple((line, bytes(cipher), outside) for line, cipher, outside in session.execute(_LEFT))
    known = matched_firsts - erased_firsts - later
    return Merged(created, updated, known - updated, rows - created - known - len(left), left, sharing)


def _update(session: Session, source: str) -> int:
    if not _affected(session, _CHANGES):
        return 0
    with _by_index(session):
        return _affected(session, _UPDATE, source=source, desk=TEST_NUMBER)


def _fill_gaps(session: Session) -> tuple[Sharing, ...]:
    session.execute(_LATER)
    with _by_index(session):
        session.execute(_FILL)
    return tuple(map(Sharing._make, session.execute(_SHARING)))


@contextmanager
def _by_index(session: Session) -> Iterator[None]:
    """Inside, the planner joins to the register by its key, never by reading it from end to end."""
    session.execute(_JOINS, {"setting": "off"})
    yield
    session.execute(_JOINS, {"setting": "on"})


_JOINS = text("SELECT set_config('enable_hashjoin', :setting, true), set_config('enable_mergejoin', :setting, true)")


def _affected(session: Session, statement: object, **values: object) -> int:
    result = session.execute(statement, values)  # type: ignore[call-overload]
    return int(result.rowcount)
