"""What a text becomes for one person, and everything the editor says about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.findings import Finding, Hints, findings, hints
from campaigns.content.links import sample_link
from campaigns.content.placeholders import SAMPLES
from campaigns.content.rendering import compile_template
from campaigns.content.rules import Problem, check_text, validate_body
from campaigns.content.shortlinks import sample_short_link


@dataclass(frozen=True, slots=True)
class Preview:
    """One variant of a text with its values filled in."""

    text: str
    placeholders: tuple[str, ...]
    hints: Hints
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    """Of the body and of the merged text, refusals first, each once."""


def sample_links() -> dict[str, str]:
    """What stands for the links Loa itself puts into a text, whatever a campaign says: as long as the real ones."""
    return {"lien_ket_tu_choi": sample_link(), "lien_ket": sample_short_link()}


def preview(
    body: str,
    *,
    plain: bool,
    values: Mapping[str, object] | None = None,
    message_class: str | None = None,
    forbidden: Collection[str] = (),
) -> Preview:
    """Merge a body with ``values`` over the sample values and look at the result.

    Raises:
        InvalidTemplate: the body cannot be compiled.
        MissingValue: a placeholder that is not on the list has no value.
        InvalidInput: the merged text cannot be sent.
    """
    compiled = compile_template(body)
    text = compiled.render({**SAMPLES, **(values or {}), **sample_links()}, plain=plain)
    kind = MESSAGE_CLASSES.get(message_class or "")
    problems = [*validate_body(body, plain=plain, kind=kind), *check_text(text, kind=kind)]
    return Preview(
        text=text,
        placeholders=tuple(sorted(compiled.placeholders)),
        hints=hints(text),
        findings=tuple(findings(text, forbidden=forbidden)),
        problems=tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.level)),
    )
