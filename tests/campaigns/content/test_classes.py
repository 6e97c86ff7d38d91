"""What a city may set of a class, and what it may not: the law is not loosened."""

from __future__ import annotations

from datetime import time

import pytest

from campaigns.content.classes import MESSAGE_CLASSES, class_rules, read_class_rules
from campaigns.errors import InvalidInput
from config.i18n import language


def test_a_city_sets_hours_rest_days_caps_and_approvals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "LOA_CLASS_RULES",
        '{"thong-bao": {"hours": "08:00-20:00", "rest_days": false, "cap": null, "approvals": 2},'
        ' "quang-cao": {"cap": 1}}',
    )
    kind = class_rules("thong-bao")
    assert (kind.hours, kind.rest_days, kind.cap, kind.approvals) == ((time(8), time(20)), False, None, 2)
    assert (class_rules("quang-cao").cap, class_rules("quang-cao").label) == (1, "[QC]")
    assert class_rules("ca-nhan") == MESSAGE_CLASSES["ca-nhan"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('{"quang-cao": {"cap": 4}}', "quang-cao.cap"),
        ('{"quang-cao": {"cap": null}}', "quang-cao.cap"),
        ('{"quang-cao": {"hours": "06:00-22:00"}}', "Article 13.6"),
        ('{"quang-cao": {"hours": "07:00-22:30"}}', "Article 13.6"),
        ('{"thong-bao": {"hours": "00:00-00:00"}}', "Article 13.6"),
        ('{"ca-nhan": {"hours": "20:00-08:00"}}', "Article 13.6"),
        ('{"quang-cao": {"label": ""}}', "quang-cao.label"),
        ('{"quang-cao": {"needs_consent": false}}', "needs_consent"),
        ('{"quang-cao": {"approvals": 0}}', "approvals"),
        ('{"he-thong": {"cap": 1}}', "he-thong"),
        ('{"thong-bao": {"hours": "7-21"}}', "thong-bao.hours"),
        ('{"thongbao": {}}', "thongbao"),
        ("{", "JSON"),
    ],
)
def test_what_loosens_the_law_or_cannot_be_read_is_refused_with_its_place(setting: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal, language("en"):
        read_class_rules(setting)
    with language("en"):
        assert words in str(refusal.value)
