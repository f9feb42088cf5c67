"""The rules of the hedge: ``[hedge]`` of ``config/rules.toml`` (methodology, sections 4 to 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from bot.core.rule_types import STRICT, Count, Days, Delta, Multiple, Rsi, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRules:
    """One layer of the hedge: contracts for each unit, where it is bought, when it is rolled."""

    __pydantic_config__: ClassVar = STRICT

    contracts: Count
    dte_minimum: Days
    dte_target: Days
    dte_maximum: Days
    delta: Delta
    delta_minimum: Delta
    roll_dte: Days
    profit_multiple: Multiple


@dataclass(frozen=True, slots=True, kw_only=True)
class RollRules:
    """When a roll comes earlier than its days, or later."""

    __pydantic_config__: ClassVar = STRICT

    extrinsic_gone: Annotated[float, Gt(0), Le(1)] = 0.60
    wait_sessions: Annotated[int, Ge(0), Le(60)] = 5  # 0 is never
    wait_rsi_low: Rsi = 45.0
    wait_rsi_high: Rsi = 70.0
    early: bool = True
    early_drift: Share = 0.05
    restrike_vix_rsi: Rsi = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRules:
    """What the hedge may cost, and how far its deltas move out for it."""

    __pydantic_config__: ClassVar = STRICT

    drag_high: Share = 0.02
    drag_low: Share = 0.01
    premium_over_credit: Annotated[float, Gt(0), Le(1000)] = 1.0
    delta_step: Annotated[float, Ge(0), Le(0.5)] = 0.05  # 0 is off
    step_sessions: Count = 63
    minimum_sessions: Count = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class PressRules:
    """The Big Top cash press: when VIX options are too dear to strike anew."""

    __pydantic_config__: ClassVar = STRICT

    iv_excess: Annotated[float, Ge(0), Le(1000)] = 18.0
    slope: Annotated[float, Ge(-1), Le(5)] = 0.12
    wait_sessions: Annotated[int, Ge(0), Le(60)] = 5  # 0 is never


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceRules:
    """Over how many sessions a layer or a unit is bought for the first time."""

    __pydantic_config__: ClassVar = STRICT

    fast_sessions: Count = 1
    sessions: Count = 2
    slow_sessions: Count = 3
    stress_score: Annotated[int, Ge(0), Le(5)] = 2
    slope_fall: Annotated[float, Gt(0), Le(1)] = 0.05
    benign_z: Annotated[float, Gt(0), Le(10)] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitRules:
    """When a profit is taken out of the hedge, beside the multiples of its layers."""

    __pydantic_config__: ClassVar = STRICT

    share: Share = 0.5  # 0 is off
    vix: Annotated[float, Gt(0), Le(200)] = 40.0
    vix_multiple: Multiple = 1.25


def _near() -> LayerRules:
    return LayerRules(
        contracts=4,
        dte_minimum=20,
        dte_target=30,
        dte_maximum=50,
        delta=0.50,
        delta_minimum=0.35,
        roll_dte=7,
        profit_multiple=2.5,
    )


def _mid() -> LayerRules:
    return LayerRules(
        contracts=4,
        dte_minimum=80,
        dte_target=110,
        dte_maximum=140,
        delta=0.50,
        delta_minimum=0.35,
        roll_dte=40,
        profit_multiple=1.75,
    )


def _far() -> LayerRules:
    return LayerRules(
        contracts=2,
        dte_minimum=150,
        dte_target=220,
        dte_maximum=250,
        delta=0.20,
        delta_minimum=0.10,
        roll_dte=120,
        profit_multiple=1.5,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeRules:
    """The ALVH: three layers of VIX calls, 4/4/2 a unit (methodology, section 4)."""

    __pydantic_config__: ClassVar = STRICT

    near: LayerRules = field(default_factory=_near)
    mid: LayerRules = field(default_factory=_mid)
    far: LayerRules = field(default_factory=_far)
    policy: Literal["steward", "promoter"] = "steward"
    unit_width_share_of_spx: Annotated[float, Gt(0), Le(0.1)] = 0.0066
    unit_condors: Count = 10
    width_memory_sessions: Annotated[int, Ge(1), Le(250)] = 60  # the calendar goes back 400 days
    minimum_nav_usd: Annotated[float, Ge(0)] = 225_000.0
    rolls: RollRules = field(default_factory=RollRules)
    budget: BudgetRules = field(default_factory=BudgetRules)
    press: PressRules = field(default_factory=PressRules)
    pace: PaceRules = field(default_factory=PaceRules)
    profit: ProfitRules = field(default_factory=ProfitRules)
