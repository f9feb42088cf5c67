"""How wrong the models are, as tables of the page: options, spreads, futures, the VXTH replica."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.evidence.report_cells import Table, figure, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from bot.evidence.validation import Validation

OPTION_COLUMNS: Final = {
    "underlying": "underlying",
    "stressed": "VIX",
    "right": "right",
    "maturity": "days",
    "group": "delta",
    "n": ">quotes",
    "sessions": ">sessions",
    "vol_median": ">vol points",
    "vol_abs_median": ">absolute",
    "vol_abs_p90": ">90 %",
    "points_median": ">points",
    "half_spreads_abs_median": ">half-spreads",
    "within_spread": ">inside",
}
SPREAD_COLUMNS: Final = {
    "underlying": "underlying",
    "stressed": "VIX",
    "maturity": "days",
    "group": "delta",
    "n": ">quotes",
    "recorded": ">recorded",
    "modelled": ">modelled",
    "ratio": ">ratio",
}
CURVE_COLUMNS: Final = {
    "era": "years",
    "days": "days",
    "n": ">settlements",
    "mean_pct": ">mean, %",
    "rms_pct": ">rms, %",
    "mean_alone_pct": ">from VIX alone, mean %",
    "rms_alone_pct": ">rms %",
}


def model_tables(found: Validation) -> tuple[Table, ...]:
    """Return the tables of errors, held-out quotes only."""
    return tuple(_tables(found))


def _tables(found: Validation) -> Iterator[Table]:
    if found.replicas:
        yield _replicas(found)
    held_out = found.options[found.options["held_out"]]
    yield _table(
        "Option prices: model less recorded mid",
        held_out,
        OPTION_COLUMNS,
        "Quotes to which nothing was fitted; medians. Inside: share of quotes whose model price "
        "lies between bid and ask.",
    )
    yield _table("Half-spreads", found.spreads, SPREAD_COLUMNS, "Medians, points.")
    yield _table(
        "VX futures: model over settlement",
        found.curve,
        CURVE_COLUMNS,
        "2004-2009 is out of sample; before 2004 the model from the VIX alone stands in.",
    )
    yield Table(
        title="What no data covers",
        columns=("what",),
        rows=tuple((line,) for line in found.unknown),
    )


def _replicas(found: Validation) -> Table:
    rows = tuple(
        (
            each.name,
            figure(each.published_pct),
            figure(each.replica_pct),
            figure(each.spx_pct),
            figure(each.correlation, 3),
            figure(each.excess_correlation),
            "within" if each.within_target else "missed",
        )
        for each in found.replicas
    )
    return Table(
        title="The machinery against the published VXTH index",
        columns=(
            "replica",
            ">published, % a year",
            ">replica",
            ">SPX",
            ">correlation",
            ">of the calls alone",
            "target",
        ),
        rows=rows,
        note="Target: within 1.5 points a year, and a correlation of months of 0.9.",
    )


def _table(title: str, frame: pd.DataFrame, columns: dict[str, str], note: str) -> Table:
    rows = tuple(
        tuple(_cell(name, value) for name, value in zip(columns, row, strict=True))
        for row in frame[list(columns)].itertuples(index=False, name=None)
    )
    return Table(title=title, columns=tuple(columns.values()), rows=rows, note=note)


def _cell(name: str, value: object) -> str | None:
    if name == "stressed":
        return "stressed" if value else "calm"
    if isinstance(value, float):
        return percent(value, 0) if name == "within_spread" else figure(value)
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
