"""The console: everything people do with Loa in a browser."""

from admin.console.app import create_app

__all__ = ["create_app"]
