"""The report of the benchmarks says what was measured, what was missed and what was missing."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("figures")


@pytest.fixture
def report(figures: ModuleType) -> ModuleType:
    assert figures.__file__ is not None
    return importlib.import_module("report")


def part(report: ModuleType, *found: Any, fault: str = "") -> Any:
    return report.Part(name="some", figures=tuple(found), seconds=1.0, fault=fault)


def test_a_bound_is_met_when_it_is_reached(figures: ModuleType) -> None:
    assert figures.at_most("time", 250.0, "ns", 250).passed is True
    assert figures.at_most("time", 250.1, "ns", 250).passed is False
    assert figures.at_least("ratio", 300.0, "x", 300).passed is True
    assert figures.at_least("ratio", 299.9, "x", 300).passed is False


def test_what_is_not_a_number_misses_its_bound(figures: ModuleType) -> None:
    assert figures.at_most("error", float("nan"), "", 1e-9).passed is False


def test_noise_is_half_the_distance_of_the_quartiles_over_the_median(figures: ModuleType) -> None:
    found = figures.Figure(name="time", value=4, unit="ms", samples=(2.0, 3.0, 4.0, 5.0, 10.0))

    assert found.spread == (5.0 - 3.0) / 2 / 4.0
    assert figures.Figure(name="time", value=4, unit="ms").spread is None


def test_a_benchmark_fails_by_a_missed_target_or_a_fault_but_not_by_what_is_missing(
    figures: ModuleType, report: ModuleType
) -> None:
    missed = figures.at_most("time", 2.0, "ms", 1)
    absent = figures.missing("rival", "not installed")

    assert part(report, missed).failed
    assert part(report, fault="ended with code 1").failed
    assert not part(report, absent).failed
    assert "not installed" in report.line_of(absent)


def test_table_json_and_page_tell_of_every_figure(figures: ModuleType, report: ModuleType) -> None:
    points = [
        figures.Figure(
            name=f"cost at {x}", value=x / 2, unit="ms", curve="cost", x=x, of="sessions"
        )
        for x in (10.0, 100.0)
    ]
    parts = [part(report, figures.at_most("time", 2.0, "ms", 1, note="a <note>"), *points)]

    table, page = report.as_table(parts), report.as_html({"cores": 2}, parts)

    assert "MISSED" in table
    assert json.loads(report.as_json({"cores": 2}, parts))["benchmarks"][0]["figures"][1]["x"] == 10
    assert "a &lt;note&gt;" in page
    assert "Plotly" in page
    assert all(figure.name in table and figure.name in page for figure in parts[0].figures)


def test_every_benchmark_has_a_function_that_measures() -> None:
    modules = sorted(FOLDER.glob("bench_*.py"))

    assert len(modules) >= 8
    for module in modules:
        assert "\ndef measure() -> " in module.read_text(encoding="utf-8"), module.name


def test_an_unknown_benchmark_is_a_mistake_of_usage() -> None:
    done = subprocess.run(
        [sys.executable, FOLDER / "run.py", "--only", "nothing"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "kernel" in done.stderr
