"""Selling is told from informing, however it is spelt, and policies that sound alike pass."""

from __future__ import annotations

import pytest

from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.commercial import find_commerce
from campaigns.content.rules import Level, check_text

DECEMBER_2025 = (
    "[TB] UBND thành phố kính mời quý khách tham dự chương trình bán hàng hiệu giảm giá tại khu nghỉ dưỡng. "
    "Chi tiết: socongthuong.danang.gov.vn"
)
"""What was sent, in words of ours: an invitation to a sale of branded goods under the name of the city."""


@pytest.mark.parametrize(
    "text",
    [
        DECEMBER_2025,
        "Kinh moi nguoi dan mua sam hang hieu tai resort",
        "Khuyến mãi lớn",
        "KHUYEN MAI lon",
        "Tặng voucher 500.000đ",
        "Branded goods: 70% off, discount for all",
        "SALE cuối năm",
        "s.a.l.e cuối năm",
        "g i ả m g i á",
        "ＳＡＬＥ",
        "sa\u200ble",
        "giảm-giá",
        "Giảm   giá",
        "Mua vé sự kiện tại quầy",
        "Khai trương gian hàng tại siêu thị",
        "Buy your tickets now",
        "Ưu đãi giảm 30% cho khách hàng",
        "Vé chỉ 99.000đ, số lượng có hạn cho quý khách",
        "Hàng giảm giá, không mua hàng giả",
    ],
)
def test_texts_that_sell_are_commercial(text: str) -> None:
    assert find_commerce(text).is_commercial


@pytest.mark.parametrize(
    "text",
    [
        "Chế độ ưu đãi người có công",
        "Vay ưu đãi của Ngân hàng Chính sách xã hội",
        "Giảm 50% lệ phí khi nộp hồ sơ trực tuyến",
        "Lệ phí chỉ 50.000 đồng",
        "Hội chợ việc làm ngày 05/03",
        "Tham gia tốt phong trào; chuyên gia về y tế; quốc gia tốt",
        "Gia hạn thẻ BHYT cho hộ gia đình",
        "Cảnh giác tin nhắn giả mạo khuyến mãi, trúng thưởng",
        "Mua sắm công qua mạng đấu thầu",
        "Tỉnh Hà Giang hỗ trợ",
        "Khai trương Cổng dịch vụ công của thành phố",
        "Pay traffic tickets online",
        "Hướng dẫn mua sắm trực tuyến an toàn dịp Tết",
        "Sổ hộ khẩu giấy hết giá trị sử dụng",
    ],
)
def test_policies_that_sound_alike_are_not(text: str) -> None:
    assert not find_commerce(text).is_commercial


def levels(text: str, slug: str) -> set[Level]:
    return {problem.level for problem in check_text(text, kind=MESSAGE_CLASSES[slug]) if problem.code == "commercial"}


def test_what_may_be_selling_is_pointed_out_and_what_is_selling_is_refused_with_the_way_out() -> None:
    assert levels("UBND: ưu đãi cho trẻ em", "thong-bao") == {Level.WARNING}
    assert levels("UBND: cảnh giác khuyến mãi giả", "thong-bao") == {Level.WARNING}
    assert levels(DECEMBER_2025, "quang-cao") == set()
    [problem] = [p for p in check_text(DECEMBER_2025, kind=MESSAGE_CLASSES["thong-bao"]) if p.code == "commercial"]
    assert problem.level is Level.REFUSAL
    for word in ("hang hieu", "quang-cao", "[QC]", "hai người duyệt"):
        assert word in problem.text.vi


@pytest.mark.parametrize(
    ("tail", "right"),
    [
        ("Từ chối: soạn TC gửi 1313 hoặc gọi 1022", True),
        ("Tu choi soan TC gui 1313, goi 1022.", True),
        ("Soạn TC gửi 1313 hoặc gọi 1022 để từ chối", True),
        ("Opt out: text TC to 1313 or call 1022", True),
        ("Từ chối: soạn TC gửi 1313", False),
        ("Từ chối: gọi 1022", False),
        ("Từ chối: soạn tin hoặc gọi tổng đài", False),
        ("Từ chối: soạn TC gửi 1313 hoặc gọi 1022. Hội chợ mở cửa từ tám giờ sáng hằng ngày", False),
        ("Soạn TC gửi 1313 hoặc gọi 1022", False),
    ],
)
def test_advertising_ends_with_both_ways_to_refuse(tail: str, right: bool) -> None:
    found = check_text(f"[QC] Hội chợ của UBND. {tail}", kind=MESSAGE_CLASSES["quang-cao"])
    assert ("refusal-line" not in {problem.code for problem in found}) == right
