"""Requests of citizens about their data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.access import WHOLE_CITY, Scope
from campaigns.errors import NotFound
from campaigns.models import AuditEntry, SubjectRequest
from campaigns.store.rows import lock_row
from campaigns.store.scope import requests_within


def get_request(session: Session, request_id: int) -> SubjectRequest:
    """The request with this id.

    Raises:
        NotFound: there is none.
    """
    found = session.get(SubjectRequest, request_id)
    if found is None:
        raise NotFound("Không có yêu cầu số {id}.", "There is no request {id}.", id=request_id)
    return found


def lock_request(session: Session, request_id: int) -> SubjectRequest:
    """The request, freshly read and locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return lock_row(session, SubjectRequest, request_id) or get_request(session, request_id)


def list_requests(
    session: Session,
    *,
    open_only: bool = True,
    kind: str | None = None,
    before: int | None = None,
    limit: int = 50,
    scope: Scope = WHOLE_CITY,
) -> Sequence[SubjectRequest]:
    """Open requests by the day they are due; or all of them, the latest first, those before an id."""
    query = select(SubjectRequest).where(requests_within(scope)).limit(limit)
    if kind:
        query = query.where(SubjectRequest.kind == kind)
    if open_only:
        query = query.where(SubjectRequest.state == "open").order_by(SubjectRequest.due_on, SubjectRequest.id)
    else:
        query = query.order_by(SubjectRequest.id.desc())
        if before is not None:
            query = query.where(SubjectRequest.id < before)
    return session.scalars(query).all()


def list_requests_of(session: Session, contact_id: int) -> Sequence[SubjectRequest]:
    """What one person has asked, the latest first."""
    query = select(SubjectRequest).where(SubjectRequest.contact_id == contact_id)
    return session.scalars(query.order_by(SubjectRequest.id.desc()).limit(50)).all()


def count_due_requests(session: Session, today: date, by: date, *, scope: Scope = WHOLE_CITY) -> int:
    """Open requests that are due by a day, or should be acknowledged by today and are not."""
    late = SubjectRequest.acknowledged_at.is_(None) & (SubjectRequest.acknowledge_by <= today)
    due = (SubjectRequest.due_on <= by) | late
    query = select(func.count()).where(SubjectRequest.state == "open", due, requests_within(scope))
    return session.execute(query).scalar_one()


def find_act(session: Session, contact_id: int, actions: Sequence[str], since: datetime) -> int | None:
    """The latest entry of the audit by which one of ``actions`` was done to a person; None where there is none."""
    query = select(AuditEntry.id).where(
        AuditEntry.object_kind == "contact",
        AuditEntry.object_id == str(contact_id),
        AuditEntry.action.in_(actions),
        AuditEntry.at >= since,
    )
    return session.execute(query.order_by(AuditEntry.id.desc()).limit(1)).scalar()
