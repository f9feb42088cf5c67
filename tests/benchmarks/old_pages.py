"""What a person looks at in an old ledger, and how large its tables are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bot.dashboard.site import Site
from bot.ledger.queries import latest_session
from bot.ledger.store import Ledger
from bot.review.pages.session_page import session_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LISTS = ("/", "/session", "/condors", "/hedge", "/execution", "/incidents", "/evidence")


def page_parts(project: Path) -> dict[str, Callable[[], object]]:
    """Return the daily report of HTML and each page of the dashboard, as the server makes it."""
    path = project / "ledger" / "steward.db"
    site = Site(project=project, ledger=path, evidence=project / "evidence.html")
    with Ledger.open_read_only(path) as ledger:
        session = latest_session(ledger)
        condor = ledger.value(
            "SELECT structure_id FROM structures WHERE kind = 'condor' AND state = 'closed' "
            "ORDER BY changed_in DESC LIMIT 1"
        )

    def report() -> None:
        with Ledger.open_read_only(path) as ledger:
            session_file(ledger, session)

    def page(name: str, query: dict[str, str]) -> Callable[[], object]:
        return lambda: site.page(name, query)

    pages = {name: page(name, {}) for name in LISTS}
    pages["/condors/ID"] = page(f"/condors/{condor}", {})
    pages["/execution, denied"] = page("/execution", {"state": "denied"})
    return {"report, HTML": report, "news": site.pulse, **pages}


def table_bytes(path: Path) -> dict[str, int]:
    """Return what each table takes of the file, its indexes included, in bytes."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        found = database.execute(
            "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) "
            "GROUP BY tbl_name"
        )
        return {str(name): int(size) for name, size in found}
