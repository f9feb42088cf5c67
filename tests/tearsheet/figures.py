"""Prints what quantstats makes of returns that it reads from its input; runs where that is."""

from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")

import pandas as pd  # noqa: E402 - it warns at import
from quantstats import stats  # noqa: E402 - the same

NAMES = {
    "total_return": stats.comp,
    "cagr": stats.cagr,
    "volatility": stats.volatility,
    "sharpe": stats.sharpe,
    "sortino": stats.sortino,
    "max_drawdown": stats.max_drawdown,
    "calmar": stats.calmar,
    "value_at_risk": stats.value_at_risk,
    "expected_shortfall": stats.conditional_value_at_risk,
    "skew": stats.skew,
    "kurtosis": stats.kurtosis,
    "win_rate": stats.win_rate,
    "profit_factor": stats.profit_factor,
    "best": stats.best,
    "worst": stats.worst,
    "ulcer_index": stats.ulcer_index,
}


def main() -> None:
    """Answer each series with its figures."""
    answers = []
    for returns in json.load(sys.stdin):
        days = pd.bdate_range("2024-01-02", periods=len(returns))
        series = pd.Series(returns, index=days)
        answers.append({name: float(figure(series)) for name, figure in NAMES.items()})
    json.dump(answers, sys.stdout)


main()
