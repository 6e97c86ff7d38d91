"""Pages set by Typst with the fonts its wheel brings: the same on every machine, and nothing fetched."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

STANDARD: Literal["a-2b"] = "a-2b"
"""PDF/A-2b: everything that is needed to read it in twenty years is in the file."""


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


def set_pages(source: Path, document: Any, **inputs: str) -> bytes:
    """The pages of ``source`` as PDF; it finds ``document`` as JSON and the other inputs under ``sys.inputs``.

    What the document holds is data: nothing in it is read as Typst.
    """
    given = {"document": json.dumps(document, ensure_ascii=False), **inputs}
    compiler = typst.Compiler(source.read_bytes(), font_paths=_fonts(), sys_inputs=given)
    pages = compiler.compile(format="pdf", pdf_standards=STANDARD)
    assert isinstance(pages, bytes)
    return pages
