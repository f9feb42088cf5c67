"""What a replay writes down: a row for each session, trade and layer, and the books made of them.

Gains of a session come by source. The replayed book is that of ``size`` 1; a book of another size
has as many times its contracts, gains and commissions, and interest on what its own cash is then.
The shadow has the gains of the condors, their commissions, and the same interest: the two differ by
what the hedge gained and its commissions, and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from bot.core.book import Layer, Tier
from bot.core.decision import Decision
from bot.core.model import MULTIPLIER
from bot.evidence.account import Account
from bot.evidence.books import HEDGED, SHADOW, BookDays, Replay
from bot.evidence.market import MarketDay
from bot.evidence.quoting import DayQuotes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from bot.core.book import HedgeLot
    from bot.core.decision import OrderIntent
    from bot.core.model import OptionContract, Quote, Session
    from bot.evidence.settings import ReplaySettings
    from bot.evidence.structures import Filled, Settled

    Quotes = Mapping[OptionContract, Quote]
    Row = dict[str, Any]

SETTLE: Final = "settle"
EXPIRY: Final = "expiry"
CONDOR: Final = "condor"
ENTRIES: Final = frozenset({CONDOR, *(f"{CONDOR}:{tier.value}" for tier in Tier)})
"""Subjects of the gates that a new condor must pass."""

DAYS_A_YEAR: Final = 365
TRADES: Final = (
    "session",
    "structure_id",
    "kind",
    "action",
    "reason",
    "quantity",
    "price",
    "mid",
    "half_spread",
    "fees_usd",
    "tier",
    "credit",
    "max_loss_usd",
    "scale",
    "contracts",
)
LAYERS: Final = ("session", "layer", "held", "cost_usd", "bid_usd", "mid_usd", "delta", "dte")
GAINS: Final = ("condor_usd", "hedge_usd", "condor_fees_usd", "hedge_fees_usd")
"""Cumulative amounts of each session, USD: what the books are made of."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """A session at its end.

    Parameters
    ----------
    day, decision
        The session, and what was decided.
    account
        What is held after the fills.
    market, quotes
        The option market, and the quotes of the decision.
    """

    day: MarketDay
    decision: Decision
    account: Account
    market: DayQuotes
    quotes: Quotes


class Records:
    """Rows of a replay under way.

    Parameters
    ----------
    settings
        What it assumes.
    """

    def __init__(self, settings: ReplaySettings) -> None:
        self._settings = settings
        self._days: list[Row] = []
        self._trades: list[Row] = []
        self._layers: list[Row] = []

    def filled(self, intent: OrderIntent, fill: Filled) -> None:
        """Write down a fill."""
        tier, opened = intent.tier, intent.max_loss_usd > 0
        self._trades.append(
            {
                "session": intent.session,
                "structure_id": intent.structure_id,
                "kind": CONDOR if intent.layer is None else intent.layer.value,
                "action": intent.action.value,
                "reason": intent.reason,
                "quantity": fill.quantity,
                "price": fill.price,
                "mid": float(intent.mid),
                "half_spread": float(intent.natural - intent.mid),
                "fees_usd": fill.fees_usd,
                "tier": "" if tier is None else tier.value,
                "credit": -fill.price if opened else np.nan,
                "max_loss_usd": intent.max_loss_usd if opened else np.nan,
                "scale": fill.scale,
                "contracts": _text((leg.ratio, leg.contract) for leg in intent.legs),
            }
        )

    def settled(self, session: Session, end: Settled) -> None:
        """Write down a settlement; what it pays is a negative net debit, as everywhere."""
        self._trades.append(
            {
                "session": session,
                "structure_id": end.structure_id,
                "kind": CONDOR if end.layer is None else end.layer.value,
                "action": SETTLE,
                "reason": EXPIRY,
                "quantity": end.quantity,
                "price": -end.value_points,
                "mid": -end.value_points,
                "half_spread": 0.0,
                "fees_usd": 0.0,
                "tier": "",
                "credit": np.nan,
                "max_loss_usd": np.nan,
                "scale": end.scale,
                "contracts": _text((leg.ratio, leg.contract) for leg in end.legs),
            }
        )

    def marked(self, marks: Marks) -> None:
        """Write down the end of a session."""
        day, account = marks.day, marks.account
        self._days.append(
            {"session": day.snapshot.session}
            | _market_row(day)
            | _decision_row(marks.decision)
            | _account_row(account, marks.quotes)
        )
        deltas = marks.market.deltas(lot.contract for lot in account.held_lots())
        for layer in Layer:
            lots = [lot for lot in account.held_lots() if lot.layer is layer]
            self._layers.append(
                {"session": day.snapshot.session, "layer": layer.value}
                | _layer_row(lots, marks, deltas)
            )

    def replay(self, rules_sha256: str) -> Replay:
        """Return what came of the replay."""
        days = pd.DataFrame(self._days).set_index("session")
        days.index = pd.DatetimeIndex(days.index)
        books = _books(days, self._settings)
        nav = np.concatenate([[self._settings.nav_usd], books[HEDGED].nav_usd])
        days["nav_usd"] = nav[1:]
        days["drawdown"] = (1 - nav / np.maximum.accumulate(nav))[1:]
        trades = pd.DataFrame(self._trades, columns=list(TRADES))
        layers = pd.DataFrame(self._layers, columns=list(LAYERS))
        for frame in (trades, layers):
            frame["session"] = pd.to_datetime(frame["session"])
        if self._settings.size != 1:
            trades[["quantity", "fees_usd"]] *= self._settings.size
            layers[["held", "cost_usd", "bid_usd", "mid_usd"]] *= self._settings.size
        return Replay(
            settings=self._settings,
            rules_sha256=rules_sha256,
            books=books,
            days=days.drop(columns=[*GAINS, "carry_usd"]),
            trades=trades,
            layers=layers,
        )


def _text(legs: Iterable[tuple[int, OptionContract]]) -> str:
    return ", ".join(f"{ratio:+d} {contract.label()}" for ratio, contract in legs)


def _market_row(day: MarketDay) -> Row:
    return {
        "spx": day.spx,
        "rebase": day.rebase,
        "vix": day.levels.vix,
        "vix3m": day.levels.vix3m,
        "vvix": day.levels.vvix,
        "vx1": next(iter(day.vx.values()), np.nan),
        "rate": day.snapshot.rate,
        "substitutes": " ".join(day.substitutes),
    }


def _decision_row(decision: Decision) -> Row:
    """Return the regime, and the gates of new condors that did not pass, by code."""
    signals = {signal.name: signal.value for signal in decision.signals}
    denied = {
        verdict.code
        for verdict in decision.verdicts
        if not verdict.passed and verdict.subject in ENTRIES
    }
    return {
        "regime": decision.regime,
        "score": signals["stress_score"],
        "cycle": signals["cycle"],
        "denied": " ".join(sorted(denied)),
    }


def _account_row(account: Account, quotes: Quotes) -> Row:
    condors, hedge = account.condor_value_usd(quotes), account.hedge_value_usd(quotes)
    return {
        "gross_width_usd": account.gross_width_usd,
        "condors_open": sum(condor.quantity for condor in account.held_condors()),
        "condor_value_usd": condors,
        "hedge_value_usd": hedge,
        "cash_usd": account.cash_usd,
        "condor_usd": account.condor.cash_usd + condors,
        "hedge_usd": account.hedge.cash_usd + hedge,
        "condor_fees_usd": account.condor.fees_usd,
        "hedge_fees_usd": account.hedge.fees_usd,
        "carry_usd": account.carry_usd,
    }


def _layer_row(
    lots: list[HedgeLot], marks: Marks, deltas_of: Mapping[OptionContract, float]
) -> Row:
    """Return what a layer holds, with its mean delta and days to settlement by contracts."""
    session, held = marks.day.snapshot.session, sum(lot.quantity for lot in lots)
    quotes = [(lot.quantity, marks.quotes[lot.contract]) for lot in lots]
    bids = sum(quantity * (quote.bid or 0.0) for quantity, quote in quotes)
    mids = sum(quantity * (quote.mid or quote.bid or 0.0) for quantity, quote in quotes)
    deltas = sum(lot.quantity * deltas_of[lot.contract] for lot in lots)
    days = sum(lot.quantity * lot.contract.dte(session) for lot in lots)
    return {
        "held": held,
        "cost_usd": MULTIPLIER * sum(float(lot.cost_points) * lot.quantity for lot in lots),
        "bid_usd": MULTIPLIER * bids,
        "mid_usd": MULTIPLIER * mids,
        "delta": deltas / held if held else np.nan,
        "dte": days / held if held else np.nan,
    }


def _books(days: pd.DataFrame, settings: ReplaySettings) -> dict[str, BookDays]:
    """Return the hedged book and its shadow."""
    gains = {name: settings.size * _changes(days[name].to_numpy(float)) for name in GAINS}
    carry = _interest(days, settings)
    nothing = np.zeros_like(carry)
    fees = -gains["condor_fees_usd"]
    shadow = _book(days, settings, SHADOW, (gains["condor_usd"], nothing, carry, fees))
    fees = fees - gains["hedge_fees_usd"]
    hedged = _book(days, settings, HEDGED, (gains["condor_usd"], gains["hedge_usd"], carry, fees))
    return {HEDGED: hedged, SHADOW: shadow}


def _book(
    days: pd.DataFrame,
    settings: ReplaySettings,
    name: str,
    sources: tuple[NDArray[np.float64], ...],
) -> BookDays:
    condor, hedge, carry, fees = sources
    return BookDays(
        name=name,
        sessions=days.index.to_numpy(dtype="datetime64[D]"),
        nav_usd=settings.nav_usd + np.cumsum(condor + hedge + carry + fees),
        condor_usd=condor,
        hedge_usd=hedge,
        carry_usd=carry,
        fees_usd=fees,
    )


def _changes(cumulative: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.diff(cumulative, prepend=0.0)


def _interest(days: pd.DataFrame, settings: ReplaySettings) -> NDArray[np.float64]:
    """Return the interest of each session on the cash of the session before, USD."""
    carried = days["carry_usd"].to_numpy(float)
    if settings.size == 1:
        return _changes(carried)
    flows = settings.size * (days["cash_usd"].to_numpy(float) - settings.nav_usd - carried)
    elapsed = np.diff(days.index.to_numpy(dtype="datetime64[D]")).astype(float)
    factors = days["rate"].to_numpy(float)[:-1] * elapsed / DAYS_A_YEAR
    interest, earned = np.zeros(len(days)), 0.0
    for at, factor in enumerate(factors, start=1):
        interest[at] = (settings.nav_usd + flows[at - 1] + earned) * factor
        earned += interest[at]
    return interest
