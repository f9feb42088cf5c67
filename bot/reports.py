"""The page of each session in ``logs/reports/``, private, and thinned to the newest ones.

A page can be made again from the ledger at any time by ``steward review``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.core.errors import LedgerError
from bot.files import create_private
from bot.logs import get_logger

if TYPE_CHECKING:
    from pathlib import Path

    from bot.core.model import Session
    from bot.ledger.store import Ledger
    from bot.settings import LogSettings

log = get_logger(__name__)

COLUMNS: Final = 100
FOLDER: Final = "reports"
PAGES: Final = "????-??-??.txt"


def write_report(settings: LogSettings, ledger: Ledger, session: Session) -> None:
    """Write the page of `session` and remove the oldest beyond ``logs.reports``.

    A page that cannot be written is logged and raises nothing: the session is in the ledger.
    """
    try:
        _write(settings.folder / FOLDER / f"{session}.txt", ledger, session)
        thin(settings.folder / FOLDER, keep=settings.reports)
    except (LedgerError, OSError):
        log.exception("report.failed", session=str(session))


def _write(path: Path, ledger: Ledger, session: Session) -> None:
    from rich.console import Console  # noqa: PLC0415 - start-up time

    from bot.review.terminal import render_review  # noqa: PLC0415 - start-up time

    create_private(path)
    with path.open("w", encoding="utf-8") as page:
        Console(file=page, width=COLUMNS).print(render_review(ledger, session))


def thin(folder: Path, *, keep: int) -> None:
    """Remove all pages but the newest `keep`; what has another name is somebody else's."""
    for page in sorted(folder.glob(PAGES))[:-keep]:
        page.unlink(missing_ok=True)
