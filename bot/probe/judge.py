"""What was seen against what is assumed: pure, one function for each kind of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.core.errors import CalendarError
from bot.core.sessions import expiry_of, is_monthly_vix_expiry, settlement_time
from bot.core.ticks import BAND_LIMIT, TICKS
from bot.probe.findings import Finding, differs, holds, not_tested

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from bot.broker.reference import ContractFact, Hours, PriceBand
    from bot.core.model import BreadthDay
    from bot.core.sessions import TradingCalendar

FEWEST_ISSUES, MOST_ISSUES = 2000, 4000
"""NYSE issues that advance or decline on a day (about 2,800)."""

CLEAR_RETURN: Final = 0.004
"""Move of SPX since the close before, beyond which the majority of issues goes along."""

CLEAR_MAJORITY: Final = 0.2
"""Difference of the counts over their sum that is a majority."""

SKEW_SECONDS: Final = 2.0
SERVER_VERSION: Final = 176
BARS_NEEDED: Final = 300
BREADTH_NEEDED: Final = 60
"""Days below which breadth is unknown."""


def judge_version(version: int) -> Finding:
    """Judge the server version agreed on."""
    if version == SERVER_VERSION:
        return holds(f"{version}")
    return differs(f"{version}, expected is {SERVER_VERSION}: update the gateway")


def judge_skew(skews: Sequence[float]) -> Finding:
    """Judge the differences (seconds) between the gateway's time and ours."""
    worst = max(skews, key=abs)
    text = f"{worst:+.1f} s from this machine's"
    return holds(text) if abs(worst) <= SKEW_SECONDS else differs(text)


def judge_option_dates(facts: Iterable[ContractFact], calendar: TradingCalendar) -> Finding:
    """Judge the dates of options, one of each trading class."""
    wrong: list[str] = []
    seen: list[str] = []
    for fact in facts:
        text = f"{fact.trading_class} {fact.last_trade} settles {fact.real_expiry}"
        (seen if _dated_by_last_trade(fact, calendar) else wrong).append(text)
    if wrong:
        return differs("; ".join(wrong))
    return holds("; ".join(seen)) if seen else not_tested("no option was found")


def _dated_by_last_trade(fact: ContractFact, calendar: TradingCalendar) -> bool:
    if fact.last_trade is None:
        return False
    try:
        expected = expiry_of(fact.trading_class, fact.last_trade, calendar)
    except CalendarError:
        return False
    return fact.real_expiry == expected


def judge_strikes(own: Sequence[float], listed: Sequence[float]) -> Finding:
    """Judge the strikes of one expiry against those of its trading class."""
    strange = sorted(set(own) - set(listed))
    if strange:
        return differs(f"{len(strange)} strikes that its class does not list, from {strange[0]:g}")
    return holds(f"{len(own)} of the {len(listed)} strikes of its class")


def judge_ticks(bands: Mapping[str, Sequence[PriceBand]]) -> Finding:
    """Judge price bands by trading class against our table."""
    wrong = [name for name, found in bands.items() if not _bands_agree(name, found)]
    if wrong:
        return differs("; ".join(f"{name} {_bands_text(bands[name])}" for name in wrong))
    return holds(", ".join(bands)) if bands else not_tested("no market rule was found")


def _bands_agree(trading_class: str, bands: Sequence[PriceBand]) -> bool:
    ours = TICKS[trading_class]
    below = [band.increment for band in bands if band.low_edge < BAND_LIMIT]
    above = [band.increment for band in bands if band.low_edge <= BAND_LIMIT]
    return (
        set(below) == {ours.below} and above[-1] == ours.above and bands[-1].increment == above[-1]
    )


def _bands_text(bands: Sequence[PriceBand]) -> str:
    return " ".join(f"{band.increment} from {band.low_edge}" for band in bands)


def judge_hours(hours: Iterable[Hours], calendar: TradingCalendar) -> Finding:
    """Judge liquid hours of an option that does not expire on any of their days."""
    told = [day for day in hours if calendar.covers(day.date)]
    wrong = [_disagreement(day, calendar) for day in told]
    found = [text for text in wrong if text]
    if found:
        return differs("; ".join(found))
    return holds(f"{len(told)} days agree") if told else not_tested("no liquid hours were told")


def _disagreement(told: Hours, calendar: TradingCalendar) -> str:
    ours = calendar.day(told.date) if calendar.is_session(told.date) else None
    opens, closes = (ours.open, ours.close) if ours else (None, None)
    if (told.open, told.close) == (opens, closes):
        return ""
    return f"{told.date}: {_span(told.open, told.close)}, our calendar {_span(opens, closes)}"


def judge_expiry_day(fact: ContractFact, calendar: TradingCalendar) -> Finding:
    """Judge when an SPXW option stops on the day it expires."""
    day = next((each for each in fact.liquid_hours if each.date == fact.last_trade), None)
    if day is None or fact.last_trade is None:
        return not_tested(f"no liquid hours were told of {fact.last_trade}")
    expected = settlement_time(fact.trading_class, calendar.day(fact.last_trade))
    text = f"{fact.last_trade}: {_span(day.open, day.close)}"
    return holds(text) if day.close == expected else differs(f"{text}, expected {expected:%H:%M}")


def _span(opens: dt.datetime | None, closes: dt.datetime | None) -> str:
    return f"{opens:%H:%M}-{closes:%H:%M} UTC" if opens and closes else "closed"


def judge_vx_dates(facts: Sequence[ContractFact], calendar: TradingCalendar) -> Finding:
    """Judge the dates of all listed VX futures."""
    dates = [fact.last_trade for fact in facts if fact.trading_class == "VX"]
    within = [date for date in dates if date and calendar.covers(date)]
    if not within:
        return differs(f"none of {len(facts)} futures on VIX has trading class VX and a date")
    odd = [date for date in within if not is_monthly_vix_expiry(date, calendar)]
    if odd:
        return differs(f"not a monthly VIX expiry: {', '.join(map(str, sorted(odd)))}")
    return holds(f"{len(within)} months, {min(within)} to {max(within)}")


def judge_breadth(day: BreadthDay | None, spx_return: float | None) -> Finding:
    """Judge the counts of AD-NYSE, and on a decided day their direction.

    Parameters
    ----------
    day
        Counts as the bot reads them; ``None`` when it cannot.
    spx_return
        Of SPX since the close before; ``None`` when unknown.
    """
    if day is None:
        return differs("AD-NYSE has no live bid and ask")
    issues = day.advances + day.declines
    text = f"{day.advances:g} up, {day.declines:g} down"
    if not FEWEST_ISSUES <= issues <= MOST_ISSUES:
        return differs(f"{text}: {issues:g} issues, plausible {FEWEST_ISSUES} to {MOST_ISSUES}")
    majority = (day.advances - day.declines) / issues
    if spx_return is None or abs(spx_return) < CLEAR_RETURN or abs(majority) < CLEAR_MAJORITY:
        return holds(f"{text}; the direction is not decided today, probe again on another day")
    text = f"{text} with SPX {spx_return:+.2%}"
    return holds(text) if majority * spx_return > 0 else differs(f"{text}: the sides are swapped")
