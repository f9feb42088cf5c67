"""The same ``decide`` over a history, session by session: market, decision, fills, marks.

A session runs as the bot's does (``bot.cycle``): what settles in the morning is booked, the market
is asked for the contracts that the bot would ask for, ``decide`` decides on the book as it is told
of it, its orders fill (``bot.evidence.fills``), what expires in the evening settles, the book is
marked at the quotes of the decision. Nothing of a later session is ever looked at.

Settlement: SPXW at the close of SPX; SPX (AM) at its open; VIX options at the open of the VIX, that
stands for the settlement value (before 1992 the file knows no open, and it is the close).
Interest is earned on the cash, calendar day by calendar day, at the rate of the session before.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.config import fingerprint
from bot.core.decide import decide
from bot.core.errors import EvidenceError
from bot.evidence.account import Account
from bot.evidence.fills import Terms, execute
from bot.evidence.listing import listed_on
from bot.evidence.market import HistoricMarket, MarketDay
from bot.evidence.observing import Observer
from bot.evidence.quoting import DayQuotes
from bot.evidence.records import Marks, Records
from strategies import LINE_UP, condor, parity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.core.decide import Strategy
    from bot.core.rules import Rules
    from bot.evidence.books import Replay
    from bot.evidence.day_surfaces import Surfaces
    from bot.evidence.history import History
    from bot.evidence.settings import ReplaySettings

DAYS_A_YEAR: Final = 365
UNHEDGED: Final[tuple[Strategy, ...]] = (condor, parity)
"""Line-up of a replay without a hedge."""


def replay(
    history: History, rules: Rules, settings: ReplaySettings, *, surfaces: Surfaces | None = None
) -> Replay:
    """Replay a history.

    Parameters
    ----------
    history
        What was recorded.
    rules
        Rules that decide.
    settings
        What the replay assumes.
    surfaces
        Those of the history, where several replays of it share what they find.

    Returns
    -------
    Replay
        The hedged book and its shadow, with every trade.

    Raises
    ------
    ConfigError
        If no session of the history lies between the first and the last one asked for.
    EvidenceError
        If the surfaces are those of another history.
    """
    if surfaces is not None and surfaces.history is not history:
        raise EvidenceError("the surfaces are those of another history than the one replayed")
    run = _Run(history, rules, settings, surfaces)
    rows = history.usable(settings.first, settings.last)[settings.roll_offset :]
    with uncollected():
        for at in rows:
            run.session(at)
    return run.records.replay(fingerprint(rules))


@contextmanager
def uncollected() -> Iterator[None]:
    """Search for no cycles of references meanwhile.

    A replay makes none, and to look for them among all that a history holds is a sixth of its time.
    """
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


class _Run:
    """A replay under way."""

    def __init__(
        self, history: History, rules: Rules, settings: ReplaySettings, surfaces: Surfaces | None
    ) -> None:
        self._surfaces = surfaces
        self._rules = rules
        self._quiet = replace(rules, condor=replace(rules.condor, event_gate=False))
        self._settings = settings
        self._market = HistoricMarket(history, settings)
        self._line_up: Sequence[Strategy] = LINE_UP if settings.hedge else UNHEDGED
        self._account = Account(start_usd=settings.nav_usd)
        self._before: MarketDay | None = None
        self.records = Records(settings)

    def session(self, at: int) -> None:
        """Run one session."""
        day = self._market.day(at)
        self._begin(day)
        rules = self._rules if day.events_known else self._quiet
        snapshot = day.snapshot
        spot = snapshot.level("SPX")
        listed = listed_on(
            snapshot.session,
            spot or 0.0,
            self._market.calendar,
            vix=day.vix_expiries,
            days=rules.condor.dte_maximum + rules.condor.shift_days_maximum,
        )
        market = DayQuotes(
            day,
            listed,
            calendar=self._market.calendar,
            settings=self._settings,
            surfaces=self._surfaces,
        )
        observer = Observer(snapshot, market, listed, calendar=self._market.calendar, rules=rules)
        snapshot, quotes = observer.observed(
            self._account.contracts(snapshot.session), self._account.held_condors()
        )
        book = self._account.book(
            snapshot.session, quotes, memory=rules.hedge.width_memory_sessions
        )
        decision = decide(snapshot, book, rules, strategies=self._line_up)
        self._account.notes = decision.notes
        terms = Terms(quotes=quotes, spx=spot, rules=rules, settings=self._settings)
        for intent, fill in execute(self._account, decision.intents, terms):
            self.records.filled(intent, fill)
        self._settle_evening(day)
        self.records.marked(
            Marks(
                day=day,
                decision=decision,
                account=self._account,
                market=market,
                quotes=quotes,
            )
        )
        self._account.remember(snapshot.session, quotes)
        self._before = day

    def _begin(self, day: MarketDay) -> None:
        """Pay interest, move to today's rebasing, settle what expired in the morning."""
        account, before = self._account, self._before
        if before is not None:
            days = (day.snapshot.session - before.snapshot.session).days
            account.carry_usd += account.cash_usd * before.snapshot.rate * days / DAYS_A_YEAR
            account.rebase(day.rebase / before.rebase)
        session = day.snapshot.session
        vix, spx = self._market.vix_open(day.at), self._market.spx(day.at)[0]
        for lot in account.held_lots():
            if lot.contract.expiry <= session:
                self.records.settled(session, account.settle_lot(lot.lot_id, vix))
        for held in account.held_condors():
            if held.legs[0].contract.settles_am and held.expiry <= session:
                self.records.settled(session, account.settle_condor(held.structure_id, spx))

    def _settle_evening(self, day: MarketDay) -> None:
        """Settle the condors that expire at the close."""
        session, close = day.snapshot.session, self._market.spx(day.at)[1]
        for held in self._account.held_condors():
            if not held.legs[0].contract.settles_am and held.expiry <= session:
                end = self._account.settle_condor(held.structure_id, close)
                self.records.settled(session, end)
