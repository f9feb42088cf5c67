"""Variants: the same history decided once more with one thing changed.

Each says what it changes and why it is asked. Groups:

- ``base``: the rules and the assumptions as they stand.
- ``fills``: what a leg pays beyond the mid. ``stressed spreads`` makes every half-spread of every
  session as much wider than the model as the widest tenth of the chain of 2020-03-20 was.
- ``model``: the error of the volatility surfaces, carried through to profit and loss.
- ``rule off``: each rule of the method in turn; what is then lost or gained is its worth.
- ``roll date``: the same rules begun on another session; what differs is luck.
- ``strike``: of the hedge, and ``budget``: what it may cost.
- ``book``: size, contracts, policy, and condors sold without any hedge.

4/4/2 and the three layers are the method: no variant touches them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.evidence.grid import Cell, changed_rules, changed_settings
from bot.evidence.settings import ReplaySettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.core.rules import Rules

BASE: Final = "base"

NEVER: Final = 1e6
"""Beyond any value of the McClellan oscillator."""

STRESSED_SPREADS: Final = 2.5
"""Half-spread over that of the model at which the widest tenth of the SPX options out of the money
began on 2020-03-20 (20 to 50 days; the median is 1.2). The model has the level of the VIX in it."""

VIX_VOL_ERROR: Final = 0.05
"""Of the implied volatility of VIX calls, decimal. Median errors on held-out quotes reach it both
ways: +0.054 near the money at 80 to 149 days, -0.056 at 20 to 49 days in stress (validation)."""

SPX_VOL_ERROR: Final = 0.008
"""Of the implied volatility of SPX options, decimal: the greatest of the median absolute errors on
held-out quotes where condors are sold, 25 to 59 days and 3 to 20 delta (validation). In calm that
is the 3-7 delta calls, 0.79 points; the puts and the other calls err by 0.36 to 0.51. In stress it
is 0.8 for puts and 1.1 for calls of 3-7 delta, when the rules sell none."""

VVIX_DAMPING: Final = 0.5
"""Power of time by which a shift of VVIX dies away towards far expiries: the square root, as vega
is commonly weighted. Calls beyond 50 days are recorded at a VVIX of 104 and 105 only (2019-08-28,
2021-04-26, 2026-04-09): nothing measures it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One thing changed.

    Parameters
    ----------
    name
        Short, of its own.
    group
        See above.
    rules, settings
        What is changed, by dotted key of the rules and by field of the settings.
    """

    name: str
    group: str
    rules: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def _off(name: str, **rules: Any) -> Variant:  # noqa: ANN401 - values of rules have many types
    """Return a variant without a rule; ``__`` stands for the dot of a key."""
    keys = {key.replace("__", "."): value for key, value in rules.items()}
    return Variant(name=name, group="rule off", rules=keys)


def _set(name: str, group: str, **settings: Any) -> Variant:  # noqa: ANN401 - the same
    return Variant(name=name, group=group, settings=settings)


_FILLS: Final = (
    _set("25 % of the half-spread", "fills", spread_share=0.25),
    _set("100 % of the half-spread", "fills", spread_share=1.0),
    _set("stressed spreads", "fills", spread_stress=STRESSED_SPREADS),
    _set("stressed spreads in full", "fills", spread_share=1.0, spread_stress=STRESSED_SPREADS),
)
_MODEL: Final = (
    _set("VIX volatility too high", "model", iv_shift=-VIX_VOL_ERROR),
    _set("VIX volatility too low", "model", iv_shift=VIX_VOL_ERROR),
    _set("SPX volatility too high", "model", spx_iv_shift=-SPX_VOL_ERROR),
    _set("SPX volatility too low", "model", spx_iv_shift=SPX_VOL_ERROR),
    _set("far VIX volatility moves less", "model", vvix_damping=VVIX_DAMPING),
    _set("no large-cap breadth", "model", official_breadth_only=True),
)
_RULES_OFF: Final = (
    _off("adaptive rolls", hedge__rolls__early=False, hedge__rolls__wait_sessions=0),
    _off("roll by lost time value", hedge__rolls__extrinsic_gone=1.0),
    _off("no re-striking in a panic", hedge__rolls__restrike_vix_rsi=100.0),
    _off("cash press", hedge__press__wait_sessions=0),
    _off("drag and P/CF steps", hedge__budget__delta_step=0.0),
    _off("P/CF", hedge__budget__premium_over_credit=1000.0),
    _off("monetisation", hedge__profit__share=0.0),
    _off("second engine", second_engine__enabled=False),
    _off(
        "pace of entry",
        hedge__pace__fast_sessions=1,
        hedge__pace__sessions=1,
        hedge__pace__slow_sessions=1,
    ),
    _off("event gate", condor__event_gate=False),
    _off(
        "breadth",
        signals__breadth_down_oscillator=-NEVER,
        signals__breadth_up_oscillator=NEVER,
    ),
    _off("shape by signal", condor__trend_delta_share=1.0, condor__rsi_delta_shift=0.0),
    _off("time-shift", condor__time_shift=False),
    _off("VIX/VIX3M gate", condor__term_structure_limit=2.0),
    _off("take-profit", condor__take_profit_pct_of_credit=0.0),
)
_ROLL_DATES: Final = tuple(
    _set(f"begun {sessions} sessions later", "roll date", roll_offset=sessions)
    for sessions in (3, 6, 9, 12, 15, 18)
)
_STRIKES: Final = (
    *(
        Variant(
            name=f"near and mid at {delta} delta",
            group="strike",
            rules={"hedge.near.delta": delta, "hedge.mid.delta": delta},
        )
        for delta in (0.40, 0.60)
    ),
    *(
        Variant(name=f"far at {delta} delta", group="strike", rules={"hedge.far.delta": delta})
        for delta in (0.10, 0.15, 0.30)
    ),
)
_BUDGETS: Final = tuple(
    Variant(
        name=f"budget {low:.1%} to {high:.1%}",
        group="budget",
        rules={"hedge.budget.drag_low": low, "hedge.budget.drag_high": high},
    )
    for low, high in ((0.005, 0.01), (0.02, 0.04))
)
_BOOKS: Final = (
    _set("literal contracts", "book", literal_contracts=True),
    _set("NAV 250,000 USD", "book", nav_usd=250_000.0),
    _set("NAV 5,000,000 USD", "book", nav_usd=5_000_000.0),
    _set("condors without hedge", "book", hedge=False),
    Variant(name="promoter", group="book", rules={"hedge.policy": "promoter"}),
    Variant(name="vixshield scaling", group="book", rules={"condor.vix_scaling": "vixshield"}),
)
VARIANTS: Final[tuple[Variant, ...]] = (
    Variant(name=BASE, group=BASE),
    *_FILLS,
    *_MODEL,
    *_RULES_OFF,
    *_ROLL_DATES,
    *_STRIKES,
    *_BUDGETS,
    *_BOOKS,
)


def variant_cells(
    base: Rules, variants: Iterable[Variant] = VARIANTS, settings: ReplaySettings | None = None
) -> tuple[Cell, ...]:
    """Return one replay of the recorded history for each variant.

    Raises
    ------
    ConfigError
        If a variant does not go with `base`: it then names both keys.
    """
    assumed = settings or ReplaySettings()
    return tuple(
        Cell(
            rules=changed_rules(base, each.rules, f"variant {each.name!r}"),
            settings=changed_settings(assumed, each.settings, f"variant {each.name!r}"),
            changes=(("group", each.group), ("variant", each.name)),
        )
        for each in variants
    )
