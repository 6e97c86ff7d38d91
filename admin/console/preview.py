"""A text as a phone would show it, with what it costs, what is wrong with it, and how to put it right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from campaigns.audience.sampling import SamplePerson, Span, measure
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.encoding import GSM_EXTENSION, Alphabet, strip_marks
from campaigns.content.findings import Hints, Kind, findings, hints, repair
from campaigns.content.placeholders import PLACEHOLDERS, SAMPLES
from campaigns.content.preview import sample_links
from campaigns.content.prices import CARRIERS, Prices
from campaigns.content.rendering import compile_template
from campaigns.content.rules import Level, Problem, validate_body
from campaigns.content.shortlinks import sample_short_link
from campaigns.errors import LoaError
from config.i18n import t

VARIANTS = ("marked", "plain")
_SHOWN_MOST = 12
"""Characters a hint names before it says "and others"."""


@dataclass(frozen=True)
class Cost:
    """What one message costs at a carrier, in đồng, for the shortest and the longest text."""

    carrier: str
    least: Decimal
    most: Decimal


@dataclass(frozen=True)
class Preview:
    """One spelling of a text. ``error`` says why it cannot be shown; then there are no parts."""

    variant: str
    parts: tuple[str, ...] = ()
    hints: Hints | None = None
    error: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = field(default=())
    repairable: bool = False
    """Whether ``campaigns.content.findings.repair`` would change the body."""
    ascii: bool = False
    """Whether a gateway that knows only ASCII and Unicode sends it as ASCII."""
    span: Span | None = None
    costs: tuple[Cost, ...] = ()

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

    def cost_at(self, carrier: str) -> Cost | None:
        """What it costs at a carrier, where a price is known."""
        return next((cost for cost in self.costs if cost.carrier == carrier), None)


def show(source: str, variant: str, message_class: str, values: Mapping[str, str]) -> Preview:
    """The text merged with sample values."""
    if not source.strip():
        return Preview(variant, error=t("Chưa có nội dung.", "Nothing is written yet."))
    plain = variant == "plain"
    problems = tuple(dict.fromkeys(validate_body(source, plain=plain, kind=MESSAGE_CLASSES.get(message_class))))
    repairable = mend(source, variant) != source
    try:
        # A campaign's value is only the short name of its link; what is sent is the link.
        text = compile_template(source).render({**values, "lien_ket": sample_short_link()}, plain=plain)
        counted = hints(text)
    except LoaError as refusal:
        return Preview(variant, error=str(refusal), problems=problems, repairable=repairable)
    return Preview(
        variant,
        parts=tuple(part.text for part in counted.encoded.parts),
        hints=counted,
        problems=problems,
        notes=tuple(_notes(source, text, counted, plain)),
        repairable=repairable,
        ascii=text.isascii(),
    )


def mend(source: str, variant: str) -> str:
    """A body with every suggested repair made; the one without marks loses those left in it, too."""
    mended = repair(source)
    return strip_marks(mended) if variant == "plain" else mended


def _notes(source: str, text: str, counted: Hints, plain: bool) -> list[str]:
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
                "{n} characters less make it {said}.",
                n=counted.cut_for_one_less,
                parts=len(counted.encoded.parts) - 1,
                said=_parts(len(counted.encoded.parts) - 1),
            )
        )
    if not plain and counted.plain_parts < len(counted.encoded.parts):
        notes.append(
            t(
                "Bỏ dấu thì chỉ còn {n} phần.",
                "Without marks it takes {said}.",
                n=counted.plain_parts,
                said=_parts(counted.plain_parts),
            )
        )
    return [*notes, *_on_characters(text, counted)]


def _parts(count: int) -> str:
    return "1 part" if count == 1 else f"{count} parts"


def _on_characters(text: str, counted: Hints) -> list[str]:
    if counted.encoded.alphabet is Alphabet.UCS2:
        return [
            t(
                "Ký tự làm cả tin thành Unicode (mỗi phần còn 70 ký tự): {listed}",
                "Characters that make the whole text Unicode (70 to a part): {listed}",
                listed=_listed(counted.unicode_characters),
            )
        ]
    double = tuple(dict.fromkeys(char for char in text if char in GSM_EXTENSION))
    if not double:
        return []
    return [
        t(
            "Mỗi ký tự này tính bằng hai: {listed}",
            "Each of these counts as two: {listed}",
            listed=_listed(double),
        )
    ]


def _listed(characters: Sequence[str]) -> str:
    shown = " ".join(_name(char) for char in characters[:_SHOWN_MOST])
    return shown + (t(" và ký tự khác", " and others") if len(characters) > _SHOWN_MOST else "")


def _name(character: str) -> str:
    return character if character.isprintable() and not character.isspace() else f"U+{ord(character):04X}"


def both(marked: str, plain: str, message_class: str, values: Mapping[str, str] | None = None) -> dict[str, Preview]:
    """Both spellings, with sample values where none are given."""
    filled = {**sample_values(), **{name: value for name, value in (values or {}).items() if value.strip()}}
    return {
        "marked": show(marked, "marked", message_class, filled),
        "plain": show(plain, "plain", message_class, filled),
    }


def for_person(marked: str, plain: str, message_class: str, person: SamplePerson) -> dict[str, Preview]:
    """Both spellings as one real person would get them; what the person lacks is said, not made up."""
    values = {**common_values(), **person.values}
    return {
        "marked": show(marked, "marked", message_class, values),
        "plain": show(plain, "plain", message_class, values),
    }


def sample_values() -> dict[str, str]:
    """Sample values of every placeholder."""
    return {**SAMPLES, **sample_links()}


def common_values() -> dict[str, str]:
    """Sample values of what the register does not hold: it is the same for everybody, or as long."""
    common = {name: p.sample for name, p in PLACEHOLDERS.items() if p.source != "contact"}
    return {**common, **sample_links()}


def measured(
    previews: Mapping[str, Preview],
    bodies: Mapping[str, str],
    message_class: str,
    people: Sequence[SamplePerson],
    prices: Prices,
) -> dict[str, Preview]:
    """The same with their lengths over a sample of real people, and what a message costs at each carrier."""
    common = common_values()
    return {
        variant: _measured(each, bodies[variant], message_class, people, prices, common)
        for variant, each in previews.items()
    }


def _measured(
    seen: Preview,
    body: str,
    message_class: str,
    people: Sequence[SamplePerson],
    prices: Prices,
    common: Mapping[str, str],
) -> Preview:
    try:
        span = measure(body, people, common, plain=seen.variant == "plain")
    except LoaError:
        return seen
    parts = span.parts if span.people > span.missing else (len(seen.parts), len(seen.parts))
    found = [(carrier, prices.of(carrier, message_class)) for carrier in CARRIERS]
    costs = [Cost(carrier, price * parts[0], price * parts[1]) for carrier, price in found if price is not None]
    return replace(seen, span=span, costs=tuple(costs))
