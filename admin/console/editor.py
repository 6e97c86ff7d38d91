"""What the template editor shows beside the text: counts, prices, rules of the class, people to try it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from flask import render_template
from sqlalchemy.orm import Session

from admin.console import formats, preview
from admin.console.context import actor, console
from campaigns.audience.sampling import SamplePerson, draw_sample, sample_person
from campaigns.content.classes import MESSAGE_CLASSES, MessageClass, class_rules
from campaigns.content.encoding import strip_marks
from campaigns.content.findings import repair
from campaigns.content.prices import CARRIERS, read_prices
from campaigns.content.rendering import SOURCE_MOST
from campaigns.content.rules import ALLOWED_DOMAINS
from campaigns.models import TemplateVersion
from campaigns.store.campaigns import database_now
from config.i18n import t
from config.zone import CITY_TIME

CHOICES = 8
"""People of the sample one may choose from."""


@dataclass(frozen=True)
class Desk:
    """Both spellings as they stand now, and what there is to say about them."""

    bodies: Mapping[str, str]
    message_class: str
    previews: Mapping[str, preview.Preview]
    people: Sequence[SamplePerson]
    """To choose from; empty for those who may not see people."""
    person: SamplePerson | None

    @property
    def carriers(self) -> list[list[str]]:
        """Carriers whose price is known, those with the same prices together."""
        alike: dict[tuple[tuple[Decimal, Decimal] | None, ...], list[str]] = {}
        for carrier in CARRIERS:
            costs = [each.cost_at(carrier) for each in self.previews.values()]
            if any(costs):
                alike.setdefault(tuple((cost.least, cost.most) if cost else None for cost in costs), []).append(carrier)
        return list(alike.values())

    @property
    def sampled(self) -> int:
        """People the lengths were measured on."""
        return max((each.span.people for each in self.previews.values() if each.span), default=0)

    @property
    def rules(self) -> list[tuple[str, str]]:
        """What the class asks for, in words."""
        known = self.message_class in MESSAGE_CLASSES
        return list(in_words(class_rules(self.message_class))) if known else []

    @property
    def said(self) -> str:
        """The counter in one sentence, for those who hear it."""
        titles = {"marked": t("Có dấu", "With marks"), "plain": t("Không dấu", "Without marks")}
        return " ".join(f"{titles[variant]}: {_count(each)}" for variant, each in self.previews.items())


def _count(seen: preview.Preview) -> str:
    if seen.error or seen.hints is None:
        return t("chưa đếm được.", "not counted.")
    wrong = len(seen.refusals)
    counted = t("{n} phần tin, {alphabet}.", "{n} parts, {alphabet}.", n=len(seen.parts), alphabet=seen.alphabet)
    return counted + (t(" {n} điều phải sửa.", " {n} to mend.", n=wrong) if wrong else "")


def look(
    session: Session,
    marked: str,
    plain: str,
    message_class: str,
    *,
    person_id: int = 0,
    sample: Mapping[str, str] | None = None,
) -> Desk:
    """Count both spellings, for a real person where one was chosen and may be seen."""
    sees_people = actor().may("contact.view")
    people = draw_sample(session, console().keyring, scope=actor().scope)
    chosen = person_id if sees_people else 0
    person = sample_person(session, console().keyring, chosen, scope=actor().scope) if chosen else None
    if person is None:
        previews = preview.both(marked, plain, message_class, sample)
    else:
        previews = preview.for_person(marked, plain, message_class, person)
    bodies = {"marked": marked, "plain": plain}
    prices = read_prices(session, database_now(session).astimezone(CITY_TIME).date())
    step = max(1, len(people) // CHOICES)
    return Desk(
        bodies,
        message_class,
        preview.measured(previews, bodies, message_class, people, prices),
        people[::step][:CHOICES] if sees_people else (),
        person,
    )


def look_at(session: Session, version: TemplateVersion) -> Desk:
    """The same for a saved version."""
    return look(session, version.body_marked, version.body_plain, version.template.message_class)


def answer(session: Session, asked: Mapping[str, Any], sender: str) -> dict[str, Any]:
    """What the editor's script asks while somebody types: HTML by place, and the texts its buttons put in."""
    marked, plain = (str(asked.get(variant, ""))[:SOURCE_MOST] for variant in preview.VARIANTS)
    given = asked.get("sample")
    sample: dict[str, Any] = given if isinstance(given, dict) else {}
    person = asked.get("person")
    desk = look(
        session,
        marked,
        plain,
        str(asked.get("message_class", ""))[:40],
        person_id=int(person) if isinstance(person, str) and person.isdecimal() and len(person) < 16 else 0,
        sample={str(name)[:64]: str(value)[:500] for name, value in list(sample.items())[:50]},
    )
    return {
        **{
            variant: render_template("console/preview.html", preview=each, sender=sender)
            for variant, each in desk.previews.items()
        },
        "compare": render_template("console/compare.html", desk=desk),
        "rules": render_template("console/class_rules.html", desk=desk),
        "said": desk.said,
        "repaired": {
            variant: preview.mend(body, variant)
            for variant, body in desk.bodies.items()
            if desk.previews[variant].repairable
        },
        "bare": strip_marks(repair(marked)),
    }


def in_words(kind: MessageClass) -> Sequence[tuple[str, str]]:
    """What a class needs, may and must not, for whoever writes a text of it."""
    rules = [
        (t("Nhãn đầu tin", "Label"), _label(kind)),
        (t("Hướng dẫn từ chối", "How to refuse"), _must(kind.needs_refusal_line)),
        (
            t("Người đã từ chối nhận tin", "Who refused messages"),
            t("không nhận", "does not get it") if kind.honours_refusal else t("vẫn nhận", "gets it all the same"),
        ),
        (t("Giờ gửi", "Hours"), _hours(kind)),
        (
            t("Mỗi người một ngày", "Per person and day"),
            t("nhiều nhất {n} tin", "at most {n}", n=kind.cap) if kind.cap else t("không giới hạn", "no limit"),
        ),
        (t("Số người phải duyệt", "Approvals"), str(kind.approvals)),
    ]
    if kind.checks_do_not_call or kind.needs_consent:
        rules.append(
            (
                t("Chỉ gửi cho", "Only to"),
                t(
                    "người đã đồng ý và không có trong danh sách không quảng cáo",
                    "those who consented and are not on the do-not-call list",
                ),
            )
        )
    if not kind.authority_sender:
        rules.append((t("Tên người gửi", "Sender"), t("không dùng tên của cơ quan", "not one of an authority")))
    basis = kind.legal_basis
    return [
        *rules,
        (
            t("Căn cứ", "Legal basis"),
            str(basis) if basis else t("người lập chiến dịch phải ghi rõ", "each campaign must name its own"),
        ),
        (t("Liên kết", "Links"), t("chỉ tới {d}", "only to {d}", d=", ".join(ALLOWED_DOMAINS))),
        (
            t("Không được hỏi", "Never ask for"),
            t("mã OTP, mật khẩu, số tài khoản, số thẻ", "OTP codes, passwords, account or card numbers"),
        ),
    ]


def _label(kind: MessageClass) -> str:
    if kind.label:
        return t("bắt buộc {label}", "{label} is required", label=kind.label)
    if kind.optional_label:
        return t("có thể dùng {label}", "{label} may be used", label=kind.optional_label)
    return t("không dùng nhãn", "none")


def _must(needed: bool) -> str:
    return t("bắt buộc, ở cuối tin", "required, at the end") if needed else t("không bắt buộc", "not required")


def _hours(kind: MessageClass) -> str:
    start, end = kind.hours
    days = t("mọi ngày", "every day") if kind.rest_days else t("ngày làm việc", "working days")
    if start == end == time(0):
        return t("cả ngày, {days}", "all day, {days}", days=days)
    return f"{formats.clock(start)}–{formats.clock(end)}, {days}"
