"""The page of each session in ``logs/reports/``, private, and thinned to the newest ones.

A page can be made again from the ledger at any time by ``steward review``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.files import create_private

if TYPE_CHECKING:
    from pathlib import Path

    from bot.core.model import Session
    from bot.ledger.store import Ledger
    from bot.settings import LogSettings

COLUMNS: Final = 100
FOLDER: Final = "reports"
PAGES: Final = "????-??-??.txt"


def write_report(settings: LogSettings, ledger: Ledger, session: Session) -> Path:
    """Write the page of `session`, remove the oldest beyond ``logs.reports``; return its path."""
    from rich.console import Console  # noqa: PLC0415 - start-up time

    from bot.review.terminal import render_review  # noqa: PLC0415 - start-up time

    path = settings.folder / FOLDER / f"{session}.txt"
    create_private(path)
    with path.open("w", encoding="utf-8") as page:
        Console(file=page, width=COLUMNS).print(render_review(ledger, session))
    thin(path.parent, keep=settings.reports)
    return path


def thin(folder: Path, *, keep: int) -> None:
    """Remove all pages but the newest `keep`; what has another name is somebody else's."""
    for page in sorted(folder.glob(PAGES))[:-keep]:
        page.unlink(missing_ok=True)
