"""What changed between two wordings."""

from __future__ import annotations

import pytest

from campaigns.content.diff import Change, compare, differs


def told(old: str, new: str) -> str:
    """``same[-removed-][+added+]``."""
    marks = {Change.SAME: "{}", Change.ADDED: "[+{}+]", Change.REMOVED: "[-{}-]"}
    return "".join(marks[stretch.change].format(stretch.text) for stretch in compare(old, new))


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("như nhau", "như nhau", "như nhau"),
        ("", "mới", "[+mới+]"),
        ("cũ", "", "[-cũ-]"),
        ("đến lúc 7:30", "đến lúc 8:30", "đến lúc [-7-][+8+]:30"),
        ("UBND thông báo.", "UBND kính mời.", "UBND [-thông báo-][+kính mời+]."),
        ("Chào {{ ho_ten }}!", "Chào {{ phuong }}!", "Chào [-{{ ho_ten }}-][+{{ phuong }}+]!"),
        ("hai  dấu cách", "hai dấu cách", "hai[-  -][+ +]dấu cách"),
    ],
)
def test_words_that_changed_are_marked_and_the_rest_stays(old: str, new: str, shown: str) -> None:
    assert told(old, new) == shown


def test_both_wordings_can_be_read_from_a_comparison() -> None:
    old, new = "Một hai ba.\nBốn {{ a }}", "Một ba bốn.\n\nNăm {{ b }} x"
    stretches = compare(old, new)
    assert "".join(s.text for s in stretches if s.change is not Change.ADDED) == old
    assert "".join(s.text for s in stretches if s.change is not Change.REMOVED) == new
    assert differs(stretches)
    assert not differs(compare(old, old))
