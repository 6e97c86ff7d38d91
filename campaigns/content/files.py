"""Template files: finding, reading and checking ``templates/sms/*.toml`` before anything is stored."""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.encoding import normalise
from campaigns.content.placeholders import SAMPLES
from campaigns.content.rendering import compile_template
from campaigns.content.rules import refusals, validate_body
from campaigns.content.topics import TOPICS
from campaigns.errors import InvalidInput, LoaError
from config.i18n import Text

FILE_MOST = 64 * 1024
FILES_MOST = 1_000
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_MOST = 80
_REQUIRED = {"title": 200, "topic": 40, "message_class": 40, "marked": 8_000, "plain": 8_000}
_OPTIONAL = {"plan_task": 20, "audience": 200}
TITLE_MOST = _REQUIRED["title"]
PLAN_TASK_MOST, AUDIENCE_MOST = _OPTIONAL["plan_task"], _OPTIONAL["audience"]


_LONGEST = {
    "title": (TITLE_MOST, Text("tên mẫu tin", "the title")),
    "plan_task": (PLAN_TASK_MOST, Text("số nhiệm vụ", "the task's number")),
    "audience": (AUDIENCE_MOST, Text("mục “Dành cho”", "“For”")),
}


class TemplateFileError(InvalidInput):
    """One or more template files cannot be used; the text lists file, field and remedy."""


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """What is known about a template besides its wording."""

    slug: str
    title: str
    topic: str
    message_class: str
    plan_task: str | None = None
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One checked template file."""

    facts: TemplateFacts
    body_marked: str
    body_plain: str
    sample: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_hash(self) -> bytes:
        """See ``hash_bodies``."""
        return hash_bodies(self.body_marked, self.body_plain)


def hash_bodies(marked: str, plain: str) -> bytes:
    """SHA-256 over both bodies in NFC, 32 bytes."""
    return hashlib.sha256(f"{normalise(marked)}\x00{normalise(plain)}".encode()).digest()


def templates_folder() -> Path:
    """Where the shipped texts are: ``templates/sms`` beside the packages.

    Raises:
        TemplateFileError: this installation has none.
    """
    folder = Path(__file__).resolve().parents[2] / "templates" / "sms"
    if not folder.is_dir():
        raise TemplateFileError(
            "Không thấy thư mục mẫu tin {folder}. Hãy chỉ rõ thư mục.",
            "There is no folder of texts at {folder}. Name the folder.",
            folder=str(folder),
        )
    return folder


def read_folder(folder: Path) -> list[TemplateFile]:
    """Every template of a folder, by slug.

    Raises:
        TemplateFileError: naming every file that cannot be used, so that all can be mended at once.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths or len(paths) > FILES_MOST:
        raise TemplateFileError(
            "Thư mục {folder} có {count} tệp .toml; cần từ 1 đến {most}.",
            "The folder {folder} holds {count} .toml files; there must be 1 to {most}.",
            folder=str(folder),
            count=len(paths),
            most=FILES_MOST,
        )
    read: list[TemplateFile] = []
    wrong: list[LoaError] = []
    for path in paths:
        try:
            read.append(read_file(path))
        except TemplateFileError as error:
            wrong.append(error)
    if wrong:
        raise _joined(wrong)
    return read


def read_file(path: Path) -> TemplateFile:
    """One template file, checked.

    Raises:
        TemplateFileError: naming the file, the line or field, and what to do.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_MOST + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _error(path, Text(f"không đọc được ({reason}).", f"cannot be read ({reason}).")) from None
    if len(raw) > FILE_MOST:
        raise _error(path, Text(f"lớn hơn {FILE_MOST} byte.", f"is larger than {FILE_MOST} bytes."))
    try:
        # Editors on Windows put a byte order mark first, which TOML does not know.
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        remedy = Text("không phải UTF-8; hãy lưu lại bằng UTF-8.", "is not UTF-8; save it as UTF-8.")
        raise _error(path, remedy) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _error(path, Text(f"sai cú pháp TOML: {error}.", f"is not TOML: {error}.")) from None
    return _checked(path, content)


def read_sample(slug: str) -> Mapping[str, str]:
    """The sample values in the shipped file of a template; empty where there is no such file."""
    if not SLUG.fullmatch(slug):
        return {}
    try:
        return read_file(templates_folder() / f"{slug}.toml").sample
    except TemplateFileError:
        return {}


def check_facts(facts: TemplateFacts) -> list[Text]:
    """What is wrong with the facts of a template, from a file or from the console; each line begins with its field."""
    wrong: list[Text] = []
    if not SLUG.fullmatch(facts.slug) or len(facts.slug) > SLUG_MOST:
        wrong.append(
            Text(
                f"slug: “{facts.slug[:80]}” chỉ được gồm chữ thường không dấu, số, gạch nối (nhiều nhất {SLUG_MOST}).",
                f"slug: “{facts.slug[:80]}” may hold small letters, digits and hyphens only (at most {SLUG_MOST}).",
            )
        )
    if not facts.title.strip():
        wrong.append(Text("title: mẫu tin chưa có tên.", "title: the template has no title."))
    for name, (most, words) in _LONGEST.items():
        if len(getattr(facts, name) or "") > most:
            told = f"{name}: {words.vi} dài quá {most} ký tự.", f"{name}: {words.en} has over {most} characters."
            wrong.append(Text(*told))
    wrong += _one_of("topic", facts.topic, TOPICS)
    wrong += _one_of("message_class", facts.message_class, MESSAGE_CLASSES)
    return wrong


def check_bodies(marked: str, plain: str, message_class: str) -> list[Text]:
    """The refusals of both bodies, each naming the body."""
    kind = MESSAGE_CLASSES.get(message_class)
    return [
        Text(f"{name}: {problem.text.vi}", f"{name}: {problem.text.en}")
        for name, body in (("marked", marked), ("plain", plain))
        for problem in refusals(validate_body(body, plain=name == "plain", kind=kind))
    ]


def _checked(path: Path, content: Mapping[str, Any]) -> TemplateFile:
    if wrong := _shapes(content):
        raise _error(path, *wrong)
    text = {key: normalise(value).strip() for key, value in content.items() if isinstance(value, str)}
    facts = TemplateFacts(
        slug=path.stem,
        title=text["title"],
        topic=text["topic"],
        message_class=text["message_class"],
        plan_task=text.get("plan_task") or None,
        audience=text.get("audience") or None,
    )
    wrong = check_facts(facts) + check_bodies(text["marked"], text["plain"], facts.message_class)
    if wrong:
        raise _error(path, *wrong)
    sample = {name: normalise(value) for name, value in content.get("sample", {}).items()}
    _try_sample(path, text, sample)
    return TemplateFile(facts, text["marked"], text["plain"], sample)


def _shapes(content: Mapping[str, Any]) -> list[Text]:
    """Missing, unknown, mistyped and oversized fields."""
    limits = _REQUIRED | _OPTIONAL
    wrong = [
        Text(f'thiếu “{key}”; hãy thêm dòng {key} = "…".', f'“{key}” is missing; add a line {key} = "…".')
        for key in _REQUIRED.keys() - content.keys()
    ]
    for key, value in content.items():
        if key == "sample":
            if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
                wrong.append(Text('[sample] chỉ gồm các dòng tên = "giá trị".', '[sample] holds lines name = "value".'))
        elif key not in limits:
            near = next(iter(difflib.get_close_matches(key, [*limits, "sample"], n=1)), None)
            hint_vi, hint_en = (f"; ý là “{near}”?", f"; did you mean “{near}”?") if near else (".", ".")
            wrong.append(Text(f"không có trường “{key}”{hint_vi}", f"there is no field “{key}”{hint_en}"))
        elif not isinstance(value, str):
            wrong.append(Text(f"“{key}” phải là chữ trong dấu nháy.", f"“{key}” must be a text in quotes."))
        elif len(value) > limits[key]:
            wrong.append(
                Text(f"“{key}” dài quá {limits[key]} ký tự.", f"“{key}” has more than {limits[key]} characters.")
            )
    return sorted(wrong, key=lambda text: text.en)


def _try_sample(path: Path, text: Mapping[str, str], sample: Mapping[str, str]) -> None:
    """Merge both bodies once with the sample values, so that a preview never fails."""
    for name in ("marked", "plain"):
        try:
            compile_template(text[name]).render({**SAMPLES, **sample}, plain=name == "plain")
        except InvalidInput as error:
            vi, en = error.text.vi.format(**error.detail), error.text.en.format(**error.detail)
            raise _error(path, Text(f"{name}, với [sample]: {vi}", f"{name}, with [sample]: {en}")) from None


def _one_of(key: str, value: str, allowed: Mapping[str, Any]) -> list[Text]:
    if value in allowed:
        return []
    known = ", ".join(allowed)
    return [
        Text(
            f"{key}: không có “{value[:40]}”; chọn: {known}.", f"{key}: “{value[:40]}” is unknown; choose: {known}."
        )
    ]


def _error(path: Path, *texts: Text) -> TemplateFileError:
    return TemplateFileError(
        "{lines_vi}",
        "{lines_en}",
        file=path.name,
        lines_vi="\n".join(f"{path.name}: {text.vi}" for text in texts),
        lines_en="\n".join(f"{path.name}: {text.en}" for text in texts),
    )


def _joined(errors: list[LoaError]) -> TemplateFileError:
    return TemplateFileError(
        "{lines_vi}",
        "{lines_en}",
        files=[error.detail["file"] for error in errors],
        lines_vi="\n".join(error.detail["lines_vi"] for error in errors),
        lines_en="\n".join(error.detail["lines_en"] for error in errors),
    )
