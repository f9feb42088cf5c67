"""Recorded chains, read strike by strike as a session does, and whole: is the choice the same?"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot.core.book import HedgeLedger
from bot.core.cash_press import at_the_money_iv
from bot.core.chain import price_chain
from bot.core.model import (
    EventTable,
    FutureQuote,
    IndexLevel,
    MarketSnapshot,
    OptionQuote,
    Quote,
    Right,
    Session,
)
from bot.core.regime import Breadth, Signals, compute_signals
from bot.core.rules import Rules
from bot.core.sessions import TradingCalendar
from bot.core.smile import Smiles, smiles_of
from bot.core.universe import ListedSeries, condor_series, hedge_series
from bot.data.chains import listed_sessions
from bot.simulator.playback import INDEXES, PlaybackMarket
from strategies.condor_strikes import condor_legs
from strategies.reading import tier_aims
from strategies.reading_plan import LayerSeries, ReadingPlan, layer_deltas, wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bot.core.chain import PricedChain
    from bot.core.model import OptionContract
    from bot.core.rules import TierDeltas
    from bot.simulator.market import OptionSeries, SimQuote

RULES = Rules()
EMPTY_PAST = HedgeLedger()
FULL_DAYS = 45
MOST_ROUNDS = 6
BEFORE_CLOSE = dt.timedelta(minutes=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One recorded session under one shape of the condors."""

    session: Session
    shape: str
    rounds: tuple[int, ...]
    listed: int
    differences: tuple[str, ...]


def clean_sessions(data: Path) -> tuple[Session, ...]:
    """Return the sessions with a clean end-of-day SPX chain that reaches the window of condors."""
    return tuple(
        each.session
        for each in listed_sessions(data / "option_chains")
        if each.spx is not None
        and each.spx.quote_session == "rth_close"
        and not each.spx.flags
        and each.spx.max_dte >= FULL_DAYS
    )


def shapes(signals: Signals) -> Iterator[tuple[str, Signals]]:
    """Yield every shape that trend and RSI can give to a condor."""
    trends = {"flat": (0.0, None), "up": (1.0, Breadth.UP), "down": (-1.0, Breadth.DOWN)}
    for trend, (histogram, breadth) in trends.items():
        for name, rsi in (("", 50.0), (" RSI 80", 80.0), (" RSI 20", 20.0)):
            yield (
                trend + name,
                dataclasses.replace(
                    signals, macd_histogram=histogram, breadth=breadth, spx_rsi=rsi
                ),
            )


class Captured:
    """One recorded session as a market that can be asked for options.

    Parameters
    ----------
    market
        At the session.
    session
        Its date.
    """

    def __init__(self, market: PlaybackMarket, session: Session) -> None:
        self._market = market
        self._chains: dict[ListedSeries, PricedChain | None] = {}
        calendar = TradingCalendar(market._calendar.days)
        day = calendar.day(session)
        market.advance(day.close - BEFORE_CLOSE)
        self.levels = MarketSnapshot(
            session=session,
            taken_at=day.close - BEFORE_CLOSE,
            calendar=calendar.days,
            indexes=tuple(IndexLevel(symbol=name, last=_last(market, name)) for name in INDEXES),
            spx_bars=market.bars("SPX", 400),
            vix_bars=market.bars("VIX", 400),
            breadth=None,
            options=(),
            vx_curve=tuple(
                FutureQuote(expiry=each, quote=_quote(market.future(each)))
                for each in market.futures()
            ),
            rate=RULES.rate,
            events=EventTable(),
        )
        self.sold = condor_series(_listed(market.series("SPX")), session, RULES.condor)
        self.bought = hedge_series(_listed(market.series("VIX")), session, calendar, RULES.hedge)

    @cached_property
    def whole(self) -> MarketSnapshot:
        """Everything that is listed of what may be traded."""
        series = [*([] if self.sold is None else [self.sold]), *self.bought.values()]
        return self.asked(
            each.contract(strike, right)
            for each in dict.fromkeys(series)
            for strike in each.strikes
            for right in Right
        )

    def whole_chain(self, series: ListedSeries) -> PricedChain | None:
        """Return the whole chain of an expiry, priced once."""
        if series not in self._chains:
            self._chains[series] = _priced(self.whole, series)
        return self._chains[series]

    def asked(self, contracts: Iterable[OptionContract]) -> MarketSnapshot:
        """Return the session with the quotes of `contracts`."""
        options = tuple(
            OptionQuote(contract=each, quote=_quote(self._market.option(each)))
            for each in contracts
        )
        return dataclasses.replace(self.levels, options=options)

    def plan(self, signals: Signals, smiles: Smiles) -> ReadingPlan:
        """Return what a session of a book without a past reads."""
        return ReadingPlan(
            sold=() if self.sold is None else (self.sold,),
            bought=tuple(
                LayerSeries(
                    series=series, deltas=layer_deltas(layer, None, EMPTY_PAST, RULES.hedge)
                )
                for layer, series in self.bought.items()
            ),
            signals=signals,
            smiles=smiles,
            rules=RULES,
        )

    def read(self, plan: ReadingPlan) -> tuple[MarketSnapshot, tuple[int, ...]]:
        """Read round by round as the bot does; return what was seen, and how many in each."""
        snapshot = self.levels
        rounds: list[int] = []
        known: list[OptionContract] = []
        for _ in range(MOST_ROUNDS):
            unread = [each for each in wanted(plan, snapshot) if each not in set(known)]
            if not unread:
                break
            rounds.append(len(unread))
            known += unread
            snapshot = self.asked(known)
        return snapshot, tuple(rounds)


def compared(data: Path, sessions: Iterable[Session]) -> Iterator[Compared]:
    """Yield each of `sessions` in each shape; shapes of before come from the one before it."""
    market = PlaybackMarket(data / "option_chains", data)
    smiles = Smiles()
    for session in sessions:
        captured = Captured(market, session)
        signals = compute_signals(captured.levels, RULES.signals)
        for shape, shaped in shapes(signals):
            read, rounds = captured.read(captured.plan(shaped, smiles))
            yield Compared(
                session=session,
                shape=shape,
                rounds=rounds,
                listed=len(captured.whole.options),
                differences=tuple(_differences(captured, read, shaped)),
            )
        smiles = smiles_of(read)


def _differences(captured: Captured, read: MarketSnapshot, signals: Signals) -> Iterator[str]:
    """Say where the choice from `read` is not that from the whole chain."""
    if captured.sold is not None:
        ours, theirs = _priced(read, captured.sold), captured.whole_chain(captured.sold)
        for aim in tier_aims(signals, RULES.condor):
            if (condor := _condor(ours, aim)) != (same := _condor(theirs, aim)):
                yield f"condor {aim.put:g}/{aim.call:g}: {condor}, of the whole chain {same}"
    for layer, series in captured.bought.items():
        ours, theirs = _priced(read, series), captured.whole_chain(series)
        if (vol := at_the_money_iv(ours)) != (same_vol := at_the_money_iv(theirs)):
            yield f"{layer.value} at the money: {vol}, of the whole chain {same_vol}"
        (delta,) = layer_deltas(layer, None, EMPTY_PAST, RULES.hedge)
        if (call := _call(ours, delta)) != (same_call := _call(theirs, delta)):
            yield f"{layer.value} {delta:g}: {call}, of the whole chain {same_call}"


def _priced(snapshot: MarketSnapshot, series: ListedSeries) -> PricedChain | None:
    return price_chain(snapshot, trading_class=series.trading_class, expiry=series.expiry)


def _condor(chain: PricedChain | None, aim: TierDeltas) -> tuple[float, ...] | None:
    """Return the strikes of the condor that the rules choose."""
    legs = None if chain is None else condor_legs(chain, aim, RULES.condor)
    return None if legs is None else tuple(leg.contract.strike for leg in legs)


def _call(chain: PricedChain | None, delta: float) -> float | None:
    """Return the strike of the VIX call that the rules choose."""
    index = None if chain is None else chain.nearest_delta(Right.CALL, delta, tolerance=1.0)
    return None if chain is None or index is None else float(chain.strike[index])


def _listed(series: Iterable[OptionSeries]) -> list[ListedSeries]:
    return [
        ListedSeries(
            underlying=each.underlying,
            trading_class=each.trading_class,
            expiry=each.expiry,
            last_trade=each.last_trade,
            strikes=each.strikes,
        )
        for each in series
    ]


def _quote(quote: SimQuote | None) -> Quote:
    """Return what the bot would know: a bid of 0 is nobody's."""
    if quote is None:
        return Quote()
    return Quote(bid=quote.bid or None, ask=quote.ask or None, last=quote.last)


def _last(market: PlaybackMarket, symbol: str) -> float | None:
    quote = market.index(symbol)
    return None if quote is None else quote.last
