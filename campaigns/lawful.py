"""What the class of a campaign asks of it: text, legal basis, sender name, do-not-call list; ``docs/law.md``.

Asked when a campaign is saved (its text), when it is submitted, and once more before its audience is frozen: a list may
have grown old, a name may have been taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.advertising.donotcall import ListState, list_state
from campaigns.advertising.senders import STATUSES
from campaigns.audience.selection import Audience
from campaigns.content.classes import MessageClass, class_rules
from campaigns.content.rendering import HOLE, compile_template
from campaigns.content.rules import Problem, check_text, refusals
from campaigns.errors import InvalidInput, LoaError
from campaigns.models import Campaign, SenderName
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import city_today
from campaigns.store.senders import count_people_by_carrier, find_sender
from config.i18n import Text
from config.settings import get_settings


def legal_basis_of(campaign: Campaign) -> Text | None:
    """What a campaign rests on: as its makers named it, else that of its class; None where neither is."""
    if campaign.legal_basis:
        return Text(campaign.legal_basis, campaign.legal_basis)
    return class_rules(campaign.message_class).legal_basis


def content_problems(campaign: Campaign) -> list[Problem]:
    """Problems of the campaign's text with its own values in it; holes stand for what differs by person."""
    kind = class_rules(campaign.message_class)
    compiled = compile_template(campaign.template_version.body(campaign.variant))
    found = check_text(compiled.outline, kind=kind)
    try:
        holes = dict.fromkeys(compiled.placeholders, HOLE)
        merged = compiled.render({**holes, **campaign.values}, plain=campaign.variant == "plain")
    except LoaError:  # a value that cannot be merged is refused where the audience is looked at
        return found
    return list(dict.fromkeys([*found, *check_text(merged, kind=kind)]))


def refuse_content(campaign: Campaign) -> None:
    """Raise where the text may not go out under the campaign's class.

    Raises:
        InvalidInput: with every reason.
    """
    if wrong := refusals(content_problems(campaign)):
        raise InvalidInput(
            "{in_vietnamese}",
            "{in_english}",
            in_vietnamese=" ".join(dict.fromkeys(problem.text.vi for problem in wrong)),
            in_english=" ".join(dict.fromkeys(problem.text.en for problem in wrong)),
        )


def refuse_unlawful(session: Session, campaign: Campaign) -> None:
    """Raise where the campaign lacks what its class asks for.

    Raises:
        InvalidInput: its text, legal basis, sender name or the do-not-call list does not allow it.
    """
    kind = class_rules(campaign.message_class)
    refuse_content(campaign)
    if legal_basis_of(campaign) is None:
        raise InvalidInput(
            "Tin “{kind}” phải ghi căn cứ pháp lý riêng của chiến dịch (văn bản, công điện, chỉ đạo nào).",
            "A campaign of class {kind} must name its own legal basis (which document or order).",
            kind=kind.title,
        )
    _refuse_sender(session, campaign, kind)
    if kind.checks_do_not_call:
        _refuse_list(list_state(session))


def _refuse_sender(session: Session, campaign: Campaign, kind: MessageClass) -> None:
    sender = find_sender(session, campaign.sender) if campaign.sender else None
    if not kind.authority_sender and (sender is None or sender.owner_kind != "commercial"):
        raise InvalidInput(
            "Tin “{kind}” không được gửi dưới tên “{name}”: phải chọn một tên người gửi thương mại có trong danh sách "
            "tên người gửi. Người dân đọc tên của cơ quan nhà nước là tin thiết yếu.",
            "A campaign of class {kind} cannot go out as “{name}”: choose a commercial sender name that is on the list "
            "of sender names. People take the name of an authority for what they must know.",
            kind=kind.title,
            name=campaign.sender or "–",
        )
    if sender is not None:
        _refuse_expired(session, sender)
        _refuse_unregistered(session, campaign, sender)


def _refuse_expired(session: Session, sender: SenderName) -> None:
    if sender.expires_on and sender.expires_on < city_today(session):
        raise InvalidInput(
            "Tên người gửi “{name}” đã hết hạn ngày {day}; hãy gia hạn rồi sửa trong danh sách tên người gửi.",
            "The sender name “{name}” ran out on {day}; renew it and correct the list of sender names.",
            name=sender.name,
            day=sender.expires_on.strftime("%d/%m/%Y"),
        )


def _refuse_unregistered(session: Session, campaign: Campaign, sender: SenderName) -> None:
    """A carrier refuses a name it has not registered; nobody is told before the first message but by this."""
    if not sender.carriers:
        return
    wards = Audience.model_validate(campaign.audience).ward_ids(session)
    people = count_people_by_carrier(session, wards)
    missing = {name: n for name, n in people.items() if sender.carriers.get(name) != "registered" and name != "unknown"}
    if missing:
        raise InvalidInput(
            "Tên người gửi “{name}” chưa được đăng ký với: {listed} (số người).",
            "The sender name “{name}” is not registered with: {listed} (people).",
            name=sender.name,
            listed=", ".join(f"{carrier}: {count}" for carrier, count in sorted(missing.items())),
        )


def _refuse_list(state: ListState) -> None:
    if state.is_missing:
        raise InvalidInput(
            "Chưa có danh sách không quảng cáo (Do-Not-Call) nên không gửi quảng cáo được. Hãy nhập danh sách.",
            "There is no do-not-call list, so nothing can be advertised. Import the list.",
        )
    if state.is_too_old:
        raise InvalidInput(
            "Danh sách không quảng cáo đã {days} ngày tuổi (tối đa {most}). Hãy nhập danh sách mới.",
            "The do-not-call list is {days} days old (at most {most}). Import a new one.",
            days=state.days,
            most=get_settings().do_not_call_days,
        )


def confirm_class(session: Session, actor: Actor, campaign: Campaign, *, confirmed: bool) -> None:
    """Record that an approver confirmed the class of the text; a step of its own beside the approval.

    Raises:
        InvalidInput: it was not confirmed.
    """
    kind = class_rules(campaign.message_class)
    if not confirmed:
        raise InvalidInput(
            "Hãy xác nhận riêng: nội dung đúng là “{kind}”, không phải quảng cáo trá hình.",
            "Confirm by itself that the text is {kind}.",
            kind=kind.title,
        )
    if actor.email not in campaign.class_confirmed_by:
        campaign.class_confirmed_by = [*campaign.class_confirmed_by, actor.email]
    append_audit(
        session, actor.email, "campaign.class-confirmed", "campaign", campaign.id, {"class": campaign.message_class}
    )


@dataclass(frozen=True, slots=True)
class ClassReview:
    """What the maker and the approver are shown about a campaign's class."""

    kind: MessageClass
    legal_basis: Text | None
    own_basis: bool
    """Whether its makers named it."""
    sender: SenderName | None
    """Where the name is on the list."""
    problems: Sequence[Problem]
    do_not_call: ListState | None
    """None where the class does not ask for it."""
    refused: LoaError | None
    """Why it cannot be submitted as it is."""
    duties: Sequence[Text]
    """What people still have to do themselves."""

    @property
    def sender_carriers(self) -> Sequence[tuple[str, Text]]:
        """Carrier and status of the sender name's registrations."""
        held = self.sender.carriers if self.sender else {}
        return [(name, STATUSES[status]) for name, status in sorted(held.items())]


def review_class(session: Session, campaign: Campaign) -> ClassReview:
    """What a campaign's class asks of it, and how it stands."""
    kind = class_rules(campaign.message_class)
    refused: LoaError | None = None
    try:
        refuse_unlawful(session, campaign)
    except LoaError as error:
        refused = error
    return ClassReview(
        kind=kind,
        legal_basis=legal_basis_of(campaign),
        own_basis=bool(campaign.legal_basis),
        sender=find_sender(session, campaign.sender) if campaign.sender else None,
        problems=content_problems(campaign),
        do_not_call=list_state(session) if kind.checks_do_not_call else None,
        refused=refused,
        duties=[_copy_duty()] if kind.needs_consent else [],
    )


def _copy_duty() -> Text:
    to = get_settings().advertising_copy_to
    return Text(
        f"Khi bắt đầu gửi, gửi một bản sao của tin tới {to} (Nghị định 91/2020/NĐ-CP, Điều 5.2). Loa không tự gửi.",
        f"When it starts, send a copy to {to} (Decree 91/2020/NĐ-CP, Article 5.2). Loa does not send it.",
    )
