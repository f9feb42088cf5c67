"""The page of one session: everything that a person looks at once a day.

The same page is a file in ``logs/reports/`` and the page of a session in the dashboard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.config import read_canonical
from bot.core.errors import StewardError
from bot.ledger.drawn import drawn_marks
from bot.ledger.page_rows import phase_rows
from bot.review.format import UNKNOWN, cents
from bot.review.pages import tables
from bot.review.pages.charts import (
    all_payoffs_chart,
    drawdown_chart,
    payoff_chart,
    value_chart,
)
from bot.review.pages.gauges import gauges
from bot.review.pages.headline import headline_of
from bot.review.pages.heat import stress_grid
from bot.review.pages.layers import hedge_facts, layers
from bot.review.pages.look import Assets, embedded, render
from bot.review.pages.payoff import payoffs
from bot.review.pages.timeline import clock_et, timeline
from bot.review.session import FILLS_NOTE, review_session

if TYPE_CHECKING:
    from bot.core.model import MarketSnapshot, Session
    from bot.core.rules import Rules
    from bot.ledger.drawn import Drawn
    from bot.ledger.store import Ledger
    from bot.review.pages.figures import Figure
    from bot.review.session import SessionReview


def session_file(ledger: Ledger, session: Session | None = None) -> str:
    """Return the page of a session as a file of its own; the newest one when none is named.

    Raises
    ------
    LedgerError
        There is no such session.
    """
    return render("session.html", embedded(), **session_content(ledger, session))


def session_page(ledger: Ledger, session: Session | None, assets: Assets, **more: Any) -> str:  # noqa: ANN401 - what the dashboard adds
    """Return the page of a session with assets from elsewhere.

    Raises
    ------
    LedgerError
        There is no such session.
    """
    return render("session.html", assets, **session_content(ledger, session), **more)


def session_content(ledger: Ledger, session: Session | None = None) -> dict[str, Any]:
    """Gather what the page of a session shows.

    Raises
    ------
    LedgerError
        There is no such session.
    """
    review = review_session(ledger, session)
    phases = phase_rows(ledger, review.session, dry=review.run.dry)
    return {
        "review": review,
        "headline": headline_of(review),
        "facts": _facts(review),
        "cards": tables.cards(review),
        "condors": tables.condors(review),
        "payoffs": _payoff_charts(review, _snapshot(ledger, review)),
        "layers": layers(review),
        "hedge_facts": hedge_facts(review),
        "book": tables.book(review),
        "courses": _course_charts(drawn_marks(ledger, review.session)),
        "gauges": _gauges(ledger, review),
        "grid": stress_grid(review),
        "orders": tables.orders(review),
        "quality": tables.quality(review),
        "closed": tables.closed(review),
        "acted": tables.acted(review),
        "denied": tables.denied(review),
        "verdicts": tables.verdicts(review),
        "moments": timeline(ledger, review, phases),
        "provenance": tables.provenance(review),
        "fills_note": FILLS_NOTE,
    }


def _facts(review: SessionReview) -> tuple[str, ...]:
    """Return what was run and decided, and by which rules."""
    run, decision = review.run, review.decision
    ended = f"{run.outcome} at {clock_et(run.finished_at)}" if run.finished_at else "not finished"
    decided = f"decided at {clock_et(decision.decided_at)} New York" if decision else "not decided"
    commissions = cents(review.mark.commissions_usd) if review.mark else UNKNOWN
    return (
        f"regime {decision.regime if decision else 'unknown'}",
        decided,
        ended,
        f"{run.mode} account {run.account}",
        f"commissions so far {commissions} USD",
    )


def _snapshot(ledger: Ledger, review: SessionReview) -> MarketSnapshot | None:
    """Return the market as it was decided on; ``None`` where it was not kept, or is not read."""
    if review.decision is None:
        return None
    try:
        return ledger.load_snapshot(review.session, dry=review.run.dry)
    except StewardError:
        return None


def _rules(ledger: Ledger, review: SessionReview) -> Rules | None:
    """Return the rules that were decided by; ``None`` where this version does not read them."""
    if review.decision is None:
        return None
    try:
        return read_canonical(ledger.load_config(review.decision.rules_sha256), "the ledger")
    except StewardError:
        return None


def _gauges(ledger: Ledger, review: SessionReview) -> tuple[Any, ...]:
    rules = _rules(ledger, review)
    if review.decision is None or rules is None:
        return ()
    return gauges(review.decision.signals, rules)


def _payoff_charts(review: SessionReview, snapshot: MarketSnapshot | None) -> tuple[Figure, ...]:
    found = payoffs(review.positions, snapshot)
    spot = None if snapshot is None else snapshot.level("SPX")
    edr_pct = _edr_pct(review)
    together = all_payoffs_chart(found, spot=spot, edr_pct=edr_pct)
    each = (payoff_chart(payoff, spot=spot, edr_pct=edr_pct) for payoff in found)
    return (*(() if together is None else (together,)), *each)


def _edr_pct(review: SessionReview) -> float | None:
    """Return the expected daily range, percent of SPX."""
    signals = review.decision.signals if review.decision else ()
    found = next((signal.value for signal in signals if signal.name == "edr_pct"), None)
    return found if isinstance(found, float) else None


def _course_charts(drawn: Drawn) -> tuple[Figure, ...]:
    return tuple(chart for chart in (value_chart(drawn), drawdown_chart(drawn)) if chart)
