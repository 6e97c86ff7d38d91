"""The list of words that people may write to us: read for every inbound message, changed by the operator."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.content.encoding import normalise, strip_marks
from campaigns.errors import InvalidInput, NotFound
from campaigns.optouts.keywords import Vocabulary, Wish, read_wish
from campaigns.store.audit import append_audit
from campaigns.store.words import delete_word, insert_word, list_words, lock_words

PROMISED = {"TC": Wish.REFUSE, "DK": Wish.RETURN}
"""Words our own texts tell people to write; they cannot be taken off the list."""

_FORM = re.compile(r"[A-Z0-9]{2,20}( [A-Z0-9]{1,20})?")


def vocabulary(session: Session) -> Vocabulary:
    """The words of this moment."""
    return Vocabulary.of((row.word, Wish(row.wish)) for row in list_words(session))


def add_word(session: Session, actor: Actor, word: str, wish: str) -> str:
    """List a word; returns it as it is listed. With marks it is understood only with these marks, or with none.

    Raises:
        InvalidInput: no word of one or two parts, no such wish, or it is listed already and means something else.
    """
    actor.require("optout.words")
    written = _written(word)
    if wish not in {Wish.REFUSE, Wish.RETURN, Wish.HELP}:
        raise InvalidInput("Chọn ý nghĩa của từ.", "Choose what the word asks for.")
    lock_words(session)
    known = read_wish(written, vocabulary(session))
    if known not in {Wish.NONE, wish}:
        raise InvalidInput(
            "“{word}” đang có nghĩa khác.", "“{word}” is understood as something else already.", word=written
        )
    if insert_word(session, word=written, wish=wish, created_by=actor.email):
        append_audit(session, actor.email, "word.added", "word", written, {"wish": wish})
    return written


def remove_word(session: Session, actor: Actor, word: str) -> None:
    """Take a word off the list.

    Raises:
        NotFound: it is not listed.
        InvalidInput: our own texts tell people to write it.
    """
    actor.require("optout.words")
    written = _written(word)
    if written in PROMISED:
        raise InvalidInput(
            "Không bỏ được “{word}”: mẫu tin đang hướng dẫn người dân soạn từ này.",
            "“{word}” cannot be removed: our texts tell people to write it.",
            word=written,
        )
    lock_words(session)
    if not delete_word(session, written):
        raise NotFound("Không có từ “{word}” trong danh sách.", "“{word}” is not on the list.", word=written)
    append_audit(session, actor.email, "word.removed", "word", written)


def _written(word: str) -> str:
    written = " ".join(normalise(word).upper().split())
    if not _FORM.fullmatch(strip_marks(written).upper()):
        raise InvalidInput(
            "Từ khoá gồm một hoặc hai tiếng, chỉ có chữ và số, từ 2 ký tự.",
            "A word has one or two parts of letters and digits, two characters at least.",
        )
    return written
