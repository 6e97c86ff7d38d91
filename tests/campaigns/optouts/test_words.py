"""The list of words: what can be listed, what is promised, and that a change holds for the next message."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.models import AuditEntry
from campaigns.optouts.keywords import BUILT_IN, WORDS, Wish, is_near_miss, read_wish
from campaigns.optouts.words import add_word, remove_word, vocabulary
from campaigns.store.words import list_words
from tests.factories import ADMINISTRATOR, OFFICER, OPERATOR

NEAR = """
xin_từ_chối tôi_không_muốn_nhận toi_khong_nhan_tin_nua cho_toi_huy_dang_ky làm_phiền_quá spam TCC ttc T.C T_C stpo
stp sttop tu_cho huyy khong_gui_nua anh_ơi_TC_giúp unsubscribe
"""
FAR = "ok cảm_ơn đúng_rồi_ạ Huyền_đây tôi_là_Dũng 1022_là_gì T tcvn_la_gi ma_so_thue bao_gio_co_the huyện_nào"


@pytest.mark.parametrize("written", NEAR.split())
def test_what_may_be_a_refusal_waits_for_a_person(written: str) -> None:
    text = written.replace("_", " ")
    assert read_wish(text) is Wish.NONE
    assert is_near_miss(text)


@pytest.mark.parametrize("written", FAR.split())
def test_what_is_far_from_a_refusal_does_not(written: str) -> None:
    assert read_wish(written.replace("_", " ")) is Wish.NONE
    assert not is_near_miss(written.replace("_", " "))


def test_a_new_installation_begins_with_the_words_of_the_code(undone: Session) -> None:
    listed = {(row.word, row.wish) for row in list_words(undone)}
    assert listed == {(word, wish.value) for wish, words in WORDS.items() for word in words}
    assert vocabulary(undone) == BUILT_IN


def test_a_word_without_marks_fits_every_spelling_and_one_with_marks_only_itself(undone: Session) -> None:
    assert add_word(undone, OPERATOR, " khong  nhan ", "optout") == "KHONG NHAN"
    assert add_word(undone, ADMINISTRATOR, "thôi", "optout") == "THÔI"
    known = vocabulary(undone)
    for text in ("khong nhan", "Không nhận tin", "KHONGNHAN", "thoi", "Thôi!", "THÔI GỬI"):
        assert read_wish(text, known) is Wish.REFUSE, text
    for text in ("thổi", "Thời tiết", "không", "khong tin"):
        assert read_wish(text, known) is Wish.NONE, text
    assert add_word(undone, OPERATOR, "thôi", "optout") == "THÔI", "twice is once"


def test_a_word_off_the_list_is_no_longer_obeyed(undone: Session) -> None:
    remove_word(undone, OPERATOR, "unsub")
    assert read_wish("UNSUB", vocabulary(undone)) is Wish.NONE
    with pytest.raises(NotFound):
        remove_word(undone, OPERATOR, "unsub")
    done = undone.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "word")).all()
    assert done == ["word.removed"]


@pytest.mark.parametrize("word", ["TC", "dk"])
def test_words_our_texts_promise_cannot_be_removed(undone: Session, word: str) -> None:
    with pytest.raises(InvalidInput):
        remove_word(undone, OPERATOR, word)


@pytest.mark.parametrize("word", ["", " ", "x", "một hai ba", "a-b", "DK", "😀😀", "x" * 21])
def test_what_cannot_be_a_word_is_refused(undone: Session, word: str) -> None:
    with pytest.raises(InvalidInput):
        add_word(undone, OPERATOR, word, "optout")


def test_only_who_runs_loa_changes_the_words(undone: Session) -> None:
    with pytest.raises(Forbidden):
        add_word(undone, OFFICER, "thoi", "optout")
    with pytest.raises(Forbidden):
        remove_word(undone, OFFICER, "STOP")
