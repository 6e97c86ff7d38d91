"""The form of a gateway is made from what an adapter says of itself, whoever wrote the adapter."""

from __future__ import annotations

from enum import StrEnum

import pytest
from pydantic import Field, SecretStr

from admin.console.forms import Form
from admin.console.gateway_form import asked_of, read, settings_of
from campaigns.gateways.contract import AdapterSettings
from campaigns.gateways.smpp.settings import SmppSettings


class Mode(StrEnum):
    """How somebody else's telco wants it."""

    ONE = "one"
    MANY = "many"


class OtherSettings(AdapterSettings):
    """Settings of an adapter that says nothing about forms."""

    url: str = Field(description="Where requests go.", max_length=300)
    token: SecretStr
    seconds: float = Field(5.0, gt=0)
    mode: Mode = Mode.ONE
    verify: bool = True
    note: str | None = None


def test_an_adapter_nobody_put_in_words_still_has_a_form() -> None:
    groups = asked_of(OtherSettings)
    needed = {each.name: each for each in groups["connection"]}
    assert {name: each.kind for name, each in needed.items()} == {"url": "text", "token": "secret"}
    assert needed["url"].hint == "Where requests go."
    assert needed["url"].most == 300
    assert all(each.required for each in needed.values())
    rest = {each.name: (each.kind, each.choices) for each in groups["more"]}
    assert rest["seconds"] == ("number", ())
    assert rest["mode"] == ("choice", ("one", "many"))
    assert rest["verify"] == ("bool", ())
    assert rest["note"] == ("text", ())


def test_every_setting_of_smpp_is_asked_for_once_in_both_languages() -> None:
    asked = [each for group in asked_of(SmppSettings).values() for each in group]
    assert sorted(each.name for each in asked) == sorted(SmppSettings.model_fields)
    for words in SmppSettings.words.values():
        assert words.title.vi
        assert words.title.en


def test_what_is_left_empty_is_left_to_its_default_and_a_secret_to_what_is_stored() -> None:
    form = Form({"s_host": " telco.vn ", "s_port": "", "s_password": "", "s_window": "20", "s_finish_seconds": "1,5"})
    assert settings_of(form, "smpp") == {"host": "telco.vn", "window": "20", "finish_seconds": "1.5", "tls": False}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tps": "x"}, "tps"),
        ({"tps": "-3"}, "tps"),
        ({"binds": ""}, "binds"),
        ({"p_viettel": "0"}, "p_viettel"),
        ({"w_*": "101"}, "w_*"),
    ],
)
def test_a_number_that_is_none_is_named(given: dict[str, str], field: str) -> None:
    form = Form({"tps": "10", "binds": "1", "r_viettel": "1", "r_*": "1", **given})
    read(form, "smpp")
    assert list(form.errors) == [field]


def test_what_is_wrong_is_told_in_the_order_of_the_page() -> None:
    form = Form({"name": "", "tps": "", "binds": ""}, errors={"elsewhere": "d", "binds": "c", "name": "a", "tps": "b"})
    assert list(form.told.values()) == ["a", "b", "c", "d"]


def test_routes_are_read_with_their_order_and_weight() -> None:
    form = Form({"tps": "0,5", "binds": "2", "r_viettel": "1", "p_viettel": "2", "w_viettel": "", "p_itel": "9"})
    entered = read(form, "smpp")
    assert (entered.tps, entered.binds, entered.routes) == (0.5, 2, {"viettel": (1, 1)})
    assert form.errors == {}
