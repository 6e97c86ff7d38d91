"""Settling unknown messages by hand, and sending them again on an approver's word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.delivery.states import MessageState
from campaigns.errors import InvalidInput, WrongState
from campaigns.models import Campaign
from campaigns.scope import require_inside
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now, get_campaign
from campaigns.store.database import Database
from campaigns.store.delivery import resend_unknown_messages
from campaigns.store.unknown import find_messages_of, find_unknown, settle_unknown
from config.keys import Keyring

BY_HAND = (MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.FAILED)
"""What a person may say became of a message."""

BY_HAND_CODE = "LOA_BY_HAND"
MOST_NUMBERS = 100_000
REASON_MOST = 500


def _reason(given: str) -> str:
    reason = given.strip()[:REASON_MOST]
    if not reason:
        raise InvalidInput("Hãy ghi căn cứ.", "Give the reason.")
    return reason


def settle_all(database: Database, actor: Actor, campaign_id: int, state: MessageState, reason: str) -> int:
    """Settle every unknown message of a campaign; returns how many. In bounded pieces, each written to the audit.

    Raises:
        Forbidden, NotFound, InvalidInput: the person may not; there is no such campaign; no reason.
    """
    settled, after = 0, 0
    while True:
        with database.transaction() as session:
            _check(session, actor, campaign_id, state)
            rows = find_unknown(session, campaign_id, after=after)
            found = [(row.batch_id, row.seq) for row in rows]
            settled += _settle(session, actor, campaign_id, found, state, _reason(reason))
        if not found:
            return settled
        after = found[-1][0]


def settle_numbers(
    database: Database,
    keyring: Keyring,
    actor: Actor,
    campaign_id: int,
    numbers: Iterable[str],
    state: MessageState,
    reason: str,
) -> int:
    """Settle the unknown messages of a campaign to these numbers (E.164 without plus); returns how many."""
    hashes = list({keyring.hash(number.encode()) for number in numbers})
    if len(hashes) > MOST_NUMBERS:
        raise InvalidInput(
            "Quá {most} số trong một lần: hãy chia nhỏ.",
            "More than {most} numbers at once: split the list.",
            most=MOST_NUMBERS,
        )
    with database.transaction() as session:
        _check(session, actor, campaign_id, state)
        rows = find_messages_of(session, hashes, campaign_id=campaign_id)
        found = [(row.batch_id, row.seq) for row in rows if row.state == MessageState.UNKNOWN]
        return _settle(session, actor, campaign_id, found, state, _reason(reason))


def _check(session: Session, actor: Actor, campaign_id: int, state: MessageState) -> None:
    actor.require("campaign.settle")
    _find(session, actor, campaign_id)
    if state not in BY_HAND:
        raise InvalidInput(
            "Chỉ ghi được: {known}.", "It can only be: {known}.", known=", ".join(known.label for known in BY_HAND)
        )


def _find(session: Session, actor: Actor, campaign_id: int) -> Campaign:
    campaign = get_campaign(session, campaign_id)
    require_inside(session, actor, "campaign", campaign_id)
    return campaign


def _refuse_late(session: Session, campaign: Campaign) -> None:
    if campaign.deadline is not None and campaign.deadline <= database_now(session):
        raise WrongState(
            "Chiến dịch đã qua hạn chót nên không gửi lại tin chưa rõ được. Hãy ghi kết quả theo báo cáo của nhà mạng, "
            "hoặc tạo bản “gửi lại” cho những người này.",
            "The campaign's deadline has passed, so what is unknown is not sent again. Settle it by the telco's "
            "report, or make a draft that sends again to these people.",
        )


def _settle(
    session: Session,
    actor: Actor,
    campaign_id: int,
    found: Sequence[tuple[int, int]],
    state: MessageState,
    reason: str,
) -> int:
    batches, seqs = [batch for batch, _ in found], [seq for _, seq in found]
    settled = len(settle_unknown(session, batches, seqs, [state] * len(found), error=BY_HAND_CODE))
    if settled:
        detail = {"state": state.label, "messages": settled, "reason": reason}
        append_audit(session, actor.email, "campaign.unknown-settled", "campaign", campaign_id, detail)
    return settled


def resend(database: Database, actor: Actor, campaign_id: int, reason: str) -> int:
    """Queue again what is unknown after its validity, whatever the campaign's policy; returns how many messages.

    Somebody may get the message twice; that is why it takes an approver.

    Raises:
        WrongState: the campaign's deadline has passed.
    """
    queued, again = 0, -1
    while again:
        with database.transaction() as session:
            actor.require("campaign.approve")
            _refuse_late(session, _find(session, actor, campaign_id))
            cleaned = _reason(reason)
            again = resend_unknown_messages(session, attempts=ANY_ATTEMPTS, campaign_id=campaign_id)
            if again:
                detail = {"messages": again, "reason": cleaned}
                append_audit(session, actor.email, "campaign.unknown-resent", "campaign", campaign_id, detail)
        queued += again
    return queued


ANY_ATTEMPTS = 32_000
"""An approver's word counts for more than the number of tries so far."""
