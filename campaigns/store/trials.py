"""Numbers of staff that texts are tried on, and the tests sent to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from campaigns.models import TestMessage, TestNumber

_NUMBERS = text("""
    SELECT n.id, n.label, n.created_by, n.created_at, c.phone_cipher, c.carrier,
           c.phone_cipher IS NOT NULL AND c.unusable IS NULL AS usable
    FROM test_number n JOIN contact c ON c.id = n.contact_id
    WHERE n.removed_at IS NULL ORDER BY n.label, n.id
""")


def list_numbers(session: Session) -> Sequence[Row[Any]]:
    """(id, label, created_by, created_at, phone_cipher, carrier, usable) of the numbers on the list, by label."""
    return session.execute(_NUMBERS).all()


def find_number(session: Session, number_id: int) -> TestNumber | None:
    """A number that is on the list now."""
    return session.scalars(
        select(TestNumber).where(TestNumber.id == number_id, TestNumber.removed_at.is_(None))
    ).one_or_none()


def find_number_of(session: Session, contact_id: int) -> TestNumber | None:
    """The entry of a contact that is on the list now."""
    return session.scalars(
        select(TestNumber).where(TestNumber.contact_id == contact_id, TestNumber.removed_at.is_(None))
    ).one_or_none()


def lock_sender(session: Session, email: str) -> None:
    """Let one person ask for one test at a time, so that a count of theirs holds."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 13))"), {"name": email})


def count_recent(session: Session, email: str, *, seconds: int) -> int:
    """Tests this person asked for in the last so many seconds."""
    since = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    query = select(func.count()).select_from(TestMessage)
    return session.scalar(query.where(TestMessage.requested_by == email, TestMessage.requested_at > since)) or 0


_TESTS = """
    SELECT t.id, t.requested_by, t.requested_at, n.label, k.variant, k.state AS campaign_state, v.number AS version,
           m.state, m.error, m.parts, coalesce(pinned.name, g.name) AS gateway, b.started_at,
           EXISTS (SELECT 1 FROM gateway_session s WHERE s.gateway_id = b.gateway_id
                   AND s.state IN ('bound', 'throttled') AND s.seen_at > now() - interval '15 seconds') AS bound
    FROM test_message t
    JOIN test_number n ON n.id = t.number_id
    JOIN campaign k ON k.id = t.campaign_id
    LEFT JOIN template_version v ON v.id = t.template_version_id
    LEFT JOIN message m ON m.contact_id = n.contact_id AND m.campaign_id = t.campaign_id AND m.occasion = 0
    LEFT JOIN batch b ON b.id = m.batch_id
    LEFT JOIN gateway g ON g.id = b.gateway_id
    LEFT JOIN gateway pinned ON pinned.id = t.gateway_id
    WHERE {} ORDER BY t.id DESC LIMIT :most
"""
_OF_TEMPLATE = text(_TESTS.format("v.template_id = :which"))
_OF_GATEWAY = text(_TESTS.format("t.gateway_id = :which"))


def list_tests_of_template(session: Session, template_id: int, *, most: int = 10) -> Sequence[Row[Any]]:
    """The latest tests of a template's wordings, with what became of each: who, when, which desk, state, error."""
    return session.execute(_OF_TEMPLATE, {"which": template_id, "most": most}).all()


def list_tests_of_gateway(session: Session, gateway_id: int, *, most: int = 10) -> Sequence[Row[Any]]:
    """The latest tests of one gateway, likewise."""
    return session.execute(_OF_GATEWAY, {"which": gateway_id, "most": most}).all()


_STALE = text("""
    UPDATE campaign c SET state = 'cancelled', version = version + 1
    WHERE c.state = 'running' AND c.id IN (
        SELECT campaign_id FROM test_message
        WHERE requested_at < now() - make_interval(mins => :minutes) AND requested_at > now() - interval '2 days')
      AND EXISTS (SELECT 1 FROM batch b WHERE b.campaign_id = c.id AND b.state = 'ready')
""")


def cancel_stale_tests(session: Session, *, minutes: int) -> int:
    """Give up tests nobody can be waiting for any more; what is unsent of them is cancelled by the same tick."""
    return session.execute(_STALE, {"minutes": minutes}).rowcount  # type: ignore[attr-defined,no-any-return]
