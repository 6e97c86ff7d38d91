"""People as Flask-Security sees them: accounts, roles by name, and the store it asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask_security import RoleMixin, UserMixin
from flask_security.datastore import UserDatastore
from sqlalchemy.orm import Session

from admin.console.context import console
from campaigns.access import WHOLE_CITY, Scope
from campaigns.models import User
from campaigns.store import console as store
from campaigns.store.scope import load_scope
from campaigns.store.users import find_user


@dataclass(eq=False)
class RoleName(RoleMixin):
    """A role as Flask-Security wants to see it; what it may do stands in ``campaigns.access``."""

    name: str = ""


@dataclass(eq=False)
class Account(UserMixin):
    """The person signed in: values of one row of ``user``, bound to no session of the database."""

    id: int = 0
    email: str = ""
    password: str | None = None
    active: bool = False
    language: str = "vi"
    fs_uniquifier: str = ""
    roles: list[RoleName] = field(default_factory=list)  # type: ignore[assignment]
    granted: list[str] = field(default_factory=list)
    scope: Scope = WHOLE_CITY
    department: int | None = None
    session_id: int = 0
    """Row of ``signed_in`` this request belongs to; 0 where nobody is signed in yet."""

    @classmethod
    def of(cls, session: Session, row: User, session_id: int = 0) -> Account:
        """The account of a row."""
        return cls(
            id=row.id,
            email=row.email,
            password=row.password,
            active=row.active,
            language=row.language,
            fs_uniquifier=row.fs_uniquifier,
            roles=[RoleName(name=role.name) for role in row.roles],
            granted=list(row.granted),
            scope=load_scope(session, row.id),
            department=row.department_id,
            session_id=session_id,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Account) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)


class Accounts(UserDatastore):
    """Flask-Security's view on ``user``: looks people up and saves passwords, nothing else."""

    def __init__(self) -> None:
        super().__init__(Account, RoleName)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Account | None:
        """The account with this ``email`` or ``fs_uniquifier``."""
        with console().database.transaction() as session:
            if "email" in kwargs:
                row = find_user(session, str(kwargs["email"]))
            elif "fs_uniquifier" in kwargs:
                row = store.find_user_by_uniquifier(session, str(kwargs["fs_uniquifier"]))
            else:
                return None
            return Account.of(session, row) if row else None

    def find_role(self, role: str) -> RoleName | None:
        """Roles are not managed through Flask-Security."""
        return None

    def put(self, model: Account) -> Account:
        """Save a new password hash and session key."""
        with console().database.transaction() as session:
            store.save_credentials(session, model.id, model.password, model.fs_uniquifier)
        return model

    def commit(self) -> None:
        """Everything is saved as it is put."""
