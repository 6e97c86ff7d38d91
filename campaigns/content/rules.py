"""What a text may say: refusals that stop it and warnings that a person weighs.

Sources: anti-fraud rules for the city's messages (only ``gov.vn`` links, no request for codes or accounts);
Decree 91/2020/NĐ-CP, Articles 3.1, 15 and 16, for advertising.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.content.classes import MessageClass
from campaigns.content.commercial import find_commerce
from campaigns.content.encoding import normalise, strip_marks
from campaigns.content.findings import Kind, findings
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.content.rendering import HOLE, InvalidTemplate, compile_template
from config.i18n import Text

ALLOWED_DOMAINS = ("gov.vn",)


class Level(StrEnum):
    """How grave a problem is."""

    REFUSAL = "refusal"
    """The text cannot be saved or sent like this."""
    WARNING = "warning"
    """A person should look at it and may go on."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a text."""

    level: Level
    code: str
    """Stable name for tests, JSON and statistics: ``link``, ``secret``, ``nobody-named``."""
    text: Text


_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]*://([^\s/?#]*)", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w@./-])((?:[\w-]+\.)+(?:vn|com|net|org|info|me|ly|gl|gd|to|cc|io|co|app|link|xyz|top|site|online|shop|club|"
    r"tk|gg|page|dev|biz|asia|edu|gov|cn|ru|us|uk|eu|mobi|pro|vip|live|store|tech|pw|ws|im|ai))(?![\w-]|\.\w)",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(otp|ma xac (?:thuc|nhan|minh)|mat khau|password|ma pin|cvv|so tai khoan|stk|"
    r"so the (?:ngan hang|tin dung|atm))\b"
)
_ASKS = re.compile(
    r"\b(cung cap|gui|nhap|cho biet|doc|tra loi|soan|nhan tin|cap nhat|xac nhan|bo sung|dien|khai bao|chup|goi lai|"
    r"dang nhap|provide|send|enter|reply)\b"
)
_DENIES = re.compile(r"\b(khong|chang|dung|cam|never|not)\b")
_SENTENCE = re.compile(r"[.;!?\n]+(?=\s|$)|\n")
_NAMED = re.compile(
    r"\b(ubnd|uy ban|cong an|bo (?:cong an|y te)|so (?:y te|tttt|gddt|tu phap|noi vu|khoa hoc|thong tin|giao duc|"
    r"lao dong|ldtbxh|tai chinh)|bhxh|bao hiem xa hoi|trung tam (?:hanh chinh|phuc vu)|tp da nang|thanh pho|1022)\b"
    r"|\.gov\.vn\b"
)
_REFUSE = re.compile(r"\b(tu choi|ngung nhan|opt out|unsubscribe|refuse)\b")
_TO = rf"[^.;]{{0,40}}?(?:\d{{3,}}|{HOLE})"
_BY_MESSAGE = re.compile(rf"\b(?:soan|nhan tin|nhan|text|sms)\b{_TO}")
_BY_CALL = re.compile(rf"\b(?:goi|call)\b{_TO}")
_REFUSAL_MOST = 140
"""The way out stands within so many last characters."""
_AFTER_MOST = 30
"""Nothing but a short closing comes after it."""
_FIRST_LABEL = re.compile(r"\W{0,3}[\[【<{][^\]】>}]{0,20}[\]】>}]|\s*\([A-Z0-9-]{2,8}\)")
_ANY_LABEL = re.compile(r"[\[【(]\s*(?:QC|AD|DKQC|TB|QC[- ]\w+)\s*[\]】)]", re.IGNORECASE)


def check_text(
    text: str, *, kind: MessageClass | None = None, allowed_domains: Sequence[str] = ALLOWED_DOMAINS
) -> list[Problem]:
    """Problems of a merged text, refusals first; ``kind`` is its message class where known."""
    folded = strip_marks(normalise(text)).lower()
    found = [*_links(text, allowed_domains), *_secrets(folded)]
    if kind is not None:
        found += _class_rules(text, folded, kind)
    if not _NAMED.search(folded):
        found.append(
            Problem(
                Level.WARNING,
                "nobody-named",
                Text(
                    "Tin chưa nêu cơ quan nào hay số 1022; người nhận không biết hỏi lại ai.",
                    "The text names no office and no 1022, so nobody knows whom to ask.",
                ),
            )
        )
    return sorted(found, key=lambda problem: problem.level is not Level.REFUSAL)


def validate_body(source: str, *, plain: bool = False, kind: MessageClass | None = None) -> list[Problem]:
    """Problems of a body before merging, refusals first.

    ``plain`` is for the body without marks, which must be pure ASCII.
    """
    try:
        compiled = compile_template(source)
    except InvalidTemplate as error:
        return [Problem(Level.REFUSAL, "syntax", Text(*_both(error)))]
    found = check_text(compiled.outline, kind=kind)
    found += _looks(compiled.outline, plain)
    if strangers := sorted(compiled.placeholders - PLACEHOLDERS.keys()):
        names = ", ".join(strangers)
        found.append(
            Problem(
                Level.WARNING,
                "unknown-placeholder",
                Text(
                    f"Không có trong danh sách: {names}. Chỉ gửi được nếu danh bạ có cột này, hoặc chiến dịch tự ghi.",
                    f"Not on the list: {names}. It needs a column of that name in the register, or the campaign's own.",
                ),
            )
        )
    return sorted(found, key=lambda problem: problem.level is not Level.REFUSAL)


def refusals(problems: Sequence[Problem]) -> list[Problem]:
    """Those that stop the text."""
    return [problem for problem in problems if problem.level is Level.REFUSAL]


def _both(error: InvalidTemplate) -> tuple[str, str]:
    return error.text.vi.format(**error.detail), error.text.en.format(**error.detail)


def _links(text: str, allowed: Sequence[str]) -> Iterator[Problem]:
    schemes = [found[1].rsplit("@", 1)[-1] for found in _SCHEME.finditer(text)]
    bare = [found[1] for found in _BARE.finditer(_SCHEME.sub(" ", text))]
    for host in dict.fromkeys(schemes + bare):
        if not _is_allowed(host, allowed):
            shown = host.replace(HOLE, "{{ }}").rstrip(",;:!?)”’\"'") or "?"
            yield Problem(
                Level.REFUSAL,
                "link",
                Text(
                    f"Liên kết tới “{shown}”: tin của thành phố chỉ được dẫn tới {', '.join(allowed)}.",
                    f"Link to “{shown}”: the city's messages may only lead to {', '.join(allowed)}.",
                ),
            )


def _is_allowed(host: str, allowed: Sequence[str]) -> bool:
    name = host.lower().split(":", 1)[0].rstrip(".")
    if not name.isascii() or not re.fullmatch(r"[a-z0-9.-]+", name):
        return False
    return any(name == domain or name.endswith("." + domain) for domain in allowed)


def _secrets(folded: str) -> Iterator[Problem]:
    """Sentences about codes, passwords or accounts: asking for one is refused, warning of it is fine."""
    for sentence in _SENTENCE.split(folded):
        secret = _SECRET.search(sentence)
        if secret is None or _DENIES.search(sentence[: secret.start()]):
            continue
        asks = _ASKS.search(sentence)
        verb_vi, verb_en = ("yêu cầu", "asks for") if asks else ("nhắc tới", "mentions")
        yield Problem(
            Level.REFUSAL if asks else Level.WARNING,
            "secret",
            Text(
                f"Tin {verb_vi} “{_as_written(secret[1])}”: không hỏi mã, mật khẩu hay tài khoản qua tin nhắn.",
                f"The text {verb_en} “{_as_written(secret[1])}”: never ask for codes, passwords or accounts.",
            ),
        )


def _as_written(secret: str) -> str:
    return secret.upper() if secret in {"otp", "pin", "cvv"} else secret


def _class_rules(text: str, folded: str, kind: MessageClass) -> Iterator[Problem]:
    yield from _labels(text, kind)
    if kind.needs_refusal_line and not _says_how_to_refuse(folded):
        yield Problem(
            Level.REFUSAL,
            "refusal-line",
            Text(
                "Tin quảng cáo phải chỉ cách từ chối ở cuối tin, cả bằng tin nhắn và bằng cuộc gọi, như “Từ chối: soạn "
                "TC gửi 1313 hoặc gọi 1022” (Nghị định 91/2020/NĐ-CP, Điều 16).",
                "Advertising must end by saying how to refuse it, by message and by call, such as “Từ chối: soạn TC "
                "gửi 1313 hoặc gọi 1022” (Decree 91/2020/NĐ-CP, Article 16).",
            ),
        )
    if not kind.needs_consent:
        yield from _commerce(text, kind)


def _labels(text: str, kind: MessageClass) -> Iterator[Problem]:
    """The label a class needs stands first; the one it may have as well, and no other stands anywhere."""
    allowed = kind.label or kind.optional_label
    if kind.label and not text.startswith(kind.label):
        yield Problem(
            Level.REFUSAL,
            "label",
            Text(
                f"Tin “{kind.title.vi}” phải bắt đầu bằng {kind.label} (Nghị định 91/2020/NĐ-CP, Điều 15).",
                f"A message of class {kind.title.en} must begin with {kind.label} (Decree 91/2020/NĐ-CP, Article 15).",
            ),
        )
    rest = text.removeprefix(allowed) if allowed else text
    if found := _FIRST_LABEL.match(rest) or _ANY_LABEL.search(rest):
        may = Text(f"chỉ được là {allowed}, ở đầu tin", f"it may only be {allowed}, at the beginning")
        none = Text("không mang nhãn nào", "it carries none")
        why = may if allowed else none
        yield Problem(
            Level.REFUSAL,
            "label",
            Text(
                f"Nhãn “{found[0].strip()}” không dùng được trong tin “{kind.title.vi}”: {why.vi}. "
                "[QC] chỉ dành cho quảng cáo, [TB] cho thông báo.",
                f"A message of class {kind.title.en} cannot carry the label “{found[0].strip()}”: {why.en}. "
                "[QC] is for advertising, [TB] for public information.",
            ),
        )


def _says_how_to_refuse(folded: str) -> bool:
    """Whether the last words say how to refuse by message and by call, in either order, with where to."""
    tail = folded[-_REFUSAL_MOST:]
    ways = [max((found.end() for found in way.finditer(tail)), default=0) for way in (_BY_MESSAGE, _BY_CALL)]
    return bool(_REFUSE.search(tail)) and all(ways) and len(tail) - max(ways) <= _AFTER_MOST


def _commerce(text: str, kind: MessageClass) -> Iterator[Problem]:
    """Selling under a class that is not advertising: the case of December 2025."""
    found = find_commerce(text)
    if not found.words:
        return
    words = ", ".join(found.words)
    if not found.is_commercial:
        yield Problem(
            Level.WARNING,
            "commercial",
            Text(
                f"Nghe như quảng cáo: {words}. Nếu tin mời mua, mời dự bán hàng thì phải chọn loại “Quảng cáo”.",
                f"Sounds of advertising: {words}. If the text invites to buy or to a sale, its class is advertising.",
            ),
        )
        return
    yield Problem(
        Level.REFUSAL,
        "commercial",
        Text(
            f"Tin mang nội dung thương mại ({words}) nên không gửi được ở loại “{kind.title.vi}”. Hãy bỏ phần đó, hoặc "
            "chọn loại “Quảng cáo” (quang-cao) và đi đủ các bước: nhãn [QC], người nhận đã đồng ý, danh sách không "
            "quảng cáo, tên người gửi thương mại, hai người duyệt (Nghị định 91/2020/NĐ-CP).",
            f"The text is commercial ({words}) and cannot go as {kind.title.en}. Leave that out, or choose the class "
            "advertising (quang-cao) and go the whole way: label [QC], people who consented, the do-not-call list, a "
            "commercial sender name, two approvers (Decree 91/2020/NĐ-CP).",
        ),
    )


def _looks(outline: str, plain: bool) -> Iterator[Problem]:
    text = outline.replace(HOLE, "")
    strange = "".join(dict.fromkeys(char for char in text if not char.isascii()))
    if plain and strange:
        yield Problem(
            Level.REFUSAL,
            "not-ascii",
            Text(
                f"Bản không dấu còn ký tự: {strange}. Bản này chỉ gồm chữ cái không dấu.",
                f"The text without marks still holds: {strange}. It may only hold plain letters.",
            ),
        )
    for finding in findings(text):
        if finding.kind not in (Kind.DECOMPOSED, Kind.GATEWAY):
            yield Problem(Level.WARNING, f"character-{finding.kind}", finding.suggestion)
