"""Books side by side: by segment, SPX with its dividends, the promoter, and the best choice."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from evidence_books import book, weekdays
from evidence_history import history
from evidence_walk import first_session, walk

from bot.core.rules import Rules
from bot.evidence.benchmarks import Market, market_of
from bot.evidence.by_segment import book_segment, books_by_segment, rows_of_segments
from bot.evidence.chosen import best_choice, told
from bot.evidence.day_surfaces import Surfaces
from bot.evidence.dividends import (
    daily_spx,
    described,
    of_whole_months,
    read_total_return,
    with_dividends,
)
from bot.evidence.engine import replay
from bot.evidence.settings import ReplaySettings
from bot.evidence.side_by_side import index_book, promoter_book, side_by_side
from bot.evidence.sizes import at_size

if TYPE_CHECKING:
    from pathlib import Path

    from bot.evidence.books import Replay


def test_the_sessions_of_a_segment_are_chained_wherever_they_lie() -> None:
    """Sessions 0, 2 and 4 of a book of 100: +10 %, -20 % and +5 %; the others do not count."""
    own = book([10.0, 40.0, -30.0, 60.0, 9.0], capital=100.0)
    rows = np.array([True, False, True, False, True])

    found = book_segment(("calm", "hedged"), own, rows, np.full(5, 0.01))

    # 110 of 100, 120 of 150, 189 of 180
    returns = np.array([0.1, -0.2, 0.05])
    assert found.gained == pytest.approx(1.1 * 0.8 * 1.05 - 1)
    assert found.volatility == pytest.approx(returns.std(ddof=1) * math.sqrt(252))
    assert found.sharpe == pytest.approx(
        (returns.mean() - 0.01) / returns.std(ddof=1) * math.sqrt(252)
    )
    assert found.drawdown == pytest.approx(0.2)
    # all five sessions are of one month
    assert found.worst_month == pytest.approx(found.gained)


def test_one_session_has_no_volatility() -> None:
    own = book([10.0, 20.0], capital=100.0)

    found = book_segment(("calm", "hedged"), own, np.array([True, False]), np.zeros(2))

    assert (found.sessions, found.gained) == (1, pytest.approx(0.1))
    assert math.isnan(found.volatility)
    assert math.isnan(found.sharpe)


def test_bills_have_no_sharpe_ratio_over_themselves() -> None:
    """What they differ by is the rounding of the books, which is no deviation."""
    bills = np.full(300, 0.000_1) + 1e-6 * np.sin(np.arange(300))
    own = index_book("bills", book(np.zeros(300)), bills)

    found = book_segment(("calm", "T-bills"), own, np.arange(300) % 3 > 0, bills)

    assert math.isnan(found.sharpe)
    assert found.volatility > 0


@pytest.fixture(scope="module")
def replayed() -> Replay:
    first = first_session(walk())
    return at_size(replay(walk(), Rules(rate=0.03), ReplaySettings(first=first)), 1.0)


def test_every_book_stands_in_every_segment_and_all_sessions_in_one_regime(
    replayed: Replay,
) -> None:
    market = market_of(walk(), replayed.books["hedged"].sessions)
    beside = side_by_side(replayed, market, replayed.books["shadow"], None)

    found = books_by_segment(beside, rows_of_segments(replayed), market.bill_days)

    regimes = found["Regime of the decision"]
    assert list(beside) == [
        *("hedged", "unhedged", "VIX calls as VXTH", "SPX with dividends", "T-bills"),
    ]
    assert sum(each.sessions for each in regimes if each.book == "hedged") == 30
    assert {each.book for each in regimes} == set(beside)
    # 2012 to 2013 lies in two eras and in no bear market that has a name
    assert {each.segment for each in found["Eras"]} == {
        "tradeable, from July 2006", "chosen on, to 2014",
    }  # fmt: skip
    assert "Slow bear markets" not in found


def test_the_promoter_is_decided_anew_by_its_own_policy(replayed: Replay) -> None:
    settings = ReplaySettings(first=first_session(walk()))
    found = promoter_book(Surfaces(walk()), Rules(rate=0.03), settings)
    market = market_of(walk(), found.book.sessions)

    beside = side_by_side(replayed, market, replayed.books["shadow"], found)

    assert found.seconds > 0
    assert beside["promoter"] is found.book
    assert (found.book.sessions == replayed.books["hedged"].sessions).all()
    assert found.book.hedge_usd.sum() != replayed.books["hedged"].hedge_usd.sum()


MONTHS = pd.period_range("2019-01", "2019-04", freq="M")


def market(spx: float = 0.01) -> Market:
    return Market(
        bill_days=np.zeros(4),
        bills=pd.Series(0.001, index=MONTHS),
        spx=pd.Series(spx, index=MONTHS),
    )


def test_spx_returns_what_its_total_return_did_where_that_is_published() -> None:
    published = pd.Series([0.05, 0.06], index=MONTHS[1:3])

    found = with_dividends(market(), published)

    assert found.spx.tolist() == [0.01, 0.05, 0.06, 0.01]
    assert described(found, published) == (
        "SPX with dividends: total return of Cboe's file (SPTR), 2019-02 to 2019-03; price return "
        "and 1.8% a year in the other months"
    )
    assert "no total return being recorded" in described(found, published[:0])


def test_the_dividends_of_a_month_come_in_equal_parts_on_its_sessions() -> None:
    """February: SPX rises by 10 % with dividends of 2 % on two sessions; January is unknown."""
    sessions = np.array(
        ["2019-01-30", "2019-01-31", "2019-02-01", "2019-02-28"], dtype="datetime64[D]"
    )
    close = np.array([100.0, 100.0, 120.0, 110.0])

    found = daily_spx(close, sessions, market(0.12))

    stated = 0.018 / 252
    assert found.tolist() == pytest.approx([0.0, stated, 0.2 + 0.01, 110 / 120 - 1 + 0.01])


def test_of_a_month_that_is_not_replayed_whole_spx_has_no_return() -> None:
    """SPX rises by a half on the last session of January, after the replay has ended."""
    past = history(first=dt.date(2019, 1, 2), count=21)
    close = np.where(np.arange(21) == 20, 150.0, 100.0)
    past = replace(past, spx=replace(past.spx, close=close))
    published = pd.Series([0.5], index=MONTHS[:1])

    def found(count: int) -> Market:
        sessions = past.sessions[:count]
        whole = with_dividends(market_of(past, sessions), published)
        return of_whole_months(whole, past, sessions)

    assert found(21).spx.tolist() == [0.5]
    assert np.isnan(found(20).spx).all()
    by_day = daily_spx(close[:20], past.sessions[:20], found(20))
    assert by_day[1:].tolist() == pytest.approx([0.018 / 252] * 19)
    assert "no total return" in described(found(20), published)


def test_the_total_return_is_read_by_month_and_a_gap_is_no_month(tmp_path: Path) -> None:
    assert read_total_return(tmp_path).empty
    file = tmp_path / "cboe_strategy_indexes_monthly.csv"
    file.write_text(
        "date,SPTR\n2019-01-31,100\n2019-02-28,110\n2019-03-29,\n2019-04-30,99\n", encoding="utf-8"
    )

    assert read_total_return(tmp_path).to_dict() == {pd.Period("2019-02", "M"): pytest.approx(0.1)}
    file.write_text("date,PUT\n2019-01-31,100\n", encoding="utf-8")
    assert read_total_return(tmp_path).empty


def candidate(name: str, difference: float, excess: float, **more: object) -> dict[str, object]:
    """Returns over bills of 0.001 a month to 2014, and of `excess`, by turns, for two years on."""
    after = np.full(24, excess) + np.tile([0.002, -0.002], 12)
    return {
        "variant": name, "difference": difference, "judgement": "no clear difference",
        "t_value": 1.0, "held_out": -0.002,
        "first_month": "2013-01", "months": [0.001] * 24 + after.tolist(), **more,
    }  # fmt: skip


BILLS = pd.Series(0.001, index=pd.period_range("2013-01", "2016-12", freq="M"))


def test_the_clearest_of_the_years_to_2014_is_judged_on_those_after() -> None:
    """Clearest is ``b``, which then makes 0.3 % a month less than bills, of 1.2 % a year."""
    choice = pd.DataFrame(
        [
            candidate("base", 0.0, 0.004),
            candidate("a", 0.03, 0.001, judgement="better", t_value=3.4),
            candidate("b", 0.02, -0.003, judgement="better", t_value=4.0),
            candidate("c", 0.08, 0.005),
            candidate("d", 0.09, 0.001, judgement="ruined"),
        ]
    )
    found = best_choice(choice, BILLS)

    assert found is not None
    growth = (0.998 + 0.002) ** 12 * (0.998 - 0.002) ** 12
    assert (found.name, found.tried, found.loses) == ("b", 5, True)
    assert found.growth == pytest.approx(growth**0.5 - 1)
    assert found.bills == pytest.approx(1.001**12 - 1)
    assert told(found).startswith(
        "The best choice of 1990-2014 among 5 (b) still loses on 2015-today: its hedged book grew "
        "by -2.38% a year, T-bills by 1.21% (2015-01 to 2016-12; t of the difference -"
    )
    assert told(found).endswith(
        "against the start values it was worth +2.00% a year on the years that it was chosen on, "
        "and -0.20% after."
    )


def test_what_is_not_clearly_better_leaves_the_start_values() -> None:
    rows = [candidate("base", 0.0, 0.004), candidate("c", 0.08, 0.005, t_value=2.9)]

    found = best_choice(pd.DataFrame(rows), BILLS)

    assert found is not None
    assert found.name == "base"


def test_start_values_that_stay_best_and_beat_bills_do_not_lose() -> None:
    found = best_choice(pd.DataFrame([candidate("base", 0.0, 0.004)]), BILLS)

    assert "among 1 (the start values) does not lose on 2015-today" in told(found)


@pytest.mark.parametrize(
    "choice",
    [
        None,
        pd.DataFrame({"variant": ["base"], "difference": [0.0], "judgement": ["better"]}),
        pd.DataFrame([candidate("base", math.nan, 0.004)]),
        pd.DataFrame([candidate("base", 0.0, 0.004, months=[0.001] * 24)]),
    ],
)
def test_what_was_not_chosen_or_reaches_no_later_year_says_nothing(
    choice: pd.DataFrame | None,
) -> None:
    assert told(best_choice(choice, BILLS)) == ""


def test_a_total_return_stands_beside_the_history_that_has_it_not() -> None:
    past = history(first=dt.date(2019, 1, 2), count=60)
    flat = market_of(past, past.sessions)

    assert with_dividends(flat, pd.Series(0.05, index=MONTHS[1:2])).spx["2019-02"] == 0.05
    assert weekdays(3)[0] == past.sessions[0]
