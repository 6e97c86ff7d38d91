"""The classes of messages: one table decides what each needs, may and must not; ``docs/law.md`` gives every source.

A class is chosen with the template and confirmed by a second person. What is here is the default, or law; what a city
sets otherwise (``LOA_CLASS_RULES``: hours, rest days, cap, approvals) is in ``class_rules``; the law is not loosened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from campaigns.errors import InvalidInput
from config.i18n import Text
from config.settings import get_settings

Hours = tuple[time, time]
"""Local time Asia/Ho_Chi_Minh, end excluded; equal start and end are the whole day."""

WHOLE_DAY: Hours = (time(0), time(0))


@dataclass(frozen=True, slots=True)
class MessageClass:
    """What kind of message a text is, and what follows from it."""

    slug: str
    title: Text
    honours_refusal: bool
    """Whether somebody who refused messages is left out."""
    hours: Hours
    """When it may be sent at all; a campaign may be narrower, never wider."""
    rest_days: bool
    """Whether it may be sent on Saturdays, Sundays and public holidays."""
    cap: int | None
    """At most so many messages of this class to one person within a day over all campaigns; None is no cap."""
    legal_basis: Text | None
    """What its campaigns rest on unless their makers name another; None where every campaign must name its own."""
    approvals: int = 1
    """How many people besides its makers must approve."""
    permission: str | None = None
    """What its maker must hold beside ``campaign.edit``, such as the one to pass refusals and hours."""
    checks_do_not_call: bool = False
    """Whether the national do-not-call list is kept to (Decree 91/2020/NĐ-CP, Articles 7, 11.1, 13.1)."""
    needs_consent: bool = False
    """Whether only people with a recorded consent get it (Decree 91/2020/NĐ-CP, Article 11.2)."""
    authority_sender: bool = True
    """Whether it may go out under a sender name of an authority (the case of December 2025)."""
    label: str = ""
    """What the text must begin with: ``[QC]`` for advertising (Decree 91/2020/NĐ-CP, Article 15)."""
    optional_label: str = ""
    """What the text may begin with: ``[TB]`` is local practice. Any other label in brackets is refused."""
    needs_refusal_line: bool = False
    """Whether the text must end by saying how to refuse, by message and by call (Decree 91/2020/NĐ-CP, Article 16)."""
    chosen_by_people: bool = True
    """Whether a campaign can be made of it; replies of the system cannot."""
    priority: int = 5
    """Where its campaigns stand on a shared gateway unless a person says otherwise: 0 goes before everything else."""


_STATE_DUTY = Text(
    "Luật 91/2025/QH15, Điều 19.1(c): phục vụ hoạt động của cơ quan nhà nước",
    "Law 91/2025/QH15, Article 19.1(c): to serve the activity of a state agency",
)

_ALL = (
    MessageClass(
        "thong-bao",
        Text("Thông báo, tuyên truyền", "Public information"),
        honours_refusal=True,
        hours=(time(7), time(21)),
        rest_days=True,
        cap=1,
        legal_basis=_STATE_DUTY,
        optional_label="[TB]",
    ),
    MessageClass(
        "ca-nhan",
        Text("Thông báo hồ sơ cá nhân", "Notice about a person's own case"),
        honours_refusal=True,
        hours=(time(7), time(21)),
        rest_days=True,
        cap=None,
        legal_basis=_STATE_DUTY,
    ),
    MessageClass(
        "noi-bo",
        Text("Nội bộ cơ quan", "Internal, to staff"),
        honours_refusal=False,
        hours=(time(7), time(17, 30)),
        rest_days=False,
        cap=None,
        legal_basis=_STATE_DUTY,
    ),
    MessageClass(
        "khan-cap",
        Text("Khẩn cấp", "Emergency"),
        honours_refusal=False,
        hours=WHOLE_DAY,
        rest_days=True,
        cap=None,
        legal_basis=None,
        permission="campaign.emergency",
        priority=0,
    ),
    MessageClass(
        "quang-cao",
        Text("Quảng cáo", "Advertising"),
        honours_refusal=True,
        hours=(time(7), time(22)),
        rest_days=True,
        cap=3,
        legal_basis=None,
        approvals=2,
        checks_do_not_call=True,
        needs_consent=True,
        authority_sender=False,
        label="[QC]",
        needs_refusal_line=True,
    ),
    MessageClass(
        "he-thong",
        Text("Trả lời của hệ thống", "Reply of the system"),
        honours_refusal=False,
        hours=WHOLE_DAY,
        rest_days=True,
        cap=None,
        legal_basis=_STATE_DUTY,
        chosen_by_people=False,
    ),
)

MESSAGE_CLASSES: Mapping[str, MessageClass] = {kind.slug: kind for kind in _ALL}


_LAWFUL_HOURS: Hours = (time(7), time(22))
"""Decree 91/2020/NĐ-CP, Article 13.6: messages of every kind, by its wording; emergencies and replies apart."""
_LAWFUL_CAP = 3
"""Advertising to one number within 24 hours (Article 13.5)."""
_OWN_HOURS = frozenset({"khan-cap", "he-thong"})


class _Set(BaseModel):
    """What a city may set of one class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: str = Field("", pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")
    rest_days: bool = True
    cap: int | None = Field(None, ge=1, le=1000)
    approvals: int = Field(1, ge=1, le=3)


_SETTING = TypeAdapter(dict[str, _Set])


def class_rules(slug: str) -> MessageClass:
    """The class as it holds in this installation: the table, and what the city sets otherwise.

    Raises:
        InvalidInput: there is no such class, or ``LOA_CLASS_RULES`` cannot be read or loosens the law.
    """
    return all_class_rules()[known_class(slug)]


def known_class(slug: str) -> str:
    """``slug``, where there is such a class.

    Raises:
        InvalidInput: there is none.
    """
    if slug not in MESSAGE_CLASSES:
        raise InvalidInput(
            "Không có loại tin “{slug}”. Các loại: {known}.",
            "There is no message class “{slug}”. Classes: {known}.",
            slug=slug,
            known=", ".join(MESSAGE_CLASSES),
        )
    return slug


def all_class_rules() -> Mapping[str, MessageClass]:
    """Every class as it holds in this installation.

    Raises:
        InvalidInput: ``LOA_CLASS_RULES`` cannot be read or loosens the law.
    """
    return read_class_rules(get_settings().class_rules)


@lru_cache(maxsize=8)
def read_class_rules(setting: str) -> Mapping[str, MessageClass]:
    """The table with ``setting`` (JSON, as in ``LOA_CLASS_RULES``) on it.

    Raises:
        InvalidInput: it cannot be read, names what cannot be set, or loosens the law.
    """
    try:
        given = _SETTING.validate_json(setting or "{}")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _refused(".".join(map(str, first["loc"])) or "JSON", Text(first["msg"], first["msg"])) from error
    return {**MESSAGE_CLASSES} | {known_class(slug): _with(MESSAGE_CLASSES[slug], given[slug]) for slug in given}


def _with(kind: MessageClass, given: _Set) -> MessageClass:
    if not kind.chosen_by_people:
        raise _refused(
            kind.slug,
            Text(
                "trả lời của hệ thống phải gửi ngay (Nghị định 91/2020/NĐ-CP, Điều 16.3)",
                "replies of the system must go at once (Decree 91/2020/NĐ-CP, Article 16.3)",
            ),
        )
    named = {name: getattr(given, name) for name in given.model_fields_set}
    if given.hours:
        named["hours"] = tuple(time.fromisoformat(end) for end in given.hours.split("-"))
    changed = replace(kind, **named)
    _refuse_loosened(changed)
    return changed


def _refuse_loosened(kind: MessageClass) -> None:
    start, end = kind.hours
    first, last = _LAWFUL_HOURS
    if kind.slug not in _OWN_HOURS and not (first <= start < end <= last):
        raise _refused(
            f"{kind.slug}.hours",
            Text(
                "chỉ được gửi tin trong khoảng 07:00-22:00 (Nghị định 91/2020/NĐ-CP, Điều 13.6)",
                "messages may be sent from 07:00 to 22:00 only (Decree 91/2020/NĐ-CP, Article 13.6)",
            ),
        )
    if kind.needs_consent and (kind.cap is None or kind.cap > _LAWFUL_CAP):
        raise _refused(
            f"{kind.slug}.cap",
            Text(
                "mỗi người nhận tối đa 3 tin quảng cáo trong 24 giờ (Nghị định 91/2020/NĐ-CP, Điều 13.5)",
                "at most 3 advertising messages to one person within 24 hours (Decree 91/2020/NĐ-CP, Article 13.5)",
            ),
        )


def _refused(where: str, why: Text) -> InvalidInput:
    return InvalidInput("LOA_CLASS_RULES, {where}: {why}.", "LOA_CLASS_RULES, {where}: {why}.", where=where, why=why)


def class_title(slug: str) -> str:
    """The class of a message in words."""
    return str(MESSAGE_CLASSES[slug].title) if slug in MESSAGE_CLASSES else slug
