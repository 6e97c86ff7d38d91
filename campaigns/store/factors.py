"""Second factors of people: the authenticator's secret, recovery codes, passkeys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from campaigns.models import Passkey, RecoveryCode, User


def has_second_factor(session: Session, user_id: int) -> bool:
    """Whether an authenticator or a passkey is set up."""
    passkeys = select(Passkey.id).where(Passkey.user_id == user_id).exists()
    totp = select(User.id).where(User.id == user_id, User.totp_cipher.is_not(None)).exists()
    return bool(session.scalar(select(passkeys | totp)))


def save_totp(session: Session, user_id: int, cipher: bytes | None, counter: int = 0) -> None:
    """Store the authenticator's secret, or take it away; ``counter`` is the step of the code that proved it."""
    session.execute(update(User).where(User.id == user_id).values(totp_cipher=cipher, totp_counter=counter))


def read_totp(session: Session, user_id: int) -> bytes | None:
    """The encrypted secret of the authenticator."""
    return session.scalar(select(User.totp_cipher).where(User.id == user_id))


def use_totp_step(session: Session, user_id: int, step: int) -> bool:
    """Use up the code of a step; False where it, or a later one, was used: of two at once only one comes in."""
    used = update(User).where(User.id == user_id, User.totp_counter < step).values(totp_counter=step)
    return bool(session.execute(used).rowcount)  # type: ignore[attr-defined]


def replace_recovery_codes(session: Session, user_id: int, hashes: Iterable[bytes]) -> None:
    """Let only these codes be good from now on."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": each} for each in hashes]
    if rows:
        session.execute(insert(RecoveryCode), rows)


def use_recovery_code(session: Session, user_id: int, code_hash: bytes) -> bool:
    """Use up a recovery code; False where it is none, or was used."""
    used = update(RecoveryCode).where(
        RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None)
    )
    return bool(session.execute(used.values(used_at=func.now())).rowcount)  # type: ignore[attr-defined]


def count_recovery_codes(session: Session, user_id: int) -> int:
    """Recovery codes that are left."""
    query = select(func.count()).select_from(RecoveryCode)
    return session.scalar(query.where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))) or 0


def list_passkeys(session: Session, user_id: int) -> Sequence[Passkey]:
    """The passkeys of a person, the oldest first."""
    return session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)).all()


def insert_passkey(
    session: Session, user_id: int, *, credential_id: bytes, public_key: bytes, sign_count: int, name: str
) -> Passkey:
    """Add a passkey."""
    made = Passkey(
        user_id=user_id, credential_id=credential_id, public_key=public_key, sign_count=sign_count, name=name
    )
    session.add(made)
    session.flush()
    return made


def lock_passkey(session: Session, credential_id: bytes) -> Passkey | None:
    """The passkey with this id, locked until the transaction ends."""
    return session.scalars(
        select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    ).one_or_none()


def note_passkey_used(session: Session, passkey: Passkey, sign_count: int) -> None:
    """Note that a passkey was used, and how often it says it has signed."""
    session.execute(update(Passkey).where(Passkey.id == passkey.id).values(sign_count=sign_count, used_at=func.now()))


def delete_passkeys(session: Session, user_id: int, *, only: int | None = None) -> int:
    """Take away the passkeys of a person, or one of them; returns how many."""
    chosen = delete(Passkey).where(Passkey.user_id == user_id)
    done = session.execute(chosen if only is None else chosen.where(Passkey.id == only))
    return int(done.rowcount)  # type: ignore[attr-defined]


def save_passkey_handle(session: Session, user_id: int, handle: bytes) -> bytes:
    """What passkeys call the person; the first one given stays."""
    session.execute(update(User).where(User.id == user_id, User.passkey_handle.is_(None)).values(passkey_handle=handle))
    return bytes(session.execute(select(User.passkey_handle).where(User.id == user_id)).scalar_one() or b"")
