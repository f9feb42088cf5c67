"""One recorded session: its levels, its chains, and what had to be modelled beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.errors import RecordedDataError
from bot.core.model import OptionContract, Right, Session, TradingDay
from bot.core.sessions import last_trade_of
from bot.data.chains import Capture, RecordedSeries, RecordedSession, read_chain
from bot.simulator.listings import option_series
from bot.simulator.market import OptionSeries, Provenance, ProvenanceNote, SimQuote
from bot.simulator.modelled import SPX_SIZE, VIX_SIZE, SeriesKey
from bot.simulator.products import STRIKE_STEP
from bot.surfaces.levels import VolLevels, vol_levels
from bot.surfaces.listings import years_to_open
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from bot.core.sessions import TradingCalendar
    from bot.data.histories import Histories

DIVIDEND_YIELD: Final = 0.013
"""Yield of SPX that stands between the index and its forwards, decimal per year."""

OVERNIGHT: Final = frozenset({"gth_evening", "pre_open"})
"""Captures whose quotes belong to a later level of SPX than the close of their session."""

VOL_INDEXES: Final = ("vix9d", "vix3m", "vvix", "skew")
VX_DETAIL: Final = {True: "recorded settlements, spread modelled", False: "from VIX and VIX3M"}
BREADTH_DETAIL: Final = {True: "NYSE issues", False: "from the return of SPX"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLevels:
    """Levels that hold for the whole of a recorded session, and where they come from.

    Parameters
    ----------
    spx
        SPX, points.
    vol
        Volatility indexes, points.
    rate
        Continuously compounded, decimal per year.
    sources
        By name of the level: recorded or modelled.
    """

    spx: float
    vol: VolLevels
    rate: float
    sources: Mapping[str, Provenance]

    def of(self, symbol: str) -> float:
        """Return the level of an index by its symbol."""
        return self.spx if symbol == "SPX" else float(getattr(self.vol, symbol.lower()))


def day_levels(recorded: RecordedSession, histories: Histories) -> DayLevels:
    """Return the levels of a session.

    SPX is its recorded close; the level in the file for a capture within regular hours; and for
    an overnight capture the level that its own put-call parity implies.

    Raises
    ------
    RecordedDataError
        If the histories do not cover SPX, the VIX or the rate on that session.
    """
    session = recorded.session
    bar, vix = histories.spx.on(session), histories.vix.on(session)
    rate = histories.rate(session, 1 / 12)
    if bar is None or vix is None or rate is None:
        raise RecordedDataError(
            f"{session}: histories must cover SPX ({bar}), VIX ({vix}) and rates ({rate})"
        )
    closes = histories.vol_closes.get(session)
    known = {name: None if closes is None else getattr(closes, name) for name in VOL_INDEXES}
    spx, source = _spx_level(recorded.spx, bar.close, rate)
    sources = {name: _provenance(recorded=level is not None) for name, level in known.items()}
    return DayLevels(
        spx=spx,
        vol=vol_levels(vix.close, **known),
        rate=rate,
        sources={"spx": source, "vix": Provenance.RECORDED} | sources,
    )


def _spx_level(capture: Capture | None, close: float, rate: float) -> tuple[float, Provenance]:
    if capture is None or capture.quote_session == "rth_close":
        return close, Provenance.RECORDED
    if capture.quote_session not in OVERNIGHT:
        return capture.spot or close, Provenance.RECORDED
    if capture.parity_forward is None or capture.parity_expiry is None:
        return close, Provenance.RECORDED
    years = (capture.parity_expiry - capture.session).days / 365
    carried = capture.parity_forward * math.exp((DIVIDEND_YIELD - rate) * years)
    return carried, Provenance.MODELLED


def _provenance(*, recorded: bool) -> Provenance:
    return Provenance.RECORDED if recorded else Provenance.MODELLED


class RecordedChain:
    """The recorded quotes of one underlying on one session.

    Parameters
    ----------
    recorded
        Every series of the capture.
    day
        The session.
    calendar
        For the last trade dates; a series whose expiry is no session is left out, and so is one
        that has traded for the last time.
    """

    def __init__(
        self, recorded: Iterable[RecordedSeries], day: TradingDay, calendar: TradingCalendar
    ) -> None:
        self._quotes: dict[SeriesKey, RecordedSeries] = {}
        self._at: dict[SeriesKey, dict[float, int]] = {}
        self.series: dict[SeriesKey, OptionSeries] = {}
        for each in recorded:
            if _tradable(each, day.session, calendar):
                self._add(each, calendar)

    def option(self, contract: OptionContract) -> SimQuote | None:
        """Return the recorded quote, or ``None`` when the option was not quoted."""
        key = (contract.trading_class, contract.expiry)
        at = self._at.get(key, {}).get(contract.strike)
        if at is None:
            return None
        quotes, call = self._quotes[key], contract.right is Right.CALL
        bid = float((quotes.call_bid if call else quotes.put_bid)[at])
        ask = float((quotes.call_ask if call else quotes.put_ask)[at])
        if math.isnan(bid):
            return None
        assumed = SPX_SIZE if contract.underlying == "SPX" else VIX_SIZE
        of_bid, of_ask = quotes.sizes.get((contract.strike, contract.right.value), (None, None))
        return SimQuote(
            bid=bid,
            ask=ask,
            bid_size=(of_bid or assumed) if bid > 0 else 0,
            ask_size=of_ask or assumed,
            provenance=Provenance.RECORDED,
        )

    @property
    def sizes_recorded(self) -> bool:
        """Whether the sizes are those of the capture, where it has them."""
        return any(series.sizes for series in self._quotes.values())

    def _add(self, recorded: RecordedSeries, calendar: TradingCalendar) -> None:
        name, expiry = recorded.trading_class, recorded.expiry
        step = STRIKE_STEP[name[:3]]
        at = {float(k): n for n, k in enumerate(recorded.strikes) if float(k) % step == 0}
        self._quotes[name, expiry] = recorded
        self._at[name, expiry] = at
        self.series[name, expiry] = option_series(name, expiry, calendar, tuple(at))


def _tradable(recorded: RecordedSeries, session: Session, calendar: TradingCalendar) -> bool:
    if not calendar.covers(recorded.expiry) or not calendar.is_session(recorded.expiry):
        return False
    return last_trade_of(recorded.trading_class, recorded.expiry, calendar) >= session


def load_chain(
    capture: Capture | None, day: TradingDay, calendar: TradingCalendar
) -> RecordedChain | None:
    """Read the chain of a capture; ``None`` without one.

    Raises
    ------
    RecordedDataError
        If the file is missing, truncated or corrupt.
    """
    if capture is None:
        return None
    return RecordedChain(read_chain(capture.path), day, calendar)


class VxCurve:
    """VX futures of one session: the recorded settlements, and the model where there are none.

    Between recorded futures (weekly options have none of their own) and beyond them the model's
    curve is scaled by how the neighbours differ from it.

    Parameters
    ----------
    levels
        Volatility indexes, points.
    settlements
        By expiry, points; empty when the session is not covered.
    calendar
        For the time to settlement.
    """

    def __init__(
        self, levels: VolLevels, settlements: Mapping[dt.date, float], calendar: TradingCalendar
    ) -> None:
        self.recorded = settlements
        self._levels = levels
        self._calendar = calendar

    def level(self, expiry: dt.date, now: dt.datetime) -> float:
        """Return the level at `now` of the future that settles on `expiry`, points."""
        if expiry in self.recorded:
            return self.recorded[expiry]
        years = years_to_open(self._calendar, expiry, now)
        return vx_level(self._levels, years) * self._scale(years, now)

    def _scale(self, years: float, now: dt.datetime) -> float:
        times, ratios = [0.0], [1.0]
        for expiry, level in sorted(self.recorded.items()):
            at = years_to_open(self._calendar, expiry, now)
            times.append(at)
            ratios.append(level / vx_level(self._levels, at))
        return float(np.interp(years, times, ratios))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDay:
    """A recorded session in memory.

    Parameters
    ----------
    day
        Its hours.
    recorded
        The captures that stand for it.
    levels
        Its levels.
    chains
        Recorded chains by underlying; one that is absent is modelled.
    curve
        VX futures.
    series
        Everything listed, recorded or modelled.
    """

    day: TradingDay
    recorded: RecordedSession
    levels: DayLevels
    chains: Mapping[str, RecordedChain]
    curve: VxCurve
    series: dict[SeriesKey, OptionSeries]


def day_notes(loaded: LoadedDay, *, breadth_recorded: bool) -> tuple[ProvenanceNote, ...]:
    """Say for each subject of a session what it was made from."""
    session, captures = loaded.day.session, loaded.recorded
    curve = bool(loaded.curve.recorded)
    return (
        _chain_note(loaded, "SPX", captures.spx),
        _chain_note(loaded, "VIX", captures.vix),
        *(_level_note(loaded, name) for name in ("spx", "vix", *VOL_INDEXES)),
        note(session, "VX curve", VX_DETAIL[curve], recorded=curve),
        note(session, "breadth", BREADTH_DETAIL[breadth_recorded], recorded=breadth_recorded),
        note(session, "sector ETFs", "from SPX by beta", recorded=False),
        note(session, "VIX settlement", "the open of the VIX for its SOQ", recorded=False),
    )


def note(session: Session, subject: str, detail: str, *, recorded: bool) -> ProvenanceNote:
    """Return one note of a session."""
    return ProvenanceNote(
        session=session, subject=subject, provenance=_provenance(recorded=recorded), detail=detail
    )


def _level_note(loaded: LoadedDay, name: str) -> ProvenanceNote:
    recorded = loaded.levels.sources[name] is Provenance.RECORDED
    modelled = (
        "put-call parity of its chain" if name == "spx" else "not recorded: what goes with the VIX"
    )
    detail = "recorded level" if recorded else modelled
    return note(loaded.day.session, f"{name.upper()} level", detail, recorded=recorded)


def _chain_note(loaded: LoadedDay, underlying: str, capture: Capture | None) -> ProvenanceNote:
    session, vol = loaded.day.session, loaded.levels.vol
    if capture is None:
        detail = f"no capture: surface from VIX {vol.vix:g}, VVIX {vol.vvix:.4g}"
        return note(session, f"{underlying} options", detail, recorded=False)
    taken = capture.captured_at or "time unknown"
    sizes = "recorded" if loaded.chains[underlying].sizes_recorded else "assumed"
    detail = f"{capture.path.name} ({capture.quote_session}, {taken}); sizes {sizes}"
    return note(session, f"{underlying} options", detail, recorded=True)
