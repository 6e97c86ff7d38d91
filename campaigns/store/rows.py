"""Locking one row by its id."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from campaigns.models import Base

RowT = TypeVar("RowT", bound=Base)


def lock_row(session: Session, model: type[RowT], row_id: int) -> RowT | None:
    """The row with this id, freshly read and locked until the transaction ends; None where there is none."""
    (key,) = inspect(model).primary_key
    query = select(model).where(key == row_id).with_for_update(of=model)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()
