"""Merging values into a text: its own Jinja, sandboxed, strict, not HTML-escaping, and small on purpose.

A text may hold ``{{ name }}``, a few filters, and ``{% if name %}``. Everything else of Jinja (loops, calls,
attributes, arithmetic, includes) is refused when the text is compiled, so a text can neither reach out nor grow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaigns.content import filters
from campaigns.content.encoding import normalise, strip_marks
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.errors import InvalidInput
from config.i18n import Text

SOURCE_MOST = 4_000
"""Characters of a body before merging."""
TEXT_MOST = 1_600
"""Characters of a merged text: above ten parts in any alphabet."""
_DEPTH_MOST = 20

HOLE = "\ufffc"
"""Stands for a placeholder in ``Compiled.outline``."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_RESERVED = frozenset({"self", "loop", "caller", "varargs", "kwargs"})
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.Filter,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
FILTERS: Mapping[str, Callable[..., str] | None] = {
    "default": None,  # Jinja's own; the others are ours
    "gio": filters.hour,
    "loai": filters.kind,
    "dau_thuong": filters.lower_first,
    "viet_tat": filters.abbreviate,
    "hoa": filters.upper,
    "thuong": filters.lower,
}


class InvalidTemplate(InvalidInput):
    """The source is not a text that Loa can merge."""


class MissingValue(InvalidInput):
    """A placeholder has no value; ``name`` is the placeholder."""

    def __init__(self, name: str) -> None:
        self.name = name
        known = PLACEHOLDERS.get(name)
        super().__init__(
            "Chưa có giá trị cho “{title_vi}”. Hãy ghi giá trị chung cho cả chiến dịch, hoặc bổ sung vào danh bạ.",
            "“{title}” has no value. Give one for the whole campaign, or add it to the contacts.",
            title_vi=known.title.vi if known else name,
            title=known.title.en if known else name,
            placeholders=[name],
        )


class _Absent(StrictUndefined):
    """A value that is not there: false where a text asks for it, an error where the text would show it."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> Any:
        raise MissingValue(str(self._undefined_name))

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __hash__ = _fail_with_undefined_error


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=_Absent, autoescape=False, keep_trailing_newline=True)
    environment.globals.clear()
    environment.tests.clear()
    default = environment.filters["default"]
    environment.filters.clear()
    environment.filters.update({name: function or default for name, function in FILTERS.items()})
    return environment


_ENVIRONMENT = _environment()


@dataclass(frozen=True, eq=False)
class Compiled:
    """A body ready to be merged any number of times."""

    source: str
    placeholders: frozenset[str]
    """Every name the body mentions."""
    required: frozenset[str]
    """Names without which some text cannot be written: no default, and not asked for with ``if``."""
    outline: str
    """The fixed text, ``HOLE`` where a value goes; both sides of an ``if`` one after the other."""
    _template: Template

    def render(self, values: Mapping[str, object], *, plain: bool = False) -> str:
        """The text for one set of values, in NFC and otherwise exactly as written.

        ``plain`` takes the marks off the values ("không dấu"); the body has none of its own. None, an empty text
        and blanks count as no value.

        Raises:
            MissingValue: a placeholder that the text shows has no value.
            InvalidInput: a value is no text and no number, or the text is empty or longer than ``TEXT_MOST``.
        """
        given = {name: _as_text(name, values.get(name)) for name in self.placeholders}
        filled = {name: strip_marks(value) if plain else value for name, value in given.items() if value.strip()}
        return _checked(normalise(self._template.render(filled)))


@lru_cache(maxsize=1024)
def compile_template(source: str) -> Compiled:
    """Compile a body; the same source is compiled once.

    Raises:
        InvalidTemplate: it is empty, too long, no Jinja, or uses what texts may not use; the text says where.
    """
    source = normalise(source)
    if not source.strip():
        raise InvalidTemplate("Nội dung đang trống.", "The text is empty.")
    if len(source) > SOURCE_MOST:
        raise InvalidTemplate(
            "Nội dung dài {length} ký tự; nhiều nhất là {most}.",
            "The text has {length} characters; {most} are allowed.",
            length=len(source),
            most=SOURCE_MOST,
        )
    try:
        tree = _ENVIRONMENT.parse(source)
        survey = _Survey()
        survey.visit(tree, frozenset(), 0)
        template = _ENVIRONMENT.from_string(tree)
    except TemplateSyntaxError as error:
        raise _not_understood(error.lineno, error.message or "") from None
    except (TemplateError, RecursionError, SyntaxError, MemoryError) as error:
        raise _not_understood(1, type(error).__name__) from None
    return Compiled(source, frozenset(survey.names), frozenset(survey.required), "".join(survey.outline), template)


class _Survey:
    """One walk over a body: refuses what is not allowed, collects names and fixed text."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.required: set[str] = set()
        self.outline: list[str] = []

    def visit(self, node: nodes.Node, known: frozenset[str], depth: int) -> None:
        """Look at a node; ``known`` are the names an enclosing ``if`` or ``default`` vouches for."""
        if not isinstance(node, _ALLOWED) or depth > _DEPTH_MOST:
            raise _not_allowed(node)
        match node:
            case nodes.Name():
                self._name(node, known)
            case nodes.TemplateData():
                self.outline.append(node.data)
            case nodes.Output():
                self._output(node, known, depth)
            case nodes.Filter():
                self._filter(node, known, depth)
            case nodes.If():
                self._if(node, known, depth)
            case _:
                self._children(node.iter_child_nodes(), known, depth)

    def _children(self, children: Iterable[nodes.Node], known: frozenset[str], depth: int) -> None:
        for child in children:
            self.visit(child, known, depth + 1)

    def _name(self, node: nodes.Name, known: frozenset[str]) -> None:
        if not _NAME.fullmatch(node.name) or node.name in _RESERVED:
            raise InvalidTemplate(
                "Dòng {line}: “{name}” không phải tên hợp lệ; chỉ dùng chữ thường không dấu, số và gạch dưới.",
                "Line {line}: “{name}” is no name; use small letters without marks, digits and underscores.",
                line=node.lineno,
                name=node.name,
            )
        self.names.add(node.name)
        if node.name not in known:
            self.required.add(node.name)

    def _output(self, node: nodes.Output, known: frozenset[str], depth: int) -> None:
        for child in node.nodes:
            if not isinstance(child, nodes.TemplateData | nodes.Name | nodes.Filter):
                raise _not_allowed(child)
            self.visit(child, known, depth + 1)
            if not isinstance(child, nodes.TemplateData):
                self.outline.append(HOLE)

    def _filter(self, node: nodes.Filter, known: frozenset[str], depth: int) -> None:
        plain_arguments = all(isinstance(argument, nodes.Const) for argument in node.args)
        if node.name not in FILTERS or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise _unknown_filter(node)
        if not isinstance(node.node, nodes.Name | nodes.Filter):
            raise _not_allowed(node.node or node)
        if not plain_arguments or len(node.args) != (1 if node.name == "default" else 0):
            raise _unknown_filter(node)
        if node.name == "default" and isinstance(node.node, nodes.Name):
            known = known | {node.node.name}
        self.visit(node.node, known, depth + 1)

    def _if(self, node: nodes.If, known: frozenset[str], depth: int) -> None:
        asked = frozenset(_asked(node.test))
        self.visit(node.test, known | asked, depth + 1)
        self._children(node.body, known | asked, depth)
        self._children(node.elif_, known, depth)
        self._children(node.else_, known, depth)


def _asked(test: nodes.Node) -> Iterable[str]:
    """Names of which a condition only asks whether they have a value."""
    if isinstance(test, nodes.Name):
        yield test.name
    elif isinstance(test, nodes.And | nodes.Or):
        yield from _asked(test.left)
        yield from _asked(test.right)
    elif isinstance(test, nodes.Not):
        yield from _asked(test.node)


def _as_text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return normalise(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    raise InvalidInput(
        "Giá trị của “{name}” không phải là chữ hay số.",
        "The value of “{name}” is neither a text nor a number.",
        name=name,
    )


def _checked(text: str) -> str:
    if not text.strip():
        raise InvalidInput("Tin sau khi điền giá trị đang trống.", "The text is empty once its values are filled in.")
    if len(text) > TEXT_MOST:
        raise InvalidInput(
            "Tin sau khi điền giá trị dài {length} ký tự; nhiều nhất là {most}.",
            "The text has {length} characters once its values are filled in; {most} are allowed.",
            length=len(text),
            most=TEXT_MOST,
        )
    return text


def _not_understood(line: int, reason: str) -> InvalidTemplate:
    return InvalidTemplate(
        "Dòng {line}: không hiểu cú pháp ({reason}). Giá trị thay đổi viết là {{{{ ten }}}}.",
        "Line {line}: cannot read this ({reason}). A value that varies is written {{{{ name }}}}.",
        line=line,
        reason=reason[:200],
    )


_NAMED: Mapping[type[nodes.Node], Text] = {
    nodes.For: Text("vòng lặp", "a loop"),
    nodes.Call: Text("lời gọi hàm", "a call"),
    nodes.Getattr: Text("dấu chấm sau tên", "a dot after a name"),
    nodes.Getitem: Text("ngoặc vuông sau tên", "brackets after a name"),
    nodes.Include: Text("include", "include"),
    nodes.Assign: Text("phép gán", "an assignment"),
    nodes.BinExpr: Text("phép tính", "arithmetic"),
}


def _not_allowed(node: nodes.Node) -> InvalidTemplate:
    what = next((text for kind, text in _NAMED.items() if isinstance(node, kind)), Text("biểu thức này", "this"))
    return InvalidTemplate(
        "Dòng {line}: mẫu tin không được dùng {what_vi}; chỉ có {{{{ ten }}}}, bộ lọc và {{% if ten %}}.",
        "Line {line}: a text may not use {what_en}; there are only {{{{ name }}}}, filters and {{% if name %}}.",
        line=node.lineno,
        what_vi=what.vi,
        what_en=what.en,
    )


def _unknown_filter(node: nodes.Filter) -> InvalidTemplate:
    return InvalidTemplate(
        "Dòng {line}: không dùng được bộ lọc “{name}” như vậy; có các bộ lọc: {known}.",
        "Line {line}: the filter “{name}” cannot be used like this; the filters are: {known}.",
        line=node.lineno,
        name=node.name,
        known="default('…'), " + ", ".join(name for name in FILTERS if name != "default"),
    )
