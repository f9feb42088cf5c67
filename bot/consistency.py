"""Relations between configured values, which no bound of a single key can say.

Each function yields every conflict it finds and raises nothing; ``bot.config`` lists them
together with the faults of single keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.quiet import parse_window

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from bot.core.model import EventTable
    from bot.core.rules import CondorRules, HedgeRules, Rules
    from bot.settings import BrokerSettings, ScheduleSettings, Settings

PAPER_ACCOUNT = re.compile(r"(DU|DF)\d{4,}", re.ASCII)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SATURDAY = 5
LIVE_PORTS = {4001: "IB Gateway", 7496: "TWS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One relation that does not hold.

    Parameters
    ----------
    keys
        Keys that take part, the one to name first.
    value
        Value of the first key.
    text
        What it must be.
    """

    keys: tuple[str, ...]
    value: object
    text: str


def settings_conflicts(settings: Settings) -> Iterator[Conflict]:
    """Conflicts in ``config/steward.toml``."""
    yield from _broker_conflicts(settings.broker)
    yield from _quiet_conflicts(settings.broker)
    yield from _override_conflicts(settings.schedule)
    yield from _ping_conflicts(settings.health.ping_url)
    for name in ("decide_at", "decide_at_half_day"):
        at: dt.time = getattr(settings.schedule, name)
        if at.tzinfo is not None:
            yield Conflict(
                keys=(f"schedule.{name}",),
                value=at.isoformat(),
                text="must be New York time without an offset",
            )
    if settings.snapshots.thin_days < settings.snapshots.pack_days:
        yield Conflict(
            keys=("snapshots.thin_days", "snapshots.pack_days"),
            value=settings.snapshots.thin_days,
            text=f"must not be below snapshots.pack_days = {settings.snapshots.pack_days}",
        )
    if not settings.ledger.path.name:
        yield Conflict(
            keys=("ledger.path",), value=str(settings.ledger.path), text="must name a file"
        )


def _broker_conflicts(broker: BrokerSettings) -> Iterator[Conflict]:
    if not PAPER_ACCOUNT.fullmatch(broker.account):
        yield Conflict(
            keys=("broker.account",),
            value=broker.account,
            text="must be a paper account, DU or DF and digits: steward never trades another",
        )
    if broker.mode != "paper":
        return
    if broker.port == 0:
        yield Conflict(
            keys=("broker.port", "broker.mode"),
            value=0,
            text='must be 1 to 65535 unless broker.mode = "simulated"',
        )
    if program := LIVE_PORTS.get(broker.port):
        yield Conflict(
            keys=("broker.port", "broker.mode"),
            value=broker.port,
            text=f"is the port of a live {program}: the paper one listens on 4002 (TWS 7497)",
        )


def _quiet_conflicts(broker: BrokerSettings) -> Iterator[Conflict]:
    for text in broker.quiet_windows:
        try:
            parse_window(text)
        except ValueError as fault:
            yield Conflict(keys=("broker.quiet_windows",), value=text, text=str(fault))


def _override_conflicts(schedule: ScheduleSettings) -> Iterator[Conflict]:
    """Yield each overridden day that can be no session, or is written twice."""
    for name in ("closures", "half_days"):
        key, days = f"schedule.{name}", getattr(schedule, name)
        yield from _unique(key, tuple(str(day) for day in days))
        for day in days:
            if day.weekday() >= SATURDAY:
                yield Conflict(
                    keys=(key,), value=str(day), text="is a weekend: take it out, or mend the date"
                )
    both = sorted(set(schedule.closures) & set(schedule.half_days))
    for day in both:
        yield Conflict(
            keys=("schedule.half_days", "schedule.closures"),
            value=str(day),
            text="is in schedule.closures too: a day is closed or half, not both",
        )


def _ping_conflicts(url: str) -> Iterator[Conflict]:
    """Yield what is wrong with the address, which is a secret and is not shown."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
    except ValueError:
        host, scheme = "", ""
    if not host or not (scheme == "https" or (scheme == "http" and host in LOOPBACK)):
        yield Conflict(
            keys=("health.ping_url",),
            value="(not shown)",
            text="must be an https address, or http on 127.0.0.1",
        )


def rules_conflicts(rules: Rules) -> Iterator[Conflict]:
    """Conflicts in ``config/rules.toml``."""
    yield from _ascending("signals", rules.signals, "macd_fast", "macd_slow", strictly=True)
    yield from _ascending(
        "signals", rules.signals, "breadth_down_oscillator", "breadth_up_oscillator"
    )
    yield from _ascending(
        "signals", rules.signals, "correction_drawdown", "bear_drawdown", strictly=True
    )
    yield from _condor_conflicts(rules.condor)
    yield from _hedge_conflicts(rules.hedge)
    yield from _ascending("ladder", rules.ladder, "floor_share", "reduce_floor_share")
    yield from _ascending("health", rules.health, "quick_ratio_reduce_only", "quick_ratio_entries")


def _condor_conflicts(condor: CondorRules) -> Iterator[Conflict]:
    yield from _ascending("condor", condor, "dte_minimum", "dte_target", "dte_maximum")
    yield from _ascending("condor", condor, "time_exit_dte", "dte_minimum", strictly=True)
    yield from _ascending("condor", condor, "vix_low", "vix_high", strictly=True)
    yield from _ascending("condor", condor, "shift_days_minimum", "shift_days_maximum")
    yield from _ascending(
        "condor.daily",
        condor.daily,
        "conservative_credit",
        "balanced_credit",
        "aggressive_credit",
    )
    yield from _ascending(
        "condor",
        condor,
        "session_risk_pct_of_nav",
        "expiry_risk_pct_of_nav",
        "book_risk_pct_of_nav",
    )
    if condor.is_daily and "SPXW" not in condor.trading_classes:
        yield Conflict(
            keys=("condor.profile", "condor.trading_classes"),
            value=condor.profile,
            text='needs "SPXW" in condor.trading_classes: only these expire at the close',
        )
    for name in ("tiers", "trading_classes"):
        yield from _unique(f"condor.{name}", getattr(condor, name))
    for tier in ("conservative", "balanced", "aggressive"):
        for side in ("put", "call"):
            yield from _not_below_floor(condor, tier, side)
    yield from _tiers_in_order(condor)


def _tiers_in_order(condor: CondorRules) -> Iterator[Conflict]:
    """Yield each tier that sells nearer the money than the one named bolder."""
    for shyer, bolder in pairwise(("conservative", "balanced", "aggressive")):
        for side in ("put", "call"):
            low, high = (
                getattr(getattr(condor, shyer), side),
                getattr(getattr(condor, bolder), side),
            )
            if low > high:
                yield Conflict(
                    keys=(f"condor.{shyer}.{side}", f"condor.{bolder}.{side}"),
                    value=low,
                    text=f"must not exceed condor.{bolder}.{side} = {high}",
                )


def _not_below_floor(condor: CondorRules, tier: str, side: str) -> Iterator[Conflict]:
    delta: float = getattr(getattr(condor, tier), side)
    if delta < condor.delta_floor:
        yield Conflict(
            keys=(f"condor.{tier}.{side}", "condor.delta_floor"),
            value=delta,
            text=f"must not be below condor.delta_floor = {condor.delta_floor}",
        )


def _hedge_conflicts(hedge: HedgeRules) -> Iterator[Conflict]:
    for name in ("near", "mid", "far"):
        layer = getattr(hedge, name)
        yield from _ascending(f"hedge.{name}", layer, "dte_minimum", "dte_target", "dte_maximum")
        yield from _ascending(f"hedge.{name}", layer, "roll_dte", "dte_minimum", strictly=True)
        yield from _ascending(f"hedge.{name}", layer, "delta_minimum", "delta")
    for nearer, farther in pairwise(("near", "mid", "far")):
        yield from _apart(hedge, nearer, farther)
    yield from _deeper(hedge)
    yield from _ascending("hedge.rolls", hedge.rolls, "wait_rsi_low", "wait_rsi_high")
    yield from _ascending("hedge.budget", hedge.budget, "drag_low", "drag_high")
    yield from _ascending("hedge.pace", hedge.pace, "fast_sessions", "sessions", "slow_sessions")


def _apart(hedge: HedgeRules, nearer: str, farther: str) -> Iterator[Conflict]:
    """Two layers whose windows overlap could hold one expiry and be counted as two."""
    end: int = getattr(hedge, nearer).dte_maximum
    start: int = getattr(hedge, farther).dte_minimum
    if end >= start:
        yield Conflict(
            keys=(f"hedge.{nearer}.dte_maximum", f"hedge.{farther}.dte_minimum"),
            value=end,
            text=f"must be less than hedge.{farther}.dte_minimum = {start}",
        )


def _deeper(hedge: HedgeRules) -> Iterator[Conflict]:
    """Yield each layer that the far one is not further out of the money than."""
    for nearer in ("near", "mid"):
        delta: float = getattr(hedge, nearer).delta
        if hedge.far.delta >= delta:
            yield Conflict(
                keys=("hedge.far.delta", f"hedge.{nearer}.delta"),
                value=hedge.far.delta,
                text=f"must be less than hedge.{nearer}.delta = {delta}",
            )


def events_conflicts(events: EventTable) -> Iterator[Conflict]:
    """Conflicts in ``config/events.toml``: each list runs forward, no date twice."""
    for name in ("fomc", "cpi", "ppi"):
        dates: tuple[dt.date, ...] = getattr(events, name)
        for earlier, later in pairwise(dates):
            if later <= earlier:
                yield Conflict(
                    keys=(name,), value=later.isoformat(), text=f"must come after {earlier}"
                )


def _ascending(
    table: str, values: object, *names: str, strictly: bool = False
) -> Iterator[Conflict]:
    """Yield each neighbouring pair of `names` whose values are out of order."""
    bound = "be less than" if strictly else "not exceed"
    for lower, upper in pairwise(names):
        low, high = getattr(values, lower), getattr(values, upper)
        if low > high or (strictly and low == high):
            yield Conflict(
                keys=(f"{table}.{lower}", f"{table}.{upper}"),
                value=low,
                text=f"must {bound} {table}.{upper} = {high}",
            )


def _unique(key: str, values: tuple[str, ...]) -> Iterator[Conflict]:
    if len(set(values)) < len(values):
        yield Conflict(keys=(key,), value=list(values), text="must not name one twice")
