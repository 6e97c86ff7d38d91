"""The link to refuse: short, the same for ever, and nobody can make one up."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.content.encoding import Alphabet, encode
from campaigns.content.links import LENGTH, PATH, SAMPLE_TOKEN, link_of, make_token, read_token, sample_link
from config.keys import Keyring
from config.settings import get_settings

RING = Keyring.generate()
LAST = 2**32 - 1


@given(st.integers(1, LAST))
@settings(max_examples=300)
def test_every_contact_has_one_token_of_nine_letters_and_digits(contact: int) -> None:
    token = make_token(RING, contact)
    assert re.fullmatch(r"[0-9A-Za-z]{9}", token)
    assert read_token(RING, token) == contact
    assert make_token(RING, contact) == token


def test_the_path_has_twelve_characters_that_cost_one_septet_each() -> None:
    path = PATH + make_token(RING, LAST)
    assert len(path) == len(PATH) + LENGTH == 12
    assert (encode(path).alphabet, encode(path).units) == (Alphabet.GSM7, 12)


@pytest.mark.parametrize("contact", [0, -1, 2**32])
def test_a_contact_that_does_not_fit_gets_none(contact: int) -> None:
    with pytest.raises(ValueError, match="no token"):
        make_token(RING, contact)


def test_a_token_outlives_the_rotation_of_keys_and_is_worth_nothing_elsewhere() -> None:
    token = make_token(RING, 77)
    assert read_token(RING.rotated().rotated(), token) == 77
    assert Keyring.from_json(RING.rotated().to_json()).derive("refusal link") == RING.derive("refusal link")
    assert read_token(Keyring.generate(), token) is None


@pytest.mark.parametrize(
    "token", ["", "x", "x" * 8, "x" * 10, "zzzzzzzzz", "0" * 9, SAMPLE_TOKEN, "aaaa aaaa", "ắăâđêôơưa", "12345678\x00"]
)
def test_what_we_did_not_make_names_nobody(token: str) -> None:
    assert read_token(RING, token) is None


def test_a_changed_character_names_nobody_and_neighbours_look_nothing_alike() -> None:
    token = make_token(RING, 1000)
    changed = [token[:at] + other + token[at + 1 :] for at in range(LENGTH) for other in "aZ9" if token[at] != other]
    assert [read_token(RING, each) for each in changed] == [None] * len(changed)
    tokens = [make_token(RING, contact) for contact in range(1000, 1200)]
    assert len({each[:3] for each in tokens}) > 190, "the first characters tell nothing of who is near whom"
    assert len({each[-3:] for each in tokens}) > 190


def test_guesses_hit_no_more_often_than_one_in_three_million() -> None:
    """And that is any of four thousand million numbers; a city's million contacts are hit thousands of times rarer."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    chance = random.Random(4)
    hits = sum(read_token(RING, "".join(chance.choices(digits, k=9))) is not None for _ in range(30_000))
    assert hits <= 1


def test_a_link_is_the_public_address_and_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    assert link_of("abc") == "", "without an address there is no link"
    assert sample_link().endswith(PATH + SAMPLE_TOKEN)
    monkeypatch.setenv("LOA_PUBLIC_URL", "https://tn.danang.gov.vn")
    get_settings.cache_clear()
    assert link_of("abc") == "https://tn.danang.gov.vn/o/abc"
    assert sample_link() == f"https://tn.danang.gov.vn/o/{SAMPLE_TOKEN}"
