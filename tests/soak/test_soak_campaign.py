"""A campaign: a year that fails is a finding, the others go on, and the report says all of it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

sys.path.extend(
    [str(Path(__file__).parents[1] / each) for each in ("scenario", "property", "soak")]
)

import soak_campaign
from findings import as_markdown, defects_of, gathered
from memory import STRETCH, WARM, drift
from year import Day, Lived, Plan

KILLED = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadly(Plan):
    """A year whose process ends at once and writes nothing."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (KILLED,)


def run(monkeypatch: pytest.MonkeyPatch, *options: object) -> int:
    monkeypatch.setattr(sys, "argv", ["soak_campaign.py", *map(str, options)])
    return soak_campaign.main()


def day(number: int, **told: object) -> Day:
    facts: dict[str, object] = {"session": f"day {number}", "rows": (), "struck": 0, "attempts": 1}
    return Day(**{**facts, **told})  # type: ignore[arg-type]


def year(megabytes: list[float], **told: object) -> tuple[Day, ...]:
    return tuple(day(at, megabytes=each, **told) for at, each in enumerate(megabytes))


def test_years_that_fail_are_findings_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plans = {
        1: Plan(seed=1, scenario="none such"),
        2: Deadly(seed=2),
        3: Plan(seed=3, sessions=1, faults=0),
    }
    monkeypatch.setattr(soak_campaign, "_plan", lambda _asked, seed: plans[seed])

    code = run(monkeypatch, "--seeds", 3, "--jobs", 1, "--folder", tmp_path)

    told = json.loads((tmp_path / "soak.json").read_text())
    raised, killed = told["defects"]
    assert code == 1
    assert raised.startswith("seed 1: failed in its first session: ")
    assert "none such" in raised
    assert killed == f"seed 2: failed in its first session: its process ended with code {KILLED}"
    assert (told["sessions"], told["seeds"]) == (1, [1, 2, 3])
    assert told["drift"] == {"1": None, "2": None, "3": None}
    assert 0 < told["seconds"]["median"] == told["seconds"]["most"]
    assert raised in (tmp_path / "soak.md").read_text()


def test_a_campaign_without_a_defect_ends_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lived = [Lived(days=(day(1, seconds=0.5, megabytes=100.0),), fingerprint="")]
    monkeypatch.setattr(soak_campaign, "live_all", lambda *_plans, **_jobs: lived)

    assert run(monkeypatch, "--seeds", 1, "--folder", tmp_path) == 0
    assert "- defects: none\n" in (tmp_path / "soak.md").read_text()


def test_a_folder_of_another_year_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "001-seed-1" / "kept"
    kept.mkdir(parents=True)
    (kept / "plan.json").write_text('{"seed": 7}')

    assert run(monkeypatch, "--seeds", 1, "--folder", tmp_path) == 2
    assert "holds another year" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("--faults", "99", "must be from 0 to "),
        ("--faults", "-1", "must be from 0 to "),
        ("--first-seed", "0", "from 1 on, received '0'"),
        ("--sessions", "1.5", "from 1 on, received '1.5'"),
        ("--jobs", "0", "from 1 on, received '0'"),
        ("--pairs", "x", "from 0 on, received 'x'"),
    ],
)
def test_a_number_out_of_its_bounds_is_refused_with_them(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    text: str,
    told: str,
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, f"{option}={text}")

    assert told in capsys.readouterr().err


def test_the_findings_tell_faults_incidents_and_cost_of_all_years() -> None:
    first = (
        day(
            1,
            struck=3,
            hit=(36, 48),
            notes=("ORDER_TWINS",),
            seconds=1.0,
            endings=("connection lost",),
        ),
        day(2, struck=1, hit=(36,), notes=("POSITION_BREAK", "ORDER_TWINS"), seconds=3.0),
    )
    second = (day(1, notes=("CLOCK_SKEW",), seconds=2.0, adopted=True, broken=("1: left",)),)
    lived = [Lived(days=days, fingerprint="") for days in (first, second)]

    found = gathered([Plan(seed=8), Plan(seed=9)], lived)

    assert (found.sessions, found.struck, found.tried_again, found.adopted) == (3, 4, 1, 1)
    assert found.rows == {36: 2, 48: 1}
    assert 36 not in found.never_struck
    assert 2 in found.never_struck
    assert found.explained == {"ORDER_TWINS": 2}
    assert found.unexplained == {"CLOCK_SKEW": 1, "POSITION_BREAK": 1}
    assert found.seconds == {
        "median": 2.0,
        "first": 1.0,
        "last": 3.0,
        "ninety_percent": 2.0,
        "most": 3.0,
    }
    assert "seed 9: day 1: 1: left" in found.defects
    assert "sessions by the row that struck: 36 x2, 48 x1" in as_markdown(found)


def test_a_year_that_failed_tells_after_which_session() -> None:
    failed = Lived(days=(day(1), day(2)), fingerprint="", fault="OSError: disk")

    assert defects_of(failed) == ["failed after day 2: OSError: disk"]


def test_memory_that_grows_after_the_warm_up_is_a_defect() -> None:
    warming = [50.0] * WARM
    level = year([*warming, *[100.0] * STRETCH, *[104.9] * STRETCH])
    grown = year([*warming, *[100.0] * STRETCH, *[106.0] * STRETCH])

    assert defects_of(Lived(days=level, fingerprint="")) == []
    assert defects_of(Lived(days=grown, fingerprint="")) == [
        f"memory grew by 6.0% after {WARM} sessions"
    ]


def test_one_great_moment_is_no_growth_of_memory() -> None:
    calm = [100.0] * (WARM + 2 * STRETCH)
    calm[-3] = 500.0

    assert drift(year(calm)) == 0.0


def test_only_sessions_of_one_process_are_compared() -> None:
    before = year([300.0] * STRETCH)
    after = tuple(replace(each, life=2) for each in year([100.0] * (WARM + 2 * STRETCH)))

    assert drift((*before, *after)) == 0.0
    assert drift((*before, *after[:-1])) is None
