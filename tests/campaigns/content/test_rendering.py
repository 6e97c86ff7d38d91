"""Merging: strict about values, deaf to everything else Jinja can do."""

from __future__ import annotations

import unicodedata

import pytest

from campaigns.content.rendering import SOURCE_MOST, InvalidTemplate, MissingValue, compile_template
from campaigns.errors import InvalidInput


def render(source: str, *, plain: bool = False, **values: object) -> str:
    """Compile and merge in one go."""
    return compile_template(source).render(values, plain=plain)


def test_values_go_in_unescaped_and_the_rest_stays_as_written() -> None:
    assert render("  <b>{{ ten }}</b> & co\n", ten='"A" <x> & B') == '  <b>"A" <x> & B</b> & co\n'


def test_a_merged_text_is_composed() -> None:
    assert render("Ph{{ x }}", x=unicodedata.normalize("NFD", "ường")) == "Phường"


def test_a_value_that_looks_like_a_template_is_only_text() -> None:
    assert render("{{ ten }}", ten="{{ 7 }}{% for %}") == "{{ 7 }}{% for %}"


def test_the_plain_variant_takes_marks_off_values() -> None:
    assert render("Cong an {{ phuong }}", plain=True, phuong="Phường Hòa Cường Bắc") == "Cong an Phuong Hoa Cuong Bac"


@pytest.mark.parametrize("values", [{}, {"ten": None}, {"ten": ""}, {"ten": " \t"}])
def test_a_missing_empty_or_blank_value_is_an_error_that_names_it(values: dict[str, object]) -> None:
    with pytest.raises(MissingValue) as refusal:
        compile_template("Chào {{ ten }}").render(values)
    assert refusal.value.name == "ten"
    assert "“ten”" in str(refusal.value)
    assert refusal.value.detail["placeholders"] == ["ten"]


@pytest.mark.parametrize("source", ["{{ ten | hoa }}", "{{ ten | gio }}", "{{ ten | viet_tat }}", "{{ ten | loai }}"])
def test_a_filter_does_not_hide_a_missing_value(source: str) -> None:
    with pytest.raises(MissingValue):
        compile_template(source).render({})


def test_a_default_stands_in_for_a_missing_value() -> None:
    compiled = compile_template("Kính gửi {{ ho_ten | default('ông/bà') }}")
    assert compiled.placeholders == {"ho_ten"}
    assert compiled.required == frozenset()
    assert compiled.render({"ho_ten": ""}) == "Kính gửi ông/bà"
    assert compiled.render({"ho_ten": "Lê Thị Ba"}) == "Kính gửi Lê Thị Ba"


def test_an_if_asks_for_a_value_without_needing_it() -> None:
    compiled = compile_template("{% if ten %}Chào {{ ten }}{% else %}Xin chào{% endif %}, {{ phuong }}")
    assert compiled.required == {"phuong"}
    assert compiled.render({"phuong": "A"}) == "Xin chào, A"
    assert compiled.render({"phuong": "A", "ten": "B"}) == "Chào B, A"


def test_a_value_that_names_no_kind_of_unit_is_refused_by_the_filter_for_it() -> None:
    with pytest.raises(InvalidInput):
        render("Công an {{ x | loai }}", x="Hải Châu")


def test_numbers_are_written_and_other_things_refused() -> None:
    assert render("{{ so }}", so=25) == "25"
    for strange in (["a"], {"a": 1}, True, b"x"):
        with pytest.raises(InvalidInput):
            render("{{ so }}", so=strange)


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("{{ x | viet_tat }}", "Phường Hòa Cường Bắc", "P. Hòa Cường Bắc"),
        ("{{ x | viet_tat }}", "UBND quận Hải Châu", "UBND Q. Hải Châu"),
        ("{{ x | viet_tat }}", "Xã Hòa Bắc", "X. Hòa Bắc"),
        ("{{ x | viet_tat }}", "Phường 5", "P. 5"),
        ("{{ x | viet_tat }}", "xã hội", "xã hội"),
        ("{{ x | viet_tat }}", "Huyện đảo Hoàng Sa", "Huyện đảo Hoàng Sa"),
        ("{{ x | dau_thuong }}", "Phường Hòa Cường Bắc", "phường Hòa Cường Bắc"),
        ("{{ x | loai }}", "Phường Hòa Cường Bắc", "phường"),
        ("{{ x | loai }}", "Đặc khu Hoàng Sa", "đặc khu"),
        ("{{ x | gio }}", "09:15 12/03/2023", "09:15"),
        ("{{ x | hoa }}", "Đà Nẵng", "ĐÀ NẴNG"),
        ("{{ x | thuong }}", "Đà Nẵng", "đà nẵng"),
    ],
)
def test_filters_write_places_and_moments_as_a_sentence_needs_them(source: str, value: str, expected: str) -> None:
    assert render(source, x=value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("Phường Hòa Cường Bắc", "phuong Hoa Cuong Bac"), ("Quận Hải Châu", "quan Hai Chau")]
)
def test_filters_work_on_values_without_marks(value: str, expected: str) -> None:
    assert render("{{ x | dau_thuong }}", plain=True, x=value) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in y %}{{ x }}{% endfor %}",
        "{% for x in range(10**9) %}a{% endfor %}",
        "{{ a.b }}",
        "{{ a['b'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ a() }}",
        "{{ range(9) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ a ~ b }}",
        "{{ a | map('x') }}",
        "{{ a | attr('x') }}",
        "{{ a | default(b) }}",
        "{{ a | default }}",
        "{{ [1] }}",
        "{{ a is defined }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% set a = 1 %}",
        "{% macro a() %}{% endmacro %}",
        "{% filter hoa %}x{% endfilter %}",
        "{{ self }}",
        "{{ loop }}",
        "{{ Ten }}",
        "{{ tên }}",
        "{{ ten",
        "{% if a %}",
        "{{" + "(" * 3000 + "a",
        "{{ a" + " | hoa" * 600 + " }}",
        "{% if a %}" * 100 + "x" + "{% endif %}" * 100,
        "a" * (SOURCE_MOST + 1),
        "",
        " \n",
    ],
)
def test_what_a_text_may_not_do_is_refused_when_it_is_compiled(source: str) -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        compile_template(source)
    assert refusal.value.text.vi != refusal.value.text.en
    assert str(refusal.value)


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        compile_template("một\nhai {{ a.b }}")
    assert refusal.value.detail["line"] == 2


def test_a_merged_text_has_a_limit() -> None:
    with pytest.raises(InvalidInput):
        render("{{ x }}", x="a" * 2000)


def test_a_text_that_merges_to_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput):
        render("{{ x | default('') }}")


def test_the_same_source_is_compiled_once() -> None:
    assert compile_template("Chào {{ ten }}") is compile_template("Chào {{ ten }}")
