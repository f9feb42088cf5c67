"""Logs: events with keys and values, as JSON lines in a file and as short lines on a console.

An event is a few words and never a sentence with values in it; what varies is a key:
``log.info("order sent", intent_id=..., order_ref=...)``. ``session`` and ``phase`` are bound
once with ``bound`` and stand on every line written below it.

Times on the lines are those of this machine in UTC, also in a simulation: a log says when
something was written. Account numbers never reach a log, in whichever value they stand.
ib_insync narrates accounts, positions and orders at INFO; of it, and of every other library,
warnings and errors are kept, in the same file.

A module may ask for its logger at import: structlog, which is slow to import, is loaded with
the first event.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import math
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from bot.files import private_folder

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from contextlib import AbstractContextManager
    from io import TextIOWrapper

    from structlog.stdlib import BoundLogger
    from structlog.typing import Processor

    from bot.settings import LogSettings

    Event = MutableMapping[str, Any]

FILE_NAME: Final = "steward.jsonl"

_ACCOUNT: Final = re.compile(r"(?<![A-Za-z0-9])(D?[UFI])\d{2,}(\d{2})(?![A-Za-z0-9])")
_HANDLERS: Final = ("steward.file", "steward.console")


def get_logger(name: str) -> BoundLogger:
    """Logger of the module `name`: ``log = get_logger(__name__)``."""
    return cast("BoundLogger", _LazyLogger(name))


def bound(**values: object) -> AbstractContextManager[None]:
    """Put `values` on every event inside a ``with``: ``with bound(session=..., phase=...)``."""
    from structlog.contextvars import bound_contextvars  # noqa: PLC0415 - see the module's text

    return bound_contextvars(**values)


def configure(settings: LogSettings, *, console: bool) -> None:
    """Write events to the rotating file, and to stderr if `console`; may be called again."""
    private_folder(settings.folder)
    root = logging.getLogger()
    for handler in [each for each in root.handlers if each.name in _HANDLERS]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(_file_handler(settings))
    if console:
        root.addHandler(_console_handler())
    root.setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(settings.level)
    logging.captureWarnings(capture=True)


class _LazyLogger:
    """A logger that is made when it is first used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        return getattr(self._logger, attribute)

    @cached_property
    def _logger(self) -> BoundLogger:
        import structlog  # noqa: PLC0415 - see the module's text

        processors: list[Processor] = [
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ]
        logger: BoundLogger = structlog.wrap_logger(
            logging.getLogger(self._name),
            processors=processors,
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        return logger


class _PrivateFileHandler(logging.handlers.RotatingFileHandler):
    """A rotating file that only its owner can read."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        return stream


def _file_handler(settings: LogSettings) -> logging.Handler:
    handler = _PrivateFileHandler(
        settings.folder / FILE_NAME,
        maxBytes=settings.max_bytes,
        backupCount=settings.backups,
        encoding="utf-8",
    )
    handler.name = "steward.file"
    handler.setFormatter(_formatter(_as_json))
    return handler


def _console_handler() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.name = "steward.console"
    handler.setFormatter(_formatter(_as_short_line))
    return handler


def _formatter(renderer: Processor) -> logging.Formatter:
    """Formatter of our own events and of the libraries' records alike."""
    import structlog  # noqa: PLC0415 - see the module's text

    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _origin,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redacted,
            renderer,
        ]
    )


def _origin(_logger: object, _method: str, event: Event) -> Event:
    """Add level and logger, which the record knows for every kind of event."""
    record: logging.LogRecord = event["_record"]
    return {
        "time": event.pop("time"),
        "level": record.levelname.lower(),
        "event": event.pop("event"),
        "logger": record.name,
        **event,
    }


def _redacted(_logger: object, _method: str, event: Event) -> Event:
    """Take account numbers out of every key and value: ``DU1234567`` becomes ``DU***67``."""
    return {redact(key): _plain(value) for key, value in event.items()}


def _plain(value: object) -> object:
    """Return `value` as JSON can hold it, redacted at every depth; NaN becomes text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {redact(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return redact(str(value))


def redact(text: str) -> str:
    """Return `text` without account numbers: ``DU1234567`` becomes ``DU***67``."""
    return _ACCOUNT.sub(r"\1***\2", text)


def _as_json(_logger: object, _method: str, event: Event) -> str:
    return json.dumps(event, ensure_ascii=False)


def _as_short_line(_logger: object, _method: str, event: Event) -> str:
    """``15:30:02 info    order sent order_ref=S-0724-C1``, a traceback below it."""
    time, level, name = event.pop("time"), event.pop("level"), event.pop("event")
    event.pop("logger")
    trace = event.pop("exception", None)
    values = " ".join(f"{key}={value}" for key, value in event.items())
    line = f"{time[11:19]} {level:<7} {name} {values}".rstrip()
    return line if trace is None else f"{line}\n{trace}"
