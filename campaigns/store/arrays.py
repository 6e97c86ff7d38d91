"""Columns of many rows as PostgreSQL array literals, made in a tenth of the time the driver takes for each element."""

from __future__ import annotations

from collections.abc import Iterable


def int_array(values: Iterable[int | None]) -> str:
    """The literal of an integer array, for ``CAST(:values AS smallint[])``; None is NULL.

    >>> int_array([1, None, 3])
    '{1,NULL,3}'
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Iterable[str | None]) -> str:
    r"""The literal of a text array, for ``CAST(:values AS text[])``; None is NULL, and NUL characters are left out.

    >>> text_array(['a"b', None, 'NULL', ''])
    '{"a\\"b",NULL,"NULL",""}'
    """
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    if value.isalnum():
        return f'"{value}"'
    return '"' + value.replace("\0", "").replace("\\", "\\\\").replace('"', '\\"') + '"'
