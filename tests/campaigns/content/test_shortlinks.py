"""Codes of short links: what they name comes back, and nobody makes one up."""

from __future__ import annotations

import random

import pytest

from campaigns.content.links import LENGTH, make_token
from campaigns.content.shortlinks import (
    SAMPLE_CODE,
    SHORT_LENGTH,
    SHORT_PATH,
    Code,
    make_code,
    read_code,
    short_link_of,
)
from campaigns.content.tokens import Tokens
from config.keys import Keyring
from config.settings import get_settings


@pytest.mark.parametrize(
    "code",
    [Code("campaign", 1, 0), Code("poster", 1, 0), Code("campaign", 4_194_303, 32_767), Code("poster", 77, 56)],
)
def test_what_a_code_names_comes_back(keyring: Keyring, code: Code) -> None:
    written = make_code(keyring, code)
    assert len(written) == SHORT_LENGTH == len(SAMPLE_CODE)
    assert read_code(keyring, written) == code
    assert read_code(Keyring.generate(), written) is None


@pytest.mark.parametrize("code", [Code("campaign", 0, 1), Code("campaign", 2**22, 1), Code("poster", 1, 2**15)])
def test_what_does_not_fit_gets_no_code(keyring: Keyring, code: Code) -> None:
    with pytest.raises(ValueError, match="no code"):
        make_code(keyring, code)


def test_codes_of_neighbours_look_nothing_alike(keyring: Keyring) -> None:
    codes = [make_code(keyring, Code("campaign", 5, ward)) for ward in range(60)]
    assert len({code[:3] for code in codes}) > 50
    assert len({code[-3:] for code in codes}) > 50


def test_guessing_finds_next_to_nothing(keyring: Keyring) -> None:
    rng = random.Random(5)  # a test's dice
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    guesses = ["".join(rng.choices(letters, k=SHORT_LENGTH)) for _ in range(5_000)]
    assert sum(read_code(keyring, guess) is not None for guess in guesses) <= 3


@pytest.mark.parametrize("written", ["", "x", "12345678", "1234567890", "12345678ă", "../../etc", "123456789\n"])
def test_what_is_no_code_is_none(keyring: Keyring, written: str) -> None:
    assert read_code(keyring, written) is None


def test_a_code_of_one_purpose_is_none_of_another(keyring: Keyring) -> None:
    assert read_code(keyring, make_token(keyring, 4711)) is None
    assert LENGTH == SHORT_LENGTH
    assert Tokens("a", 100, 4).make(keyring, 7) != Tokens("b", 100, 4).make(keyring, 7)


def test_the_path_takes_twelve_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    assert short_link_of(SAMPLE_CODE) == ""
    monkeypatch.setenv("LOA_PUBLIC_URL", "https://loa.danang.gov.vn")
    get_settings.cache_clear()
    assert short_link_of(SAMPLE_CODE) == f"https://loa.danang.gov.vn{SHORT_PATH}{SAMPLE_CODE}"
    assert len(SHORT_PATH + SAMPLE_CODE) == 12
