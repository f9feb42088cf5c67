"""The pages of each session in ``logs/reports/``, private, and thinned to the newest ones.

One is text, as ``steward review`` prints it; one is HTML, with charts. Either can be made again
from the ledger at any time, by ``steward review`` and ``steward report``.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from bot.core.errors import ConfigError, StewardError
from bot.files import create_private, private_folder, replace_text
from bot.logs import get_logger
from bot.review.session import session_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.core.model import Session
    from bot.ledger.store import Ledger
    from bot.settings import LogSettings

log = get_logger(__name__)

COLUMNS: Final = 100
FOLDER: Final = "reports"


def write_report(settings: LogSettings, ledger: Ledger, session: Session) -> None:
    """Write the pages of `session` and remove the oldest beyond ``logs.reports``.

    A page that cannot be written is logged and raises nothing: the session is in the ledger.
    """
    folder = settings.folder / FOLDER
    _write(folder / f"{session}.txt", _text, ledger, session)
    thin(folder, "txt", keep=settings.reports)
    if settings.html_reports:
        _write(folder / f"{session}.html", _html, ledger, session)
    thin(folder, "html", keep=settings.html_reports)


def save_html(
    settings: LogSettings, ledger: Ledger, session: Session | None, *, out: Path | None = None
) -> Path:
    """Write the page of HTML of a session, the newest one when none is named; return where.

    Raises
    ------
    NotInLedgerError
        There is no such session.
    ConfigError
        The file cannot be written.
    """
    chosen, _ = session_run(ledger, session)
    path = out or settings.folder / FOLDER / f"{chosen}.html"
    page = _html(ledger, chosen)
    try:
        if out is None:
            private_folder(path.parent)
        replace_text(path, page)
    except OSError as fault:
        remedy = "name a file in a folder that can be written with --out"
        raise ConfigError((f"{path}: {fault.strerror}; {remedy}",)) from fault
    return path


def _html(ledger: Ledger, session: Session) -> str:
    from bot.review.pages.session_page import session_file  # noqa: PLC0415 - start-up time

    return session_file(ledger, session)


def _text(ledger: Ledger, session: Session) -> str:
    from rich.console import Console  # noqa: PLC0415 - start-up time

    from bot.review.terminal import render_review  # noqa: PLC0415 - start-up time

    page = io.StringIO()
    Console(file=page, width=COLUMNS).print(render_review(ledger, session))
    return page.getvalue()


def _write(
    path: Path, page: Callable[[Ledger, Session], str], ledger: Ledger, session: Session
) -> None:
    """Write one page; a fault is logged, with the file named."""
    try:
        create_private(path)
        path.write_text(page(ledger, session), encoding="utf-8")
    except (StewardError, OSError):
        log.exception("report.failed", session=str(session), file=path.name)


def thin(folder: Path, kind: str, *, keep: int) -> None:
    """Remove all pages of a kind but the newest `keep`; any other name is somebody else's."""
    pages = sorted(folder.glob(f"????-??-??.{kind}"))
    for page in pages[: max(len(pages) - keep, 0)]:
        try:
            page.unlink(missing_ok=True)
        except OSError:
            log.exception("report.left", file=page.name)
