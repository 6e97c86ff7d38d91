"""A text as a phone would show it, with what it costs and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.encoding import Alphabet
from campaigns.content.findings import Hints, Kind, findings, hints
from campaigns.content.placeholders import SAMPLES
from campaigns.content.rendering import compile_template
from campaigns.content.rules import Level, Problem, validate_body
from campaigns.errors import LoaError
from config.i18n import t


@dataclass(frozen=True)
class Preview:
    """One spelling of a text. ``error`` says why it cannot be shown; then there are no parts."""

    variant: str
    parts: tuple[str, ...] = ()
    hints: Hints | None = None
    error: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def refusals(self) -> list[Problem]:
        """What stops it from being saved."""
        return [p for p in self.problems if p.level is Level.REFUSAL]

    @property
    def warnings(self) -> list[Problem]:
        """What a person should look at."""
        return [p for p in self.problems if p.level is Level.WARNING]

    @property
    def alphabet(self) -> str:
        """GSM-7 or Unicode, in words."""
        return (
            t("Unicode (có dấu)", "Unicode") if self.hints and self.hints.encoded.alphabet is Alphabet.UCS2 else "GSM-7"
        )


def show(source: str, variant: str, message_class: str, values: Mapping[str, str]) -> Preview:
    """The text merged with sample values."""
    if not source.strip():
        return Preview(variant, error=t("Chưa có nội dung.", "Nothing is written yet."))
    plain = variant == "plain"
    problems = tuple(validate_body(source, plain=plain, kind=MESSAGE_CLASSES.get(message_class)))
    try:
        text = compile_template(source).render(values, plain=plain)
        counted = hints(text)
    except LoaError as refusal:
        return Preview(variant, error=str(refusal), problems=problems)
    return Preview(
        variant,
        parts=tuple(part.text for part in counted.encoded.parts),
        hints=counted,
        problems=problems,
        notes=_notes(source, counted, plain),
    )


def _notes(source: str, counted: Hints, plain: bool) -> tuple[str, ...]:
    notes = []
    if any(finding.kind is Kind.DECOMPOSED for finding in findings(source)):
        notes.append(
            t(
                "Có chữ gõ tách chữ và dấu; hệ thống tự gộp trước khi đếm và gửi.",
                "Some letters are typed as letter and mark; they are merged before counting and sending.",
            )
        )
    if counted.cut_for_one_less:
        notes.append(
            t(
                "Bớt {n} ký tự thì còn {parts} phần.",
                "{n} characters less make it {parts} parts.",
                n=counted.cut_for_one_less,
                parts=len(counted.encoded.parts) - 1,
            )
        )
    if not plain and counted.plain_parts < len(counted.encoded.parts):
        notes.append(t("Bỏ dấu thì chỉ còn {n} phần.", "Without marks it takes {n} parts.", n=counted.plain_parts))
    return tuple(notes)


def both(marked: str, plain: str, message_class: str, values: Mapping[str, str] | None = None) -> dict[str, Preview]:
    """Both spellings, with sample values where none are given."""
    filled = {**SAMPLES, **{name: value for name, value in (values or {}).items() if value.strip()}}
    return {
        "marked": show(marked, "marked", message_class, filled),
        "plain": show(plain, "plain", message_class, filled),
    }
