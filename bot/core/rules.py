"""The strategy's rules: every free number of the method, with its unit and its bounds.

These dataclasses are the schema of ``config/rules.toml``; ``bot.config`` validates the file
against the bounds below and lists every fault at once. Defaults are those of the methodology.
``config/README.md`` gives the reason for each key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

from bot.core.hedge_rules import HedgeRules, LayerRules
from bot.core.rule_types import STRICT, Count, Days, Delta, Share

__all__ = ["STRICT", "HedgeRules", "LayerRules", "Rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRules:
    """Periods of the signals (sessions) and their thresholds."""

    __pydantic_config__: ClassVar = STRICT

    macd_fast: Annotated[int, Ge(2), Le(200)] = 12
    macd_slow: Annotated[int, Ge(2), Le(400)] = 26
    macd_signal: Count = 9
    rsi_period: Annotated[int, Ge(2), Le(200)] = 14
    breadth_ema: Count = 20
    breadth_minimum_days: Count = 60
    breadth_down_oscillator: float = -50.0
    breadth_up_oscillator: float = 0.0
    minimum_bars: Annotated[int, Ge(250), Le(1000)] = 300
    stress_rsi: Annotated[float, Gt(0), Lt(100)] = 35.0
    stress_vix_multiple: Annotated[float, Gt(1), Le(5)] = 1.25
    stress_vix_median_days: Count = 20
    calm_vix: Annotated[float, Gt(0), Le(100)] = 20.0
    vix_short_mean: Count = 5
    vix_long_mean: Annotated[int, Ge(1), Le(250)] = 200
    spx_long_mean: Annotated[int, Ge(1), Le(250)] = 200
    correction_drawdown: Annotated[float, Gt(0), Lt(1)] = 0.10
    bear_drawdown: Annotated[float, Gt(0), Lt(1)] = 0.20
    vx_slope_sessions: Annotated[int, Ge(1), Le(30)] = 5
    vx_volatility_sessions: Annotated[int, Ge(2), Le(30)] = 30
    macro_months: Annotated[int, Ge(2), Le(600)] = 60
    macro_publication_lag_days: Annotated[int, Ge(0), Le(366)] = 30
    macro_maximum_age_days: Annotated[int, Ge(31), Le(366)] = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TierDeltas:
    """Absolute deltas of the short strikes of one tier."""

    __pydantic_config__: ClassVar = STRICT

    put: Delta
    call: Delta


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRules:
    """Condors of the profile ``daily``: they expire in the next session (methodology, section 3).

    Credits are in points, at the mid; shorts stand at least `edr_multiple` expected daily ranges
    from the index.
    """

    __pydantic_config__: ClassVar = STRICT

    conservative_credit: Annotated[float, Gt(0), Le(50)] = 0.70
    balanced_credit: Annotated[float, Gt(0), Le(50)] = 1.15
    aggressive_credit: Annotated[float, Gt(0), Le(50)] = 1.60
    edr_multiple: Annotated[float, Gt(0), Le(10)] = 1.0
    wing_pct_of_forward: Annotated[float, Gt(0), Le(0.25)] = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorRules:
    """Iron condors: where, how wide, how much, and when they end (methodology, section 3)."""

    __pydantic_config__: ClassVar = STRICT

    profile: Literal["monthly", "daily"] = "monthly"
    tiers: Annotated[tuple[Literal["conservative", "balanced", "aggressive"], ...], MinLen(1)] = (
        "balanced",
        "conservative",
    )
    conservative: TierDeltas = field(default_factory=lambda: TierDeltas(put=0.07, call=0.05))
    balanced: TierDeltas = field(default_factory=lambda: TierDeltas(put=0.10, call=0.05))
    aggressive: TierDeltas = field(default_factory=lambda: TierDeltas(put=0.16, call=0.08))
    trading_classes: Annotated[tuple[Literal["SPXW", "SPX"], ...], MinLen(1)] = ("SPXW",)
    dte_minimum: Days = 25
    dte_target: Days = 35
    dte_maximum: Days = 45
    wing_pct_of_forward: Annotated[float, Gt(0), Le(0.25)] = 0.02
    wing_tolerance: Share = 0.25
    strike_grid_points: Annotated[float, Gt(0), Le(100)] = 5.0
    delta_floor: Delta = 0.05
    delta_tolerance: Annotated[float, Gt(0), Le(0.1)] = 0.02
    trend_delta_share: Annotated[float, Gt(0), Le(1)] = 0.5
    rsi_high: Annotated[float, Gt(50), Le(100)] = 75.0
    rsi_low: Annotated[float, Ge(0), Lt(50)] = 30.0
    rsi_delta_shift: Annotated[float, Ge(0), Le(0.1)] = 0.03
    minimum_credit_pct_of_width: Share = 0.04
    take_profit_pct_of_credit: Share = 0.25
    time_exit_dte: Days = 7
    stop_multiple_of_credit: Annotated[float, Ge(0), Le(20)] = 0.0  # 0 is off
    vix_scaling: Literal["default", "vixshield"] = "default"
    vix_low: Annotated[float, Gt(0), Le(100)] = 15.0
    vix_high: Annotated[float, Gt(0), Le(100)] = 20.0
    half_size_above_high: Share = 0.5
    term_structure_limit: Annotated[float, Gt(0), Le(2)] = 1.0
    session_risk_pct_of_nav: Share = 0.02
    expiry_risk_pct_of_nav: Share = 0.05
    book_risk_pct_of_nav: Share = 0.15
    stress_loss_pct_of_nav: Share = 0.12
    margin_headroom: Share = 0.25
    event_gate: bool = True
    time_shift: bool = True
    shift_delta: Delta = 0.30
    shift_edr: Annotated[float, Ge(0), Le(10)] = 1.0
    shift_days_minimum: Count = 7
    shift_days_maximum: Count = 21
    fees_per_contract_usd: Annotated[float, Ge(0), Le(10)] = 1.10
    daily: DailyRules = field(default_factory=DailyRules)

    @property
    def is_daily(self) -> bool:
        """Whether condors are sold for the next session."""
        return self.profile == "daily"

    @property
    def wing_share(self) -> float:
        """Width of the wings as a share of the forward, of the profile in force."""
        return self.daily.wing_pct_of_forward if self.is_daily else self.wing_pct_of_forward


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondEngineRules:
    """Condors out of the hedge's gains (methodology, section 6)."""

    __pydantic_config__: ClassVar = STRICT

    enabled: bool = True
    gain_share: Share = 0.5
    lifetime_sessions: Annotated[int, Ge(1), Le(120)] = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRules:
    """Price ladder: from the mid towards the natural price, inside its floor."""

    __pydantic_config__: ClassVar = STRICT

    steps: Annotated[int, Ge(1), Le(20)] = 6
    seconds: Annotated[float, Gt(0), Le(600)] = 20.0
    floor_share: Share = 0.25
    reduce_floor_share: Share = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRules:
    """Bounds of the book's health (methodology, section 7)."""

    __pydantic_config__: ClassVar = STRICT

    quick_ratio_entries: Annotated[float, Ge(0), Le(100)] = 2.0
    quick_ratio_reduce_only: Annotated[float, Ge(0), Le(100)] = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityRules:
    """Fees that a conversion or a reversal has to earn, USD a contract (methodology, section 7)."""

    __pydantic_config__: ClassVar = STRICT

    option_fee_usd: Annotated[float, Ge(0), Le(100)] = 1.15
    future_fee_usd: Annotated[float, Ge(0), Le(100)] = 2.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All strategy rules; ``config/rules.toml`` has one table for each field."""

    __pydantic_config__: ClassVar = STRICT

    rate: Annotated[float, Ge(-0.05), Le(0.25)] = 0.04
    signals: SignalRules = field(default_factory=SignalRules)
    condor: CondorRules = field(default_factory=CondorRules)
    second_engine: SecondEngineRules = field(default_factory=SecondEngineRules)
    hedge: HedgeRules = field(default_factory=HedgeRules)
    ladder: LadderRules = field(default_factory=LadderRules)
    health: HealthRules = field(default_factory=HealthRules)
    parity: ParityRules = field(default_factory=ParityRules)
