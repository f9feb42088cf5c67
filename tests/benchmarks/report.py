"""The report of the benchmarks: a table for the terminal, JSON for programs, a page with plots."""

from __future__ import annotations

import dataclasses
import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jinja2
import plotly.graph_objects as go
from figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


MARKS = {True: "ok", False: "MISSED", None: ""}
HEADS = ("figure", "value", "target", "", "noise", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One benchmark: its figures, how long it took, and how it failed (empty if it did not)."""

    name: str
    figures: tuple[Figure, ...]
    seconds: float
    fault: str = ""

    @property
    def failed(self) -> bool:
        """Whether a target was missed or the benchmark came to no end."""
        return bool(self.fault) or any(figure.passed is False for figure in self.figures)


def line_of(figure: Figure) -> str:
    """Return a figure as one line of text."""
    name, value, target, mark, noise, _ = _cells(figure)
    words = (f"{name}: {value}", f"({target})" if target else "", mark, noise and f"noise {noise}")
    return " ".join(word for word in words if word)


def as_table(parts: Iterable[Part]) -> str:
    """Return all figures in columns."""
    rows: list[tuple[str, ...]] = [HEADS]
    for part in parts:
        ended = f"{part.name} ({part.seconds:.0f} s)" + (
            f": FAILED, {part.fault}" * bool(part.fault)
        )
        rows += [(ended, "", "", "", "", ""), *(_indented(figure) for figure in part.figures)]
    widths = [max(len(row[column]) for row in rows if row[1] or column) for column in range(6)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _indented(figure: Figure) -> tuple[str, ...]:
    name, *others = _cells(figure)
    return (f"  {name}", *others)


def _cells(figure: Figure) -> tuple[str, str, str, str, str, str]:
    return (
        figure.name,
        figure.note if figure.value is None else f"{significant(figure.value)} {figure.unit}",
        figure.target,
        MARKS[figure.passed],
        "" if figure.spread is None else f"±{figure.spread:.0%}",
        str(len(figure.samples) or ""),
    )


def significant(value: float) -> str:
    """Return a number with three significant digits, whole ones whole."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_json(machine: Mapping[str, object], parts: Sequence[Part]) -> str:
    """Return machine and figures as JSON with stable keys."""
    found = {"machine": machine, "benchmarks": [dataclasses.asdict(part) for part in parts]}
    return json.dumps(found, indent=2) + "\n"


def as_html(machine: Mapping[str, object], parts: Sequence[Part]) -> str:
    """Return a page that needs no other file: the table, and each growth curve as a plot."""
    page = jinja2.Environment(autoescape=True).from_string(_PAGE)
    return page.render(machine=machine, parts=parts, heads=HEADS, cells=_cells, plots=_plots(parts))


def _plots(parts: Iterable[Part]) -> list[str]:
    """Draw the curves of each benchmark that has any, in one diagram for each unit."""
    drawn: list[str] = []
    for part in parts:
        for unit in dict.fromkeys(each.unit for each in part.figures if each.curve):
            figure = _diagram(part, unit)
            drawn.append(figure.to_html(full_html=False, include_plotlyjs=not drawn))
    return drawn


def _diagram(part: Part, unit: str) -> go.Figure:
    diagram = go.Figure(layout={"title": f"{part.name} ({unit})", "template": "plotly_white"})
    chosen = [each for each in part.figures if each.curve and each.unit == unit]
    diagram.update_xaxes(type="log", title=chosen[0].of)
    diagram.update_yaxes(type="log", title=unit)
    for curve in dict.fromkeys(each.curve for each in chosen):
        points = [each for each in chosen if each.curve == curve and each.value is not None]
        diagram.add_scatter(
            name=curve,
            x=[each.x for each in points],
            y=[each.value for each in points],
            error_y={"array": [_deviation(each) for each in points]},
        )
    return diagram


def _deviation(figure: Figure) -> float:
    return statistics.pstdev(figure.samples) if figure.samples else 0.0


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>steward: benchmarks</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { padding: .2rem .6rem; text-align: left }
tr { border-bottom: 1px solid #ddd } .missed { color: #a00; font-weight: 600 } small { color: #555 }
</style>
<h1>Benchmarks</h1>
<p>{% for name, value in machine.items() %}{{ name }} {{ value }}{{ " · " if not loop.last }}
{%- endfor %}</p>
{% for part in parts %}
<h2>{{ part.name }} <small>{{ "%.0f" % part.seconds }} s {{ part.fault }}</small></h2>
<table><tr>{% for head in heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr>
{% for figure in part.figures %}
<tr{% if figure.passed is false %} class="missed"{% endif %}>
{% for cell in cells(figure) %}<td>{{ cell }}{% if loop.first and figure.note %}
<br><small>{{ figure.note }}</small>{% endif %}</td>{% endfor %}</tr>
{% endfor %}</table>
{% endfor %}
{% for plot in plots %}{{ plot | safe }}{% endfor %}
</html>
"""
