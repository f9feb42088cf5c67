"""A few sessions of a soak: what must hold holds, and a year that was interrupted goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.extend(
    [str(Path(__file__).parents[1] / each) for each in ("scenario", "property", "soak")]
)

from explained import named, unexplained
from mischief import ROWS, known_rows
from year import Day, Plan, live

from bot.simulator.scenarios import QUARTER, Scenario, seasons

FEW = Plan(seed=2, sessions=4, faults=5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Day, ...], str]:
    lived = live(FEW, tmp_path_factory.mktemp("whole"))
    return lived.days, lived.fingerprint


def test_everything_holds_in_sessions_in_which_everything_goes_wrong(
    whole: tuple[tuple[Day, ...], str],
) -> None:
    days, _ = whole

    assert [day.broken for day in days] == [()] * len(days)
    assert [*unexplained(days)] == []
    assert sum(day.struck for day in days) >= len(days)


def test_an_interrupted_year_goes_on_after_its_last_finished_session(
    whole: tuple[tuple[Day, ...], str], tmp_path: Path
) -> None:
    days, fingerprint = whole
    live(FEW, tmp_path, at_most=2)
    lived_now: list[Day] = []

    lived = live(FEW, tmp_path, hear=lived_now.append)

    assert [day.session for day in lived_now] == [day.session for day in days[2:]]
    assert [day.rows for day in lived.days] == [day.rows for day in days]
    assert lived.fingerprint == fingerprint


def test_another_year_is_not_lived_in_the_same_folder(tmp_path: Path) -> None:
    live(Plan(seed=1, sessions=1, faults=0), tmp_path)

    with pytest.raises(ValueError, match="holds another year"):
        live(Plan(seed=2, sessions=1, faults=0), tmp_path)


def test_a_fault_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"no row 99, x for a soak; there are 2, 3, "):
        known_rows("26,99,x")

    assert known_rows("33, 26") == (26, 33)
    assert 26 in ROWS


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("--scenario", "storm", "seasons"),
        ("--seeds", "0", "from 1 on"),
        ("--rows", "70", "there are 2"),
    ],
)
def test_a_soak_of_what_does_not_exist_is_refused(option: str, text: str, told: str) -> None:
    campaign = Path(__file__).with_name("soak_campaign.py")

    ended = subprocess.run(
        [sys.executable, campaign, option, text], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert told in ended.stderr


def test_the_seasons_of_a_year_are_drawn_by_its_seed() -> None:
    years = [seasons(seed, 4 * QUARTER) for seed in range(1, 9)]

    assert {len(year) for year in years} == {4}
    assert {season for year in years for season in year} == {*Scenario} - {Scenario.SEASONS}
    assert seasons(3, 252) == seasons(3, 252)


def day(session: str, *, hit: tuple[int, ...] = (), **told: object) -> Day:
    return Day(session=session, rows=(36, 44, 48), struck=len(hit), attempts=1, hit=hit, **told)  # type: ignore[arg-type]


def test_a_fault_that_was_drawn_and_did_not_strike_explains_nothing() -> None:
    twins = ("ORDER_TWINS",)

    assert [*unexplained([day("2025-01-06", hit=(36,), notes=twins)])] == []
    assert [*unexplained([day("2025-01-06", notes=twins)])] == [
        "2025-01-06: unexplained ORDER_TWINS"
    ]


def test_a_fault_explains_no_longer_than_its_consequences_last() -> None:
    lost = day("2025-01-06", hit=(44,))
    later = [day(f"2025-01-0{number}", adopted=True) for number in (7, 8)]

    assert [*unexplained([lost, *later])] == ["2025-01-08: unexplained adoption by a person"]


def test_a_run_that_did_not_end_needs_a_cause_too() -> None:
    silent = day("2025-01-06", endings=("GatewayUnavailableError: connection lost: gone",))

    assert len([*unexplained([silent])]) == 1


def test_a_short_leg_is_explained_by_less_than_a_long_one_that_nobody_bids_for() -> None:
    code = "STRUCTURE_INCOMPLETE"
    filled_in_part = day("2025-01-06", hit=(32,))
    long, short = (
        day("2025-01-07", notes=(named(code, text),))
        for text in (
            "+1 SPXW 2025-02-07 6850C",
            "+1 SPXW 2025-02-07 5145P, -1 SPXW 2025-02-07 5035P",
        )
    )

    assert [*unexplained([filled_in_part, long])] == []
    assert len([*unexplained([filled_in_part, short])]) == 1
    assert named("POSITION_BREAK", "-1 SPX") == "POSITION_BREAK"
