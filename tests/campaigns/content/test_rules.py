"""What a text may say: links, secrets, who speaks, and advertising."""

from __future__ import annotations

import pytest

from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.rules import Level, check_text, validate_body


def codes(text: str, level: Level = Level.REFUSAL) -> set[str]:
    """Codes of the problems of one level."""
    return {problem.code for problem in check_text(text) if problem.level is level}


@pytest.mark.parametrize(
    "text",
    [
        "Xem bit.ly/abc",
        "Xem https://evil.com/dichvucong.gov.vn",
        "https://dichvucong.gov.vn@evil.com/x",
        "https://dichvucong.gov.vn.evil.com",
        "https://103.1.2.3/gov.vn",
        "http://dichvucong-gov.vn",
        "https://dịchvucong.gov.vn",
        "www.facebook.com/ubnd",
        "HTTPS://EVIL.COM",
        "danang.vn",
    ],
)
def test_links_outside_gov_vn_are_refused(text: str) -> None:
    assert codes(text) == {"link"}


@pytest.mark.parametrize(
    "text",
    [
        "Nộp tại dichvucong.gov.vn.",
        "https://dichvucong.gov.vn/p/home?x=1",
        "https://DanAng.gov.vn:443/",
        "P.Hòa Cường Bắc, TP.Đà Nẵng",
        "Hỏi đáp: 1022.Trân trọng",
    ],
)
def test_links_into_gov_vn_and_ordinary_dots_pass(text: str) -> None:
    assert codes(text) == set()


def test_a_link_whose_host_is_a_placeholder_is_refused() -> None:
    assert "link" in {problem.code for problem in validate_body("Xem https://{{ ten_mien }}/ của UBND")}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Gửi mã OTP về 1022", Level.REFUSAL),
        ("Vui lòng nhập mật khẩu VNeID", Level.REFUSAL),
        ("Soan so tai khoan gui 1022", Level.REFUSAL),
        ("1022: mã OTP của bạn là 123456", Level.WARNING),
        ("Can bo khong hoi ma OTP, mat khau. 1022", None),
        ("Không cung cấp mật khẩu cho người lạ. 1022", None),
        ("Không đến trực tiếp. Gửi mã OTP về 1022", Level.REFUSAL),
        ("Dang ky nhan tien qua tai khoan ngan hang tai UBND", None),
    ],
)
def test_asking_for_secrets_is_refused_and_warning_of_it_is_fine(text: str, level: Level | None) -> None:
    found = {problem.level for problem in check_text(text) if problem.code == "secret"}
    assert found == ({level} if level else set())


def test_a_text_that_names_nobody_is_only_warned_about() -> None:
    assert codes("Trường học thu phí", Level.WARNING) == {"nobody-named"}
    assert codes("Công an phường mời", Level.WARNING) == set()


def test_advertising_needs_its_label_first_and_a_way_out() -> None:
    kind = MESSAGE_CLASSES["quang-cao"]
    assert [problem.code for problem in check_text("Hội chợ của UBND TP", kind=kind)] == ["label", "refusal-line"]
    assert check_text("[QC] Hội chợ của UBND TP. Từ chối: soạn TC gửi 1313 hoặc gọi 1022", kind=kind) == []


def test_the_body_without_marks_must_be_ascii() -> None:
    assert "not-ascii" in {problem.code for problem in validate_body("Cong an phường", plain=True)}
    assert validate_body("Cong an {{ phuong }}", plain=True) == []


def test_bad_syntax_is_the_only_problem_told_of_a_body_that_has_it() -> None:
    (problem,) = validate_body("{{ a.b }}")
    assert (problem.level, problem.code) == (Level.REFUSAL, "syntax")


def test_placeholders_off_the_list_and_stray_characters_are_warned_about() -> None:
    found = validate_body("UBND “mời” {{ so_ho_so }}")
    assert {problem.code for problem in found} == {"unknown-placeholder", "character-typography"}
    assert {problem.level for problem in found} == {Level.WARNING}
