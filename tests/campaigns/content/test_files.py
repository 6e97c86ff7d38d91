"""The shipped texts word for word, and what is said of files that cannot be used."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.encoding import Alphabet, encode
from campaigns.content.files import TemplateFileError, read_file, read_folder, templates_folder
from campaigns.content.placeholders import SAMPLES
from campaigns.content.preview import preview
from campaigns.content.rendering import compile_template
from campaigns.content.rules import refusals
from campaigns.content.topics import TOPICS

with (Path(__file__).parent / "drafts.csv").open(encoding="utf-8") as _file:
    DRAFTS = list(csv.DictReader(_file))

GOOD = """
title = "Mẫu"
topic = "cu-tru"
message_class = "thong-bao"
marked = "Công an {{ phuong }} mời"
plain = "Cong an {{ phuong }} moi"
"""


@pytest.mark.parametrize("draft", DRAFTS, ids=[draft["slug"] for draft in DRAFTS])
@pytest.mark.parametrize(("variant", "alphabet"), [("plain", Alphabet.GSM7), ("marked", Alphabet.UCS2)])
def test_a_shipped_text_with_its_sample_values_is_the_draft_and_as_long(
    draft: dict[str, str], variant: str, alphabet: Alphabet
) -> None:
    file = read_file(templates_folder() / f"{draft['slug']}.toml")
    body = file.body_plain if variant == "plain" else file.body_marked
    text = compile_template(body).render(file.sample, plain=variant == "plain")
    encoded = encode(text)
    assert text == draft[variant]
    assert (encoded.alphabet, encoded.units) == (alphabet, int(draft[f"{variant}_units"]))
    assert len(encoded.parts) == int(draft[f"{variant}_parts"])


def test_all_shipped_texts_are_drafts_and_no_draft_is_missing() -> None:
    files = read_folder(templates_folder())
    assert {file.facts.slug for file in files} == {draft["slug"] for draft in DRAFTS}
    assert len(files) == 33


def test_shipped_texts_are_not_refused_and_every_topic_and_class_has_a_title() -> None:
    for file in read_folder(templates_folder()):
        for plain, body in ((False, file.body_marked), (True, file.body_plain)):
            seen = preview(body, plain=plain, values=file.sample, message_class=file.facts.message_class)
            assert refusals(seen.problems) == []
            assert seen.findings == ()
        assert str(TOPICS[file.facts.topic])
        assert str(MESSAGE_CLASSES[file.facts.message_class].title)


def test_a_text_per_ward_fits_one_part_also_for_the_longest_names() -> None:
    file = read_file(templates_folder() / "t17-moi-theo-dia-ban.toml")
    for name in ("Phường Hòa Thuận Đông", "Phường Thanh Khê Đông", "Xã Hòa Khương"):
        values = {**SAMPLES, **file.sample, "phuong": name}
        assert len(encode(compile_template(file.body_plain).render(values, plain=True)).parts) == 1
        assert len(encode(compile_template(file.body_marked).render(values)).parts) == 1


def test_the_confirmation_of_a_refusal_names_both_moments() -> None:
    file = read_file(templates_folder() / "sys-xac-nhan-tu-choi.toml")
    values = {"nhan_luc": "10:01 05/06/2026", "ngung_tu": "10:02 05/06/2026"}
    plain = compile_template(file.body_plain).render(values, plain=True)
    assert "luc 10:01 05/06/2026" in plain
    assert "tu 10:02 05/06/2026" in plain
    assert "từ 10:02." in compile_template(file.body_marked).render(values)


def written(folder: Path, content: str | bytes, name: str = "mau.toml") -> Path:
    """A template file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_with_a_byte_order_mark_and_windows_lines_is_read(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert read_file(written(tmp_path, content)).facts.slug == "mau"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.replace('title = "Mẫu"\n', ""), "“title” is missing"),
        (GOOD + 'titel = "x"\n', "did you mean “title”"),
        (GOOD.replace('"cu-tru"', '"cutru"'), "topic: “cutru” is unknown; choose: cu-tru"),
        (GOOD.replace('"thong-bao"', '"thongbao"'), "message_class: “thongbao” is unknown"),
        (GOOD.replace('"cu-tru"', "7"), "“topic” must be a text"),
        (GOOD.replace("moi", "mời"), "plain: The text without marks still holds: ờ"),
        (GOOD.replace("mời", "{{ a.b }}"), "marked: Line 1"),
        (GOOD.replace("mời", "xem bit.ly/x"), "marked: Link to “bit.ly”"),
        (GOOD.replace("phuong", "so_nha"), "“so_nha” has no value"),
        (GOOD + "[sample]\nphuong = 5\n", "[sample] holds lines"),
        (GOOD.replace("Mẫu", "x" * 201), "more than 200 characters"),
        ('title = "x\ny"', "at line 1"),
        ("a = " + "[" * 5000, "is not TOML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("#" * 70_000, "larger than"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_to_mend(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(TemplateFileError) as refusal:
        read_file(written(tmp_path, content))
    assert said in refusal.value.args[0]
    assert refusal.value.args[0].startswith("mau.toml: ")


def test_every_bad_file_of_a_folder_is_named_at_once(tmp_path: Path) -> None:
    written(tmp_path, "x", "mot.toml")
    written(tmp_path, GOOD, "hai.toml")
    written(tmp_path, GOOD, "Ba.toml")
    with pytest.raises(TemplateFileError) as refusal:
        read_folder(tmp_path)
    assert refusal.value.detail["files"] == ["Ba.toml", "mot.toml"]


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateFileError):
        read_folder(tmp_path)
