"""The page and the print of the evidence, from books made by hand over a flat market."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from evidence_books import book
from evidence_history import history
from rich.console import Console

from bot.evidence.benchmarks import market_of
from bot.evidence.books import Replay
from bot.evidence.claims import Inputs
from bot.evidence.claims_page import claims_page
from bot.evidence.report import write_report
from bot.evidence.settings import ReplaySettings
from bot.evidence.side_by_side import Promoter
from bot.evidence.sources import LiveFills, Sources
from bot.evidence.study import Study, _finished, _measured, as_held, fresh_gains, told_of
from bot.evidence.validation import Validation
from bot.evidence.vxth_check import Replica

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 420
FIRST = dt.date(2019, 1, 2)
CRASH = slice(285, 295)
LEGS = ("+1 {}2500P", "-1 {}2600P", "-1 {}3400C", "+1 {}3500C")
CONDOR = ", ".join(leg.format("SPXW 2019-02-15 ") for leg in LEGS)
TRADES = pd.DataFrame(
    {
        "session": pd.to_datetime(["2019-01-03", "2019-02-01", "2019-01-04"]),
        "structure_id": ["a", "a", "n"],
        "kind": ["condor", "condor", "near"],
        "action": ["open_condor", "close_condor", "sell_hedge"],
        "reason": ["entry", "take_profit", "monetise"],
        "contracts": [CONDOR, CONDOR, "-1 VIX 2019-02-13 20C"],
        "quantity": 1,
        "price": [-5.0, 2.0, -1.0],
        "fees_usd": 5.0,
        "scale": 1.0,
        "max_loss_usd": [4_500.0, math.nan, math.nan],
    }
)


@pytest.fixture(scope="module")
def made() -> Study:
    vix = np.full(DAYS, 15.0)
    vix[CRASH] = 40.0
    past = history(first=FIRST, count=DAYS, vix=vix.tolist())
    condor, hedge = np.full(DAYS, 40.0), np.full(DAYS, -20.0)
    condor[CRASH], hedge[CRASH] = -3_000.0, 1_500.0
    hedged = book(condor, hedge, sessions=past.sessions)
    shadow = book(condor, name="shadow", sessions=past.sessions)
    days = pd.DataFrame(
        {
            "vix": vix,
            "spx": 3000.0,
            "regime": "calm",
            "substitutes": "large_caps",
            "denied": "SESSION_RISK TAKE_PROFIT",
            "rebase": 1.0,
        },
        index=pd.DatetimeIndex(past.sessions),
    )
    layers = pd.DataFrame(
        {"session": days.index, "layer": "near", "bid_usd": 2_000.0, "mid_usd": 2_100.0}
    )
    raw = Replay(
        settings=ReplaySettings(),
        rules_sha256="f" * 64,
        books={"hedged": hedged, "shadow": shadow},
        days=days,
        trades=TRADES,
        layers=layers,
    )
    market = market_of(past, past.sessions)
    default = _measured("the bot's size", raw, market)
    sources = Sources(
        history=past,
        validation=VALIDATION,
        indexes={"CNDR": pd.Series(0.01, index=pd.period_range("2019-01", "2020-12", freq="M"))},
        tables={"variants": VARIANTS, "choice": CHOICE, "paths": PATHS},
        live=LiveFills(sessions=70, orders=200, median_share=0.4, mean_share=0.45),
    )
    inputs = Inputs(fresh=fresh_gains(past, raw, default), held=as_held(raw, default))
    return _finished(sources, raw, market, default, inputs, quick=True)


VALIDATION = Validation(
    options=pd.DataFrame(
        {
            "underlying": "SPX", "held_out": [True, False], "stressed": False, "right": "put",
            "maturity": "25-59", "group": "0.07-0.20", "n": [1_234, 77], "sessions": 20,
            "vol_median": 0.188, "vol_abs_median": 0.437, "vol_abs_p90": 1.246,
            "points_median": 0.549, "half_spreads_abs_median": math.nan, "within_spread": 0.089,
        }
    ),
    spreads=pd.DataFrame(
        {
            "underlying": ["VIX"], "stressed": True, "maturity": "20-49", "group": "0.20-0.35",
            "n": 9, "recorded": 0.1, "modelled": 0.11, "ratio": 1.1,
        }
    ),
    curve=pd.DataFrame(
        {
            "era": ["2004-2009"], "days": "21-50", "n": 296, "mean_pct": -4.55, "rms_pct": 5.61,
            "mean_alone_pct": 0.04, "rms_alone_pct": 9.78,
        }
    ),
    replicas=(
        Replica(
            name="recorded calls", months=pd.DataFrame(), tracking_pct=1.0, worst_month_pct=2.0,
            published_pct=7.13, replica_pct=6.91, spx_pct=8.36,
            correlation=0.976, excess_correlation=0.96,
        ),
    ),
)  # fmt: skip
VARIANTS = pd.DataFrame(
    {
        "variant": ["base", "SPX volatility too high"],
        "group": ["base", "model"],
        "whole_drag": [0.011, 0.012],
        "whole_growth": [0.02, math.nan],
        "whole_drawdown": 0.03,
        "whole_reduction": 0.4,
        "whole_sharpe": 0.7,
        "held_shadow_sharpe": [1.0, 0.1],
    }
)

CHOICE = pd.DataFrame(
    {
        "variant": ["base", "far at 0.15"], "difference": [0.0, 0.0123], "t_value": [0.0, 1.1],
        "held_out": [0.0, -0.004], "deflated": [0.91, 0.93],
        "judgement": ["no clear difference", "better"],
        "first_month": "2019-01", "months": [[0.001] * 12, [-0.002] * 12],
    }
)  # fmt: skip
PATHS = pd.DataFrame(
    {
        "path": range(21),
        "whole_drag": np.linspace(0.0, 0.02, 21),
        "whole_reduction": 0.1,
        "whole_growth_given_up": 0.01,
        "whole_growth": 0.04,
    }
)


def page_of(made: Study, folder: Path) -> str:
    return write_report(made, folder).read_text(encoding="utf-8")


def test_the_answer_and_the_claims_are_on_top(made: Study, tmp_path: Path) -> None:
    page = page_of(made, tmp_path)

    parts = (made.answer.headline, "The claims of the method", "What a dollar became")
    order = [page.index(text) for text in parts]
    assert order == sorted(order)
    for claim in made.claims:
        assert claim.outcome.value in page


def test_every_part_is_there_and_held_out_errors_only(made: Study, tmp_path: Path) -> None:
    page = page_of(made, tmp_path)

    for title in ("Every rise of the VIX", "One event left out", "Two sizes", "Half-spreads"):
        assert title in page
    for text in ("1,234", "SESSION_RISK 420", "large_caps 420", "median 40%, mean 45%"):
        assert text in page
    assert ">77<" not in page
    assert "TAKE_PROFIT" not in page
    for text in ("SPX volatility too high", "+1.23%", "-0.40%", "21 resampled histories"):
        assert text in page
    for text in ("The error of the surfaces, carried through", "One thing changed: model"):
        assert text in page
    assert "0.10%" in page
    assert "1.90%" in page


def test_what_a_reader_has_to_know_of_the_books_is_on_the_page(made: Study, tmp_path: Path) -> None:
    page = page_of(made, tmp_path)

    for text in (
        "The machinery against the published VXTH index",
        "mean return on the capital at risk, by entry",
        "the same, every month alike",
        "deflated Sharpe",
        "tradeable, from July 2006",
        "three-month Treasury rate of the session before",
        "no total return being recorded",
        "The layers as they were held",
        "From a sale for profit to the breach of a strike",
        "Crashes: every book",
        "alpha, hedged",
        "the replay of the promoter policy (--quick, or --no-promoter)",
    ):
        assert text in page


def test_a_promoter_that_was_replayed_stands_beside_the_others(made: Study, tmp_path: Path) -> None:
    promoter = Promoter(book=replace(made.hedged, name="promoter"), seconds=61.4)
    beside = {**made.beside, "promoter": promoter.book}
    page = page_of(replace(made, promoter=promoter, beside=beside), tmp_path)

    assert "is a replay of its own (61 s)" in page
    assert ">promoter<" in page


def test_what_is_unknown_is_said_and_never_a_nought(made: Study, tmp_path: Path) -> None:
    page = page_of(made, tmp_path)

    assert "nan" not in page.partition('<script type="application/json"')[0].lower().split()
    assert '<span class="unknown">unknown</span>' in page


def test_the_page_reaches_no_network(made: Study, tmp_path: Path) -> None:
    page = page_of(made, tmp_path)

    assert "default-src &#39;none&#39;" in page
    assert '<link rel="stylesheet"' not in page
    assert 'src="' not in page.partition('id="plotly"')[0]


def test_the_print_fits_a_hundred_columns(made: Study) -> None:
    screen = Console(width=100, record=True, file=None, force_terminal=False)
    with screen.capture() as caught:
        screen.print(claims_page(made))

    lines = caught.get().splitlines()
    assert max(map(len, lines)) <= 100
    assert any("Break-even within 3-7" in line for line in lines)
    assert any("200 resamples instead of 2,000" in line for line in lines)


def test_event_and_promoter_are_told_in_the_answer_and_an_empty_sentence_is_not(
    made: Study,
) -> None:
    beside = {**made.beside, "promoter": made.shadow}

    (promoter,) = told_of(beside)

    assert any("hangs on" in each for each in made.answer.sentences)
    assert "" not in made.answer.sentences
    assert list(told_of(made.beside)) == []
    # the unhedged book grows faster than the hedged one, and stands in for the promoter
    assert promoter.startswith("The promoter policy, which drops layers while the market is calm")


def test_what_the_best_choice_did_on_the_years_after_is_in_the_answer(
    made: Study, tmp_path: Path
) -> None:
    """It makes 0.2 % a month less than bills, which earn nothing here."""
    sentence = (
        "The best choice of 1990-2014 among 2 (far at 0.15) still loses on 2015-today: its hedged "
        "book grew by -2.37% a year, T-bills by 0.00% (2019-01 to 2019-12; t of the difference "
        "unknown); against the start values it was worth +1.23% a year on the years that it was "
        "chosen on, and -0.40% after."
    )
    screen = Console(width=1_000, record=True, file=None, force_terminal=False)
    with screen.capture() as caught:
        screen.print(claims_page(made))

    assert sentence in made.answer.sentences
    assert sentence in page_of(made, tmp_path)
    assert sentence in caught.get()


def test_without_a_size_of_2020_there_is_one_column_of_measurements(
    made: Study, tmp_path: Path
) -> None:
    page = page_of(replace(made, large=None), tmp_path)

    assert "times that" not in page
