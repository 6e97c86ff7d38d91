"""The worksheets of breaches and the register of processors."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.errors import NotFound
from campaigns.models import Breach, Gateway, Processor
from campaigns.store.rows import lock_row
from campaigns.store.sorting import alphabetically


def list_breaches(session: Session, limit: int = 100) -> Sequence[Breach]:
    """Worksheets, the latest discovery first."""
    return session.scalars(select(Breach).order_by(Breach.discovered_at.desc()).limit(limit)).all()


def get_breach(session: Session, breach_id: int) -> Breach:
    """The worksheet with this id.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Breach, breach_id)
    if found is None:
        raise NotFound("Không có hồ sơ vi phạm số {id}.", "There is no worksheet {id}.", id=breach_id)
    return found


def lock_breach(session: Session, breach_id: int) -> Breach:
    """The worksheet, freshly read and locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return lock_row(session, Breach, breach_id) or get_breach(session, breach_id)


def list_processors(session: Session) -> Sequence[Processor]:
    """Everybody who processes or processed data for the city, by name; those who ended last."""
    query = select(Processor).order_by(Processor.ended_on.is_not(None), *alphabetically(Processor.name), Processor.id)
    return session.scalars(query.limit(500)).all()


def get_processor(session: Session, processor_id: int) -> Processor:
    """The processor with this id.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Processor, processor_id)
    if found is None:
        raise NotFound("Không có bên xử lý số {id}.", "There is no processor {id}.", id=processor_id)
    return found


def lock_processor(session: Session, processor_id: int) -> Processor:
    """The processor, freshly read and locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return lock_row(session, Processor, processor_id) or get_processor(session, processor_id)


def find_processor(session: Session, name: str) -> Processor | None:
    """The processor of this name."""
    return session.scalars(select(Processor).where(Processor.name == name)).one_or_none()


def list_gateways_without_processor(session: Session) -> Sequence[str]:
    """Gateways over which messages go and whose company the register lacks."""
    known = select(Processor.name)
    return session.scalars(select(Gateway.name).where(Gateway.name.not_in(known)).order_by(Gateway.name)).all()
