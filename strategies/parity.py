"""Conversion and reversal monitor of the VIX chain (methodology, section 7).

Rules, with the exceptions:

- Watched are the strikes of which call and put are both quoted, in each monthly VIX expiry that
  has a quoted VX future. Weekly options settle with futures that are hardly traded.
- A combination whose edge is above its fees is *flagged*, with its edge and its size. How long a
  flag lasts is kept across sessions by the ledger.
- Nothing is traded: there is no execution of these combinations, in code or in configuration. A
  flag says that the quotes of the hedge are out of line, which is worth knowing before they are
  paid.
- Where no strike can be judged the monitor knows nothing, and its verdict says so. It blocks
  nothing in either case.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.core.decision import Verdict
from bot.core.model import Right
from bot.core.parity import (
    Arbitrage,
    ParityFlag,
    ParityQuotes,
    edge,
    pair_fees_points,
    pair_size,
)
from strategies.base import Context, Proposal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from bot.core.model import Quote

VIX_CLASS: Final = "VIX"
KINDS: Final = tuple(Arbitrage)


def propose(context: Context) -> Proposal:
    """Return the flags, and one verdict with the best edge; never an order."""
    edges = list(_edges(context))
    fees = pair_fees_points(context.rules.parity)
    flags = tuple(_flag(found, fees) for found in edges if found.points > fees)
    best = max((found.points for found in edges), default=None)
    verdict = Verdict(
        code="PARITY",
        subject="vix",
        observed=best,
        limit=fees,
        passed=best is not None and not flags,
    )
    return Proposal(verdicts=(verdict,), parity=flags)


class _Edge(NamedTuple):
    """A combination that can be judged, and what it earns before fees, in points."""

    expiry: dt.date
    kind: Arbitrage
    quotes: ParityQuotes
    points: float


def _flag(found: _Edge, fees: float) -> ParityFlag:
    return ParityFlag(
        expiry=found.expiry,
        strike=found.quotes.strike,
        kind=found.kind,
        edge_points=found.points,
        fees_points=fees,
        size=pair_size(found.kind, found.quotes),
    )


def _edges(context: Context) -> Iterator[_Edge]:
    """Yield every combination that can be judged, flagged or not."""
    for expiry, quotes in _strikes(context):
        for kind in KINDS:
            points = edge(kind, quotes)
            if points is not None:
                yield _Edge(expiry, kind, quotes, points)


def _strikes(context: Context) -> Iterator[tuple[dt.date, ParityQuotes]]:
    """Yield the three markets of each strike that has them, by expiry and strike."""
    markets = _quoted(context)
    for future in context.snapshot.vx_curve:
        chain = context.chain(VIX_CLASS, future.expiry)
        if chain is None:  # not without a live future
            continue
        calls, puts = (markets[future.expiry, right] for right in (Right.CALL, Right.PUT))
        for strike in sorted(calls.keys() & puts.keys()):
            yield (
                future.expiry,
                ParityQuotes(
                    strike=strike,
                    call=calls[strike],
                    put=puts[strike],
                    future=future.quote,
                    discount=chain.discount,
                ),
            )


def _quoted(context: Context) -> dict[tuple[dt.date, Right], dict[float, Quote]]:
    """Return the live quotes of monthly VIX options by strike, for each expiry and right."""
    found: dict[tuple[dt.date, Right], dict[float, Quote]] = defaultdict(dict)
    for contract, quote in context.quotes.items():
        if contract.trading_class == VIX_CLASS:
            found[contract.expiry, contract.right][contract.strike] = quote
    return found
