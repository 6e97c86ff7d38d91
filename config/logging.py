"""Logging to stderr: lines for people or JSON for machines, UTC, without phone numbers and secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from config.settings import Settings

HIDDEN = "•••"
_PHONE = re.compile(r"(?<![\w.])(?:\+?84|0)\d{6}(\d{3})(?![\w.]*\d)")
_SECRET = re.compile(r"passw|secret|token|cipher|keyring|authorization|cookie", re.IGNORECASE)
_NOISY = ("amqp", "kombu", "celery.beat", "celery.redirected", "sqlalchemy", "urllib3", "asyncio")


def mask_phones(text: str) -> str:
    """``text`` with everything that looks like a Vietnamese number cut down to its last three digits."""
    return _PHONE.sub(lambda found: f"09•• ••• {found[1]}", text)


def _clean(name: str, value: Any) -> Any:
    if _SECRET.search(name):
        return HIDDEN
    if isinstance(value, str):
        return mask_phones(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return mask_phones(bytes(value).decode("ascii", "backslashreplace"))
    if isinstance(value, int) and not isinstance(value, bool):
        return mask_phones(str(value)) if value > 10**8 else value
    if isinstance(value, Mapping):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, inner) for inner in value]
    return value if value is None or isinstance(value, bool | float) else mask_phones(str(value))


def hide_private(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: numbers are masked in every value, values with a secret's name are left out altogether."""
    for name in list(event):
        if not name.startswith("_"):
            event[name] = _clean(name, event[name])
    return event


def configure_logging(settings: Settings) -> None:
    """Send structlog's and the standard library's records the same way, to stderr."""
    level = getattr(logging, settings.log_level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Before masking: a traceback names values too.
        structlog.processors.format_exc_info,
        hide_private,
    ]
    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
