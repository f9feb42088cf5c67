"""Charts as plotly draws them: plain JSON, with colours by name instead of by value.

A colour is ``@`` and the name of a variable of the style sheet, ``"@accent"``, with an opacity
where wanted, ``"@accent/0.2"``: the browser puts in what the variable says in light, in dark and
on paper. So no figure names a colour of its own, and none needs plotly's Python half.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Json: TypeAlias = Mapping[str, Any]

HEIGHT: Final = 300
"""Pixels of a figure that asks for no other height."""

_AXIS: Final[Json] = {
    "gridcolor": "@line",
    "zerolinecolor": "@muted/0.6",
    "linecolor": "@line",
    "tickcolor": "@line",
    "tickfont": {"color": "@muted", "size": 12},
    "automargin": True,
    "fixedrange": True,
}
_LAYOUT: Final[Json] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": "@ink", "size": 13},
    "margin": {"l": 12, "r": 12, "t": 34, "b": 12},
    "hovermode": "x unified",
    "hoverlabel": {"bgcolor": "@surface", "bordercolor": "@line", "font": {"color": "@ink"}},
    "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
    "showlegend": True,
    "dragmode": False,
    "separators": ".,",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One chart.

    Parameters
    ----------
    title, caption
        What it shows, and what to see in it: both are read aloud in place of the chart.
    data
        Traces of plotly; numbers are Python's own, NaN and ``None`` are gaps.
    layout
        What differs from the shared layout; ``xaxis`` and ``yaxis`` are merged with the shared
        axes.
    height
        Pixels.
    """

    title: str
    caption: str
    data: tuple[Json, ...]
    layout: Json = field(default_factory=dict)
    height: int = HEIGHT

    def as_json(self) -> str:
        """Return it as JSON that can stand in a ``script`` of a page."""
        axes = {name: {**_AXIS, **self.layout.get(name, {})} for name in ("xaxis", "yaxis")}
        layout = {**_LAYOUT, "height": self.height, **self.layout, **axes}
        text = json.dumps(_known({"data": self.data, "layout": layout}), allow_nan=False)
        return text.replace("<", "\\u003c").replace("&", "\\u0026")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFigure:
    """A figure with the identity of its place in the page."""

    id: str
    json: str


@dataclass(slots=True)
class Figures:
    """The figures of one page, in the order in which its template places them."""

    made: list[PlacedFigure] = field(default_factory=list)

    def add(self, figure: Figure) -> str:
        """Take a figure into the page; return the identity of its place."""
        placed = PlacedFigure(id=f"plot-{len(self.made) + 1}", json=figure.as_json())
        self.made.append(placed)
        return placed.id


def line(name: str, x: Iterable[Any], y: Iterable[float | None], **style: Any) -> Json:  # noqa: ANN401 - plotly's own words
    """Return a line; `style` are further words of plotly's ``scatter``."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": "@accent", "width": 2},
        **style,
    }


def upright(at: float, text: str) -> tuple[Json, Json]:
    """Return a dotted upright line with its name on top: a shape and an annotation."""
    shape = {
        "type": "line",
        "x0": at,
        "x1": at,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "@ink", "width": 1, "dash": "dot"},
    }
    note = {
        "x": at,
        "yref": "paper",
        "y": 1,
        "text": text,
        "showarrow": False,
        "yanchor": "bottom",
        "font": {"size": 12, "color": "@muted"},
    }
    return shape, note


def _known(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return `value` with NaN and the infinities as ``None``, and containers as JSON has them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return value
