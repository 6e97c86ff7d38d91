"""Words people write to us, and words that only look like them."""

from __future__ import annotations

import unicodedata

import pytest

from campaigns.optouts.keywords import WORDS, Wish, read_wish

REFUSE = """
TC tc Tc *tc* TC. “TC” TuChoi TUCHOI huy Hủy HUỶ HỦY dung Dừng DỪNG stop STOP! unsub đừng
Từ_chối TỪ_CHỐI tu_choi_nhan_tin Từ__chối_nhận_tin tư_chôi _tc_ tc_gui_1022 Dừng_lại Đừng_gửi_nữa HỦY_DNC
"""
RETURN = "DK đk ĐK dk_lai Đăng_ký DANG_KY đăngký start DK."
HELP = "HD hd? Trợ_giúp TROGIUP tro_giup_toi help Help_me"
NOTHING = """
_ ? 😀 0 ok Cảm_ơn T_C TCC TCV_tc T.C tcvn dkk startup helpful tôi_không_từ_chối khong_tc từ chối tu_van
dang_nhap Huyền Huynh huyện unsubscribed Đúng Đúng_rồi_ạ dùng Dũng đứng Dựng STOPPED 1_tc хуй
"""


def cases() -> list[tuple[Wish, str]]:
    """Each word with its wish; an underscore stands for a space."""
    table = {Wish.REFUSE: REFUSE, Wish.RETURN: RETURN, Wish.HELP: HELP, Wish.NONE: NOTHING}
    listed = [(wish, word.replace("_", " ")) for wish, words in table.items() for word in words.split()]
    odd = [(Wish.REFUSE, "\r\n\ttc"), (Wish.REFUSE, "TC\u200b"), (Wish.REFUSE, "tc" + " x" * 500)]
    return [*listed, *odd, (Wish.NONE, ""), (Wish.NONE, "\x00"), (Wish.NONE, "x" * 5000)]


@pytest.mark.parametrize(("wish", "written"), cases(), ids=lambda value: str(value)[:20])
def test_a_word_means_the_same_in_every_form(wish: Wish, written: str) -> None:
    for form in (written, unicodedata.normalize("NFD", written), unicodedata.normalize("NFC", written)):
        assert read_wish(form) is wish
    assert read_wish("\n" + written.upper()) is wish
    assert read_wish(written.lower()) is wish


def test_every_word_of_the_table_is_read_as_what_it_stands_for() -> None:
    for wish, words in WORDS.items():
        assert {read_wish(word) for word in words} == {wish}
