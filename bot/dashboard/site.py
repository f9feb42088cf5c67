"""Our own pages of the dashboard: each is filled from the ledger as it is when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from bot.clock import WallClock
from bot.core.errors import NotInLedgerError
from bot.dashboard import contents
from bot.dashboard.filters import day, demand
from bot.dashboard.guard import EVIDENCE
from bot.ledger.page_rows import neighbours, pulse
from bot.ledger.store import Ledger
from bot.review.pages.headline import Headline, Reason, headline_of, worse
from bot.review.pages.look import Assets, render
from bot.review.pages.session_page import session_page
from bot.review.session import session_run
from bot.review.status import read_status
from bot.review.wellness import unwell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.core.model import Session
    from bot.review.session import SessionReview

LINKED: Final = Assets(
    linked=True,
    style="/assets/style.css",
    charts="/assets/charts.js",
    plotly="/assets/plotly.js",
    refresh="/assets/refresh.js",
)
PAGES: Final = (
    ("/", "Overview"),
    ("/session", "Session"),
    ("/condors", "Condors"),
    ("/hedge", "Hedge"),
    ("/execution", "Execution"),
    ("/incidents", "Incidents"),
    ("/evidence", "Evidence"),
    ("/ledger", "Tables"),
)
LISTS: Final[Mapping[str, Callable[[Ledger, Mapping[str, str]], dict[str, Any]]]] = {
    "condors": contents.condors,
    "hedge": contents.hedge,
    "execution": contents.execution,
    "incidents": contents.incidents,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The pages of one project.

    Parameters
    ----------
    project
        Project folder.
    ledger
        Its ledger.
    evidence
        Where the page of the evidence is written.
    """

    project: Path
    ledger: Path
    evidence: Path

    def pulse(self) -> str:
        """Return a text that changes whenever a page would."""
        with Ledger.open_read_only(self.ledger) as ledger:
            return pulse(ledger)

    def page(self, path: str, query: Mapping[str, str]) -> str:
        """Return the page at a path.

        Raises
        ------
        NotInLedgerError
            There is no such page, session or structure.
        ConfigError
            The page has no such filter, or not that value of it.
        """
        name, _, rest = unquote(path).strip("/").partition("/")
        with Ledger.open_read_only(self.ledger) as ledger:
            if name == "session":
                demand(query, {})
                return self._session(ledger, day(rest) if rest else None)
            if name in {"condors", "hedge"} and rest:
                content = contents.structure(ledger, rest)
                return _filled("structure.html", ledger, at=f"/{name}", content=content)
            if not path.strip("/"):
                return self._overview(ledger, query)
            if name == "evidence" and not rest:
                content = {"written": self.evidence if self.evidence.is_file() else None}
                return _filled("evidence.html", ledger, at="/evidence", content=content)
            if unquote(path) == EVIDENCE and self.evidence.is_file():
                return self.evidence.read_text(encoding="utf-8")
            if rest or name not in LISTS:
                raise NotInLedgerError(f"{path}: is no page of the dashboard")
            content = LISTS[name](ledger, query)
            return _filled(f"{name}.html", ledger, at=f"/{name}", content=content)

    def _overview(self, ledger: Ledger, query: Mapping[str, str]) -> str:
        content = contents.overview(ledger, query)
        status = read_status(self.project)
        standing = {"headline": self._headline(content["review"]), "status": status}
        return _filled("overview.html", ledger, at="/", content=content | standing)

    def _headline(self, review: SessionReview | None) -> Headline:
        """Return the verdict of the last session, with what is unwell now."""
        if review is None:
            return Headline(tone="look", text="No session has run yet.")
        if review.run.mode == "simulated":
            return headline_of(review)
        lines = unwell(self.project, WallClock().now())
        return worse(headline_of(review), [Reason(text=line, urgent=True) for line in lines])

    def _session(self, ledger: Ledger, session: Session | None) -> str:
        chosen, _ = session_run(ledger, session)
        before, after = neighbours(ledger, chosen)
        shared = {"nav": PAGES, "at": "/session", "pulse": pulse(ledger)}
        return session_page(ledger, chosen, LINKED, before=before, after=after, **shared)


def _filled(template: str, ledger: Ledger, *, at: str, content: dict[str, Any]) -> str:
    return render(template, LINKED, nav=PAGES, at=at, pulse=pulse(ledger), **content)
