"""Passkeys (WebAuthn): what the browser is asked, and whether what it answers is true."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import webauthn
from redis import Redis
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from campaigns.access import Actor
from campaigns.errors import InvalidInput
from campaigns.store import factors
from campaigns.store.audit import append_audit

CHALLENGE_SECONDS = 300
PASSKEYS_MOST = 10
ANSWER_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Site:
    """Where the browser says it is: host without port, and the addresses a page of ours may have."""

    host: str
    origins: tuple[str, ...]

    @classmethod
    def of(cls, host: str) -> Site:
        """The site of a request's host. Browsers have passkeys only over https, and over http on this machine."""
        return cls(host.rpartition(":")[0] if ":" in host else host, (f"https://{host}", f"http://{host}"))


class Challenges:
    """What was asked, kept in Redis so that each question can be answered once."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def ask(self) -> bytes:
        """A new question."""
        challenge = secrets.token_bytes(32)
        self._redis.set(self._key(challenge), 1, ex=CHALLENGE_SECONDS)
        return challenge

    def answered(self, answer: Mapping[str, Any]) -> bytes:
        """The question an answer belongs to, which is not open any more after this.

        Raises:
            InvalidInput: it was never asked, was answered before, or is too old.
        """
        try:
            said = json.loads(_decoded(answer["response"]["clientDataJSON"]))
            challenge = _decoded(said["challenge"])
        except (KeyError, TypeError, ValueError):
            raise _refused() from None
        if not self._redis.delete(self._key(challenge)):
            raise _refused()
        return challenge

    @staticmethod
    def _key(challenge: bytes) -> str:
        return f"loa:passkey:{hashlib.sha256(challenge).hexdigest()}"


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused() -> InvalidInput:
    return InvalidInput(
        "Passkey không được chấp nhận. Hãy thử lại hoặc dùng cách khác.",
        "The passkey was not accepted. Try again, or use another way.",
    )


def ask_to_register(session: Session, site: Site, challenge: bytes, user_id: int, email: str) -> str:
    """What ``navigator.credentials.create`` takes, as JSON."""
    handle = factors.save_passkey_handle(session, user_id, secrets.token_bytes(32))
    known = [PublicKeyCredentialDescriptor(id=key.credential_id) for key in factors.list_passkeys(session, user_id)]
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name="Loa",
        user_id=handle,
        user_name=email,
        challenge=challenge,
        exclude_credentials=known,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    return webauthn.options_to_json(options)


def register(
    session: Session, site: Site, actor: Actor, user_id: int, challenge: bytes, answer: Mapping[str, Any], name: str
) -> None:
    """Take a passkey into use.

    Raises:
        InvalidInput: the answer does not hold, the passkey is known, or there are too many.
    """
    try:
        found = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=list(site.origins),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise _refused() from None
    if len(factors.list_passkeys(session, user_id)) >= PASSKEYS_MOST:
        raise InvalidInput("Tối đa {n} passkey.", "{n} passkeys at most.", n=PASSKEYS_MOST)
    if factors.lock_passkey(session, found.credential_id) is not None:
        raise InvalidInput("Passkey này đã được đăng ký.", "This passkey is registered already.")
    made = factors.insert_passkey(
        session,
        user_id,
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        name=name.strip()[:60] or "Passkey",
    )
    append_audit(session, actor.email, "user.passkey_added", "user", user_id, {"passkey": made.id})


def ask_to_sign_in(session: Session, site: Site, challenge: bytes, user_id: int | None) -> str:
    """What ``navigator.credentials.get`` takes, as JSON; ``user_id`` narrows it to one person's passkeys."""
    known = None
    if user_id is not None:
        known = [PublicKeyCredentialDescriptor(id=key.credential_id) for key in factors.list_passkeys(session, user_id)]
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        allow_credentials=known,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def who_answers(session: Session, site: Site, challenge: bytes, answer: Mapping[str, Any], user_id: int | None) -> int:
    """Id of the person whose passkey signed the question.

    Raises:
        InvalidInput: nobody's, somebody else's than ``user_id``, or the passkey seems to have been copied: the number
            of signatures it names went back (WebAuthn Level 2, section 6.1.1).
    """
    try:
        passkey = factors.lock_passkey(session, _decoded(str(answer["rawId"])))
        if passkey is None or user_id not in (None, passkey.user_id):
            raise _refused()
        found = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=list(site.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise _refused() from None
    factors.note_passkey_used(session, passkey, found.new_sign_count)
    return passkey.user_id
