"""Tells selling from informing: the words of sales, prices, vouchers, tickets, and the policies that sound like them.

A text that sells is advertising whoever sends it (Decree 91/2020/NĐ-CP, Article 3.1: also for what is not for profit).
In December 2025 people of Da Nang were invited to a sale of branded goods under the name of the city: what such a text
says is on this list. It is a table of words without marks, so that no accent hides one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from campaigns.content.encoding import strip_marks

SELLING = (
    # Prices and what is taken off them
    "giam gia",
    "ha gia",
    "khuyen mai",
    "sieu sale",
    "gia soc",
    "gia re",
    "gia goc",
    "gia uu dai",
    "gia hap dan",
    "tra gop",
    "chiet khau",
    "sale",
    "sales",
    "sale off",
    "black friday",
    "discount",
    "discounts",
    "promotion",
    "promo",
    "special offer",
    "best price",
    # Vouchers, gifts and draws
    "voucher",
    "vouchers",
    "coupon",
    "phieu mua hang",
    "phieu qua tang",
    "the qua tang",
    "tang kem",
    "cashback",
    "gift card",
    "boc tham trung thuong",
    "quay so trung thuong",
    "lucky draw",
    # Goods and shops
    "mua sam",
    "hang hieu",
    "hang xa",
    "xa kho",
    "mua ngay",
    "dat mua",
    "mo ban",
    "tri an khach hang",
    "shopping",
    "outlet",
    "buy now",
    "grand opening",
    # Fairs and tickets
    "hoi cho",
    "mua ve",
    "ve su kien",
    "ve vip",
    "dai nhac hoi",
    "liveshow",
    "live show",
    "concert",
    "ticket",
    "tickets",
)
"""One of these makes a text commercial."""

HINTING = (
    "uu dai",
    "qua tang",
    "trung thuong",
    "quy khach",
    "khach hang",
    "san pham",
    "thuong hieu",
    "gian hang",
    "ban hang",
    "dat hang",
    "khai truong",
    "phien cho",
    "dat ve",
    "ve vao cua",
    "gia ban",
    "gia tot",
    "hoan tien",
    "thanh ly",
    "can ho",
    "resort",
    "khu nghi duong",
    "trung tam thuong mai",
    "sieu thi",
    "branded goods",
    "customers",
    "offer",
    "price",
    "prices",
)
"""Two different ones make a text commercial; one alone is pointed out."""

POLICY = (
    "uu dai nguoi co cong",
    "phap lenh uu dai",
    "che do uu dai",
    "chinh sach uu dai",
    "tin dung uu dai",
    "vay uu dai",
    "lai suat uu dai",
    "mua sam cong",
    "mua sam tai san",
    "mua sam tap trung",
    "hoi cho viec lam",
    "phien cho viec lam",
    "gia han",
    "binh on gia",
    "mua sam an toan",
    "mua sam truc tuyen an toan",
    "traffic ticket",
    "traffic tickets",
    "parking ticket",
    "parking tickets",
)
"""Policies that sound commercial: taken out before anything is looked for."""

_PERCENT = re.compile(r"\b(?:giam|down)\D{0,12}\d{1,3} ?%|\b\d{1,3} ?% ?off\b")
_SUM = re.compile(r"\b(?:chi|tu|only|from) \d{1,3}(?:[.,]\d{3})* ?(?:k|d|dong|vnd|nghin|ngan|trieu)\b")
_CAUTION = re.compile(
    r"\b(canh giac|canh bao|lua dao|gia mao|mao danh|gian lan|hang gia|hang cam|nghiem cam|khong mua|"
    r"beware|scams?|fraud|fake|warning)\b"
)
_SENTENCE = re.compile(r"[.;!?](?=\s|$)")
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SPELT = re.compile(r"(?<!\w)(?:\w[-._*·+~| ]){3,}\w(?!\w)")
_NOT_A_PRICE = r"(?<!tham )(?<!quoc )(?<!chuyen )(?<!danh )(?<!tac )"
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Commerce:
    """What sounds of selling in a text, in order of appearance; words without marks."""

    selling: tuple[str, ...]
    hinting: tuple[str, ...]
    cautioned: tuple[str, ...]
    """Words in sentences that warn of fraud: those inform."""

    @property
    def is_commercial(self) -> bool:
        """Whether the text sells."""
        return bool(self.selling) or len(self.hinting) > 1

    @property
    def words(self) -> tuple[str, ...]:
        """Everything found."""
        return self.selling + self.hinting + self.cautioned


def find_commerce(text: str) -> Commerce:
    """The words of selling in a text, however they are spelt: accents, full width, hidden characters, s.a.l.e."""
    selling: list[str] = []
    hinting: list[str] = []
    cautioned: list[str] = []
    for sentence in _SENTENCE.split(_plain(text)):
        caution = _CAUTION.search(sentence)
        # What comes before the warning is not warned of.
        sound = sentence if caution is None else sentence[: caution.start()]
        selling += _found(SELLING, sound)
        hinting += [*_found(HINTING, sound), *_figures(sound)]
        if caution:
            cautioned += _found(SELLING + HINTING, sentence[caution.start() :])
    # Where “hang hieu” sells, a hint inside it is no second word.
    hints = dict.fromkeys(hint for hint in hinting if not any(hint in sold for sold in selling))
    return Commerce(tuple(dict.fromkeys(selling)), tuple(hints), tuple(dict.fromkeys(cautioned)))


def _figures(sentence: str) -> list[str]:
    """Percentages off and prices: fees are lowered and named too, so they only hint."""
    return [found[0] for pattern in (_PERCENT, _SUM) if (found := pattern.search(sentence))]


def _plain(text: str) -> str:
    shown = _HIDDEN.sub("", unicodedata.normalize("NFKC", text))
    folded = _BLANKS.sub(" ", strip_marks(shown).lower())
    joined = _SPELT.sub(lambda found: re.sub(r"[-._*·+~| ]", "", found[0]), folded)
    return _words(POLICY).sub(" , ", joined)


def _found(words: tuple[str, ...], text: str) -> list[str]:
    return [_BLANKS.sub(" ", found[0]) for found in _words(words).finditer(text)]


@lru_cache(maxsize=8)
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all words, the longest first; between two there may be a blank, one sign, or nothing."""
    spelt = [
        (_NOT_A_PRICE if word.startswith("gia ") else "") + r"(?: |[-_.*+](?! )|)".join(map(re.escape, word.split()))
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelt)})(?!\w)")
