"""Use cases about second factors: setting up an authenticator, its codes, recovery codes, and taking them away."""

from __future__ import annotations

import re
import time

from sqlalchemy.orm import Session

from admin.console import totp
from campaigns.access import Actor
from campaigns.errors import InvalidInput, NotFound
from campaigns.store import console as store
from campaigns.store import factors
from campaigns.store.audit import append_audit
from config.keys import Keyring

_CODE = re.compile(r"\d{6}")


def set_up_totp(session: Session, keyring: Keyring, actor: Actor, user_id: int, secret: bytes, code: str) -> list[str]:
    """Take an authenticator into use once it shows the right code; the new recovery codes, shown this once.

    Raises:
        InvalidInput: the code is wrong.
    """
    step = totp.find_step(secret, _digits(code), time.time())
    if step is None:
        raise InvalidInput(
            "Mã không đúng. Hãy xem đồng hồ điện thoại có đúng giờ không, rồi nhập mã đang hiện.",
            "The code is wrong. See that the phone's clock is right, then enter the code it shows now.",
        )
    factors.save_totp(session, user_id, keyring.encrypt(secret), step)
    append_audit(session, actor.email, "user.totp_set_up", "user", user_id)
    return _new_codes(session, keyring, user_id)


def renew_recovery_codes(session: Session, keyring: Keyring, actor: Actor, user_id: int) -> list[str]:
    """New recovery codes; the old ones are good no more.

    Raises:
        InvalidInput: there is no second factor they could stand in for.
    """
    if not factors.has_second_factor(session, user_id):
        raise InvalidInput("Hãy cài ứng dụng xác thực hoặc passkey trước.", "Set up an authenticator or passkey first.")
    append_audit(session, actor.email, "user.recovery_renewed", "user", user_id)
    return _new_codes(session, keyring, user_id)


def _new_codes(session: Session, keyring: Keyring, user_id: int) -> list[str]:
    codes = totp.new_recovery_codes()
    factors.replace_recovery_codes(session, user_id, [_hash(keyring, user_id, code) for code in codes])
    return codes


def _hash(keyring: Keyring, user_id: int, code: str) -> bytes:
    letters = re.sub(r"[^a-z0-9]", "", code.lower())
    return keyring.hash(f"recovery:{user_id}:{letters}".encode())


def _digits(code: str) -> str:
    return re.sub(r"[\s-]", "", code)


def use_code(session: Session, keyring: Keyring, email: str, user_id: int, code: str) -> str | None:
    """Use up a code of the authenticator, or a recovery code: ``totp`` or ``recovery``, None where it is wrong.

    A code is good once: the step of the last one is kept, and neither it nor an earlier one opens again.
    """
    typed = _digits(code)[:40]
    if not _CODE.fullmatch(typed):
        if factors.use_recovery_code(session, user_id, _hash(keyring, user_id, typed)):
            append_audit(session, email, "user.recovery_used", "user", user_id)
            return "recovery"
        return None
    cipher = factors.read_totp(session, user_id)
    step = totp.find_step(keyring.decrypt(cipher), typed, time.time()) if cipher else None
    return "totp" if step is not None and factors.use_totp_step(session, user_id, step) else None


def drop_totp(session: Session, actor: Actor, user_id: int) -> None:
    """Take the authenticator away."""
    factors.save_totp(session, user_id, None)
    _forget_codes_without_factor(session, user_id)
    append_audit(session, actor.email, "user.totp_dropped", "user", user_id)


def drop_passkey(session: Session, actor: Actor, user_id: int, passkey_id: int) -> None:
    """Take one passkey away.

    Raises:
        NotFound: the person has no such passkey.
    """
    if not factors.delete_passkeys(session, user_id, only=passkey_id):
        raise NotFound("Không có passkey này.", "There is no such passkey.")
    _forget_codes_without_factor(session, user_id)
    append_audit(session, actor.email, "user.passkey_dropped", "user", user_id, {"passkey": passkey_id})


def _forget_codes_without_factor(session: Session, user_id: int) -> None:
    if not factors.has_second_factor(session, user_id):
        factors.replace_recovery_codes(session, user_id, [])


def drop_all(session: Session, actor: Actor, user_id: int) -> None:
    """Take every second factor of somebody else away, who lost them; an administrator's deed.

    Raises:
        NotFound: there is no such user.
    """
    actor.require("user.edit")
    if store.lock_user(session, user_id) is None:
        raise NotFound("Không có người dùng này.", "There is no such user.")
    clear(session, user_id)
    append_audit(session, actor.email, "user.second_factor_dropped", "user", user_id)


def clear(session: Session, user_id: int) -> None:
    """Leave no authenticator, passkey or recovery code."""
    factors.save_totp(session, user_id, None)
    factors.delete_passkeys(session, user_id)
    factors.replace_recovery_codes(session, user_id, [])
