"""The console: everything people do with Loa in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(*args: Any, **kwargs: Any) -> Flask:
    """See ``admin.console.app``; imported late, because the command line uses parts of this package without Flask."""
    from admin.console.app import create_app as make

    return make(*args, **kwargs)
