"""The result of a decision: verdicts of every gate, and ordered intents.

Prices of intents are *net debits* for one unit of the order, in points: positive is paid,
negative is received. A condor is opened at a negative net price (a credit) and closed at a
positive one; selling a call is a negative net price too. Only ``bot.broker.orders`` knows how
the venue wants it written.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.core.book import HedgeNotes, Layer, Leg, Tier
from bot.core.model import Session
from bot.core.parity import ParityFlag

Observed = float | int | str | bool | None
"""What a gate saw; ``None`` is unknown."""


COVERAGE_SHOCK: Final = (-0.10, 20.0)
"""SPX share and VIX points at which shock coverage is read."""


class Purpose(StrEnum):
    """What an intent does to risk; the order of members is the order of execution."""

    REDUCE = "reduce"
    PROTECT = "protect"
    ADD = "add"


class Action(StrEnum):
    """What an intent does to a structure."""

    OPEN_CONDOR = "open_condor"
    CLOSE_CONDOR = "close_condor"
    BUY_HEDGE = "buy_hedge"
    SELL_HEDGE = "sell_hedge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one gate said about one subject.

    Parameters
    ----------
    code
        Name of the gate, upper case with underscores: ``VIX_TERM_STRUCTURE``.
    subject
        What was judged: ``condor:balanced``, ``layer:near``, ``book``.
    observed, limit
        The value seen and the bound it was held against; ``None`` is unknown.
    passed
        Whether the gate lets it through. Unknown does not pass a gate of ADD.
    """

    code: str
    subject: str
    observed: Observed
    limit: Observed
    passed: bool

    def text(self) -> str:
        """One line: ``VIX_TERM_STRUCTURE condor:balanced denied observed=1.02 limit=1.0``."""
        word = "passed" if self.passed else "denied"
        return f"{self.code} {self.subject} {word} observed={self.observed} limit={self.limit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLadder:
    """Net prices to try, best for us first, each on a valid tick.

    Parameters
    ----------
    steps
        Net debits in points, never decreasing. The last one is the floor: the worst that is
        accepted.
    seconds
        Time at each step.
    share
        Share of the half-spread that was conceded; ``None`` in ledgers of before.
    worst
        Net debit that a rule lets no step exceed; ``None`` where no rule sets one.
    beyond_mid
        Whether it goes on to the tick beyond the mid where its share ends short of it.
    """

    steps: tuple[Decimal, ...]
    seconds: float
    share: float | None = None
    worst: Decimal | None = None
    beyond_mid: bool = False

    @property
    def floor(self) -> Decimal:
        """The worst net price that is accepted."""
        return self.steps[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """An order that shall be sent if every guard agrees when its turn comes.

    Parameters
    ----------
    intent_id
        Deterministic: ``session:strategy:action:slot``. Deciding again gives the same.
    session
        Session it belongs to; it does not outlive it.
    purpose, action
        What it does to risk, and to a structure.
    structure_id
        The condor or the lot that it opens or closes.
    legs
        Signed legs of one unit in the direction of the trade: +1 is bought, -1 is sold. One
        leg or four.
    quantity
        Units at most.
    ladder
        Prices to try.
    mid, natural
        Net debit at the mids, and when each leg pays its full spread, in points.
    layer, tier
        Of the structure, where it has one.
    after
        ``intent_id`` of the buy that must fill first; no more units than it filled.
    after_reserved
        Units of that buy which earlier sales of the decision, or the layer itself, need first.
    needs_cover
        Units are cut to what the hedge layers cover once the hedge orders are done.
    max_loss_usd
        Most that one unit can lose, in USD, for ADD; 0 otherwise.
    extrinsic_points
        For a hedge bought: extrinsic value at the mid, in points.
    reason
        The rule that asked for it, in a word or two: ``take_profit``, ``roll_due``.
    repays_points
        For a condor that replaces another: fees of one unit of both in points. Its credit must
        bring these and what the close, named by `after`, really cost. ``None`` asks nothing.
    """

    intent_id: str
    session: Session
    purpose: Purpose
    action: Action
    structure_id: str
    legs: tuple[Leg, ...]
    quantity: int
    ladder: PriceLadder
    mid: Decimal
    natural: Decimal
    reason: str
    layer: Layer | None = None
    tier: Tier | None = None
    after: str | None = None
    after_reserved: int = 0
    needs_cover: bool = False
    max_loss_usd: float = 0.0
    extrinsic_points: float | None = None
    repays_points: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One computed figure of the decision, kept for the ledger and the review."""

    name: str
    value: Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFigures:
    """One layer of the hedge as a decision saw it; ``None`` is unknown.

    Parameters
    ----------
    layer
        The layer.
    target, held
        Contracts wanted now, and contracts that protect beyond this session.
    cost_usd
        Paid for what is held, without commissions.
    extrinsic_bought_usd, extrinsic_left_usd
        Extrinsic value of what is held: when it was bought, and at the mids of now.
    mark_multiple
        What is held at the bid over its cost; ``None`` while nothing is held.
    days_to_roll
        Calendar days until the first lot is due by its days, negative once it is.
    roll_reason
        Why the first lot rolls now, or what it waits for; empty while nothing is due.
    delta, target_delta
        Mean delta of what is held, by contracts, and the delta at which the layer is bought.
    """

    layer: Layer
    target: int
    held: int
    cost_usd: float
    extrinsic_bought_usd: float | None = None
    extrinsic_left_usd: float | None = None
    mark_multiple: float | None = None
    days_to_roll: int | None = None
    roll_reason: str = ""
    delta: float | None = None
    target_delta: float

    @property
    def drift(self) -> float | None:
        """How far the delta of what is held has moved from the one that is bought."""
        return None if self.delta is None else self.delta - self.target_delta


@dataclass(frozen=True, slots=True, kw_only=True)
class StressCell:
    """What the book would gain in one shock of the market, in USD; ``None`` is unknown.

    Parameters
    ----------
    spx, vix_points
        Change of SPX as a share, and of the VIX in points.
    condor_usd, hedge_usd
        Gain of the condors, and of the VIX calls.
    """

    spx: float
    vix_points: float
    condor_usd: float | None
    hedge_usd: float | None

    @property
    def shock(self) -> tuple[float, float]:
        """Change of SPX and of the VIX."""
        return self.spx, self.vix_points


@dataclass(frozen=True, slots=True, kw_only=True)
class StressGrid:
    """The book that a decision leads to, repriced at every shock (``bot.core.stress``)."""

    cells: tuple[StressCell, ...]

    @property
    def coverage(self) -> float | None:
        """Shock coverage: hedge gain over condor loss at -10 % and +20 points.

        ``None`` when either is unknown, or no condor loses there.
        """
        at = next((cell for cell in self.cells if cell.shock == COVERAGE_SHOCK), None)
        if at is None or at.condor_usd is None or at.hedge_usd is None or at.condor_usd >= 0:
            return None
        return at.hedge_usd / -at.condor_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What ``decide`` concluded: intents in the order in which they shall be executed.

    `parity` names the conversions and reversals of VIX options whose edge is above their fees.
    `notes` is what the hedge hands on to the next session, `layers` the state of its layers,
    `stress` the book repriced at shocks.
    """

    session: Session
    decision_version: int
    regime: str
    signals: tuple[Signal, ...]
    verdicts: tuple[Verdict, ...]
    intents: tuple[OrderIntent, ...]
    notes: HedgeNotes | None = None
    layers: tuple[LayerFigures, ...] = ()
    parity: tuple[ParityFlag, ...] = ()
    stress: StressGrid | None = None
