"""Playback of recorded chains: what is quoted, what is not, and what each value is made of."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING

import pytest
from recorded_folder import FIRST, SECOND, write_recorded

from bot.core.errors import RecordedDataError
from bot.core.model import OptionContract, Right
from bot.simulator.market import Provenance
from bot.simulator.playback import PlaybackMarket

if TYPE_CHECKING:
    from pathlib import Path

RECORDED, MODELLED = Provenance.RECORDED, Provenance.MODELLED
OPEN = dt.time(14, 30)
AFTERNOON = dt.time(20, 30)
"""15:30 in New York, in UTC."""


def at(day: dt.date, time: dt.time = AFTERNOON) -> dt.datetime:
    return dt.datetime.combine(day, time, dt.UTC)


def spx(expiry: dt.date, strike: float, right: Right, name: str = "SPXW") -> OptionContract:
    return OptionContract(
        underlying="SPX",
        trading_class=name,
        expiry=expiry,
        last_trade=expiry if name == "SPXW" else expiry - dt.timedelta(days=1),
        strike=strike,
        right=right,
    )


def vix(expiry: dt.date, strike: float, right: Right = Right.CALL) -> OptionContract:
    return OptionContract(
        underlying="VIX",
        trading_class="VIX",
        expiry=expiry,
        last_trade=expiry - dt.timedelta(days=1),
        strike=strike,
        right=right,
    )


PUT = spx(dt.date(2025, 2, 14), 5900.0, Right.PUT)


def afternoon(chains: Path, day: dt.date = FIRST) -> PlaybackMarket:
    market = PlaybackMarket(chains)
    market.advance(at(day))
    return market


def test_only_recorded_sessions_are_played(tmp_path: Path) -> None:
    market = PlaybackMarket(write_recorded(tmp_path))

    assert [day.session for day in market.days()] == [FIRST, SECOND]
    assert market.start() == at(FIRST, dt.time(13, 30))


def test_the_range_of_sessions_can_be_narrowed(tmp_path: Path) -> None:
    market = PlaybackMarket(write_recorded(tmp_path), first=SECOND, last=SECOND)

    assert [day.session for day in market.days()] == [SECOND]


def test_a_range_without_a_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordedDataError, match="no playable session from 2026-01-01 to None"):
        PlaybackMarket(write_recorded(tmp_path), first=dt.date(2026, 1, 1))


def test_an_option_is_quoted_as_it_was_recorded(tmp_path: Path) -> None:
    quote = afternoon(write_recorded(tmp_path)).option(PUT)

    assert quote is not None
    assert (quote.bid, quote.ask, quote.provenance) == (80.0, 81.0, RECORDED)


def test_a_call_that_nobody_bids_for_has_an_ask_and_no_size_bid(tmp_path: Path) -> None:
    quote = afternoon(write_recorded(tmp_path)).option(
        spx(dt.date(2025, 2, 14), 6800.0, Right.CALL)
    )

    assert quote is not None
    assert (quote.bid, quote.bid_size, quote.ask) == (0.0, 0, 0.05)


@pytest.mark.parametrize(
    "contract",
    [
        spx(dt.date(2025, 2, 14), 5900.0, Right.CALL),  # only the put is in the file
        spx(dt.date(2025, 2, 14), 5905.0, Right.PUT),
        spx(dt.date(2025, 2, 14), 5901.25, Right.CALL),  # on no listed step
        spx(dt.date(2025, 2, 21), 5900.0, Right.PUT),
    ],
)
def test_what_was_not_recorded_of_a_recorded_chain_is_not_quoted(
    tmp_path: Path, contract: OptionContract
) -> None:
    assert afternoon(write_recorded(tmp_path)).option(contract) is None


@pytest.mark.parametrize("time", [dt.time(14, 29), dt.time(21, 16)])
def test_nothing_is_traded_out_of_hours(tmp_path: Path, time: dt.time) -> None:
    market = PlaybackMarket(write_recorded(tmp_path))
    market.advance(at(FIRST, time))

    assert market.option(PUT) is None
    assert market.future(dt.date(2025, 1, 22)) is None
    assert market.stock("XLF") is None


def test_an_expiring_option_is_quoted_to_the_close_of_the_stocks(tmp_path: Path) -> None:
    expiring = spx(FIRST, 5950.0, Right.CALL)
    market = PlaybackMarket(write_recorded(tmp_path))
    market.advance(at(FIRST, dt.time(20, 59)))
    before = market.option(expiring)
    market.advance(at(FIRST, dt.time(21, 0)))

    assert before is not None
    assert before.bid == 25.0
    assert market.option(expiring) is None


def test_on_a_day_between_recorded_sessions_nothing_is_quoted(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path), dt.date(2025, 1, 7))

    assert market.option(PUT) is None
    assert market.index("SPX") is None
    assert market.futures() == ()
    assert market.series("SPX") == ()
    assert market.provenance() == ()


def test_listed_series_are_those_recorded_that_still_trade(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))

    listed = {(each.trading_class, each.expiry): each for each in market.series("SPX")}
    assert sorted(listed) == [
        ("SPX", dt.date(2025, 3, 21)),
        ("SPXW", dt.date(2025, 1, 6)),
        ("SPXW", dt.date(2025, 2, 14)),
    ]
    assert listed["SPXW", dt.date(2025, 2, 14)].strikes == (5900.0, 6000.0, 6800.0)
    assert listed["SPX", dt.date(2025, 3, 21)].last_trade == dt.date(2025, 3, 20)


def test_indexes_are_the_recorded_closes_where_there_are_any(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))
    quotes = {name: market.index(name) for name in ("SPX", "VIX", "VIX9D", "VIX3M", "SKEW")}

    assert {name: each and (each.last, each.provenance) for name, each in quotes.items()} == {
        "SPX": (5975.4, RECORDED),
        "VIX": (16.04, RECORDED),
        "VIX9D": (14.5, RECORDED),
        "VIX3M": (18.6, RECORDED),
        "SKEW": (165.0, RECORDED),
    }


def test_an_index_without_a_recorded_close_is_modelled_and_says_so(tmp_path: Path) -> None:
    quote = afternoon(write_recorded(tmp_path), SECOND).index("VIX3M")

    assert quote is not None
    assert quote.provenance is MODELLED
    assert quote.last == pytest.approx(21.9 * (17.70 / 20) ** 0.82, abs=0.005)


def test_an_overnight_capture_goes_with_the_level_that_its_parity_implies(tmp_path: Path) -> None:
    """Forward 6000 at 30 days: 6000 exp((0.013 - r) 30 / 365), r = 2 ln(1 + 0.044 / 2)."""
    quote = afternoon(write_recorded(tmp_path, when="gth_evening")).index("SPX")

    assert quote is not None
    assert quote.provenance is MODELLED
    assert quote.last == pytest.approx(5984.96, abs=0.05)


def test_a_capture_within_hours_goes_with_the_level_in_its_file(tmp_path: Path) -> None:
    quote = afternoon(write_recorded(tmp_path, when="rth_intraday")).index("SPX")

    assert quote is not None
    assert (quote.last, quote.provenance) == (5970.0, RECORDED)


def test_before_the_open_nothing_is_known_of_the_day(tmp_path: Path) -> None:
    market = PlaybackMarket(write_recorded(tmp_path))
    market.advance(at(FIRST, dt.time(14, 0)))

    assert market.index("SPX") is None
    assert market.index("AD-NYSE") is None


def test_an_unknown_symbol_has_no_quote_and_no_bars(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))

    assert (market.index("NDX"), market.stock("QQQ"), market.bars("NDX", 5)) == (None, None, ())


def test_breadth_is_recorded_or_modelled_by_bid_and_ask(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))
    recorded = market.index("AD-NYSE")
    market.advance(at(SECOND))
    modelled = market.index("AD-NYSE")

    assert recorded is not None
    assert (recorded.bid, recorded.ask, recorded.last) == (1500.0, 1200.0, None)
    assert recorded.provenance is RECORDED
    assert modelled is not None
    assert modelled.provenance is MODELLED
    assert modelled.bid is not None
    assert modelled.ask is not None
    assert modelled.bid + modelled.ask == 2800


def test_a_recorded_vx_settlement_lies_within_its_modelled_spread(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))
    quote = market.future(dt.date(2025, 2, 19))

    assert market.futures() == (
        dt.date(2025, 1, 22),
        dt.date(2025, 2, 19),
        dt.date(2025, 3, 18),
    )
    assert quote is not None
    assert (quote.bid, quote.ask, quote.last) == (17.5, 17.6, 17.55)
    assert quote.provenance is RECORDED


def test_a_vx_curve_that_was_not_recorded_is_modelled_for_nine_months(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path), SECOND)

    assert len(market.futures()) == 9
    quote = market.future(market.futures()[0])
    assert quote is not None
    assert quote.provenance is MODELLED
    assert quote.last is not None
    assert 17.70 < quote.last < 19.81  # between the VIX and the VIX3M that goes with it


def test_a_future_that_is_not_listed_is_not_quoted(tmp_path: Path) -> None:
    assert afternoon(write_recorded(tmp_path)).future(dt.date(2025, 2, 20)) is None


def test_the_vix_chain_is_modelled_where_only_spx_was_recorded(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))
    quote = market.option(vix(dt.date(2025, 2, 19), 20.0))

    assert quote is not None
    assert quote.provenance is MODELLED
    assert quote.underlying_price == 17.55
    assert quote.bid is not None
    assert quote.ask is not None
    assert 0 < quote.bid < quote.ask < 3


def test_a_weekly_vix_option_is_priced_off_the_recorded_neighbours(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))
    (weekly,) = (each for each in market.series("VIX") if each.expiry == dt.date(2025, 1, 29))
    quote = market.option(
        OptionContract(
            underlying="VIX",
            trading_class="VIXW",
            expiry=weekly.expiry,
            last_trade=weekly.last_trade,
            strike=18.0,
            right=Right.CALL,
        )
    )

    assert quote is not None
    assert quote.underlying_price is not None
    assert 16.80 < quote.underlying_price < 17.55


def test_the_spx_chain_is_modelled_where_only_vix_was_recorded(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path, vix=True))
    recorded = market.option(vix(dt.date(2025, 1, 22), 18.0))
    modelled = market.option(PUT)

    assert recorded is not None
    assert (recorded.bid, recorded.ask, recorded.provenance) == (1.20, 1.30, RECORDED)
    assert modelled is not None
    assert modelled.provenance is MODELLED
    assert modelled.underlying_price == pytest.approx(5975.4 * 1.0032, rel=0.0005)


def test_bars_are_recorded_and_end_before_the_current_session(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path), SECOND)

    assert [bar.close for bar in market.bars("SPX", 2)] == [5975.4, 5909.0]
    assert [bar.close for bar in market.bars("VIX", 300)] == [16.13, 16.04, 17.82]


def test_the_bars_of_a_fund_follow_those_of_spx(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path), SECOND)
    spx_bars, fund_bars = market.bars("SPX", 3), market.bars("SPY", 3)

    for spx_bar, fund in zip(spx_bars, fund_bars, strict=True):
        assert fund.low <= min(fund.open, fund.close) <= max(fund.open, fund.close) <= fund.high
        assert fund.close / fund.open == pytest.approx(spx_bar.close / spx_bar.open, abs=0.002)


def test_a_fund_is_quoted_a_cent_round_its_close(tmp_path: Path) -> None:
    quote = afternoon(write_recorded(tmp_path)).stock("XLK")

    assert quote is not None
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.ask - quote.bid == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("contract", "instant", "level"),
    [
        (PUT, at(dt.date(2025, 2, 14), dt.time(20, 59)), None),
        (PUT, at(dt.date(2025, 2, 14), dt.time(21, 0)), 6114.6),  # the close
        (
            spx(dt.date(2025, 3, 21), 6000.0, Right.PUT, "SPX"),
            at(dt.date(2025, 3, 21), dt.time(13, 30)),
            5630.7,  # the open; New York is four hours behind by then
        ),
        (vix(dt.date(2025, 1, 22), 18.0), at(dt.date(2025, 1, 22), dt.time(14, 29)), None),
        (vix(dt.date(2025, 1, 22), 18.0), at(dt.date(2025, 1, 22), OPEN), 15.1),
        (vix(dt.date(2025, 2, 19), 18.0), at(dt.date(2025, 2, 20), OPEN), None),  # no history
        (spx(dt.date(2025, 1, 9), 18.0, Right.PUT), at(dt.date(2025, 1, 10)), None),  # shut
        (spx(dt.date(2035, 1, 5), 18.0, Right.PUT), at(dt.date(2025, 1, 10)), None),
    ],
)
def test_positions_settle_from_the_histories_on_days_that_were_not_recorded(
    tmp_path: Path, contract: OptionContract, instant: dt.datetime, level: float | None
) -> None:
    market = PlaybackMarket(write_recorded(tmp_path))
    market.advance(instant)

    assert market.settlement(contract) == level


def test_provenance_names_each_subject_once(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))
    notes = {note.subject: note for note in market.provenance()}

    assert len(notes) == len(market.provenance())
    assert notes["SPX options"].provenance is RECORDED
    assert "2025-01-06.csv.gz (rth_close, 2025-01-06 17:30)" in notes["SPX options"].detail
    assert notes["VIX options"].provenance is MODELLED
    assert notes["VX curve"].provenance is RECORDED
    assert notes["breadth"].provenance is RECORDED
    assert notes["sector ETFs"].provenance is MODELLED
    assert notes["VIX settlement"].provenance is MODELLED


def test_provenance_says_what_ended_before_the_session(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path), SECOND)
    modelled = {note.subject for note in market.provenance() if note.provenance is MODELLED}

    assert {"VIX3M level", "VVIX level", "VX curve", "breadth"} <= modelled
    assert "VIX level" not in modelled


def damaged(chains: Path) -> Path:
    path = chains / "spx" / f"{FIRST}.csv.gz"
    path.write_bytes(path.read_bytes()[:-40])
    return path


def test_a_session_whose_file_is_damaged_is_not_traded_and_says_why(tmp_path: Path) -> None:
    chains = write_recorded(tmp_path)
    path = damaged(chains)
    market = afternoon(chains)

    assert market.option(PUT) is None
    assert market.index("SPX") is None
    assert market.future(dt.date(2025, 1, 22)) is None
    (note,) = market.provenance()
    assert note.session == FIRST
    assert str(path) in note.detail
    assert "not traded" in note.detail


def test_a_damaged_session_does_not_stop_the_next(tmp_path: Path) -> None:
    chains = write_recorded(tmp_path)
    damaged(chains)
    market = afternoon(chains)
    market.advance(at(SECOND))

    assert market.option(PUT) is not None


def test_a_session_that_the_histories_do_not_cover_is_not_traded(tmp_path: Path) -> None:
    chains = write_recorded(tmp_path)
    (tmp_path / "vix_daily.csv").write_text(
        "date,open,high,low,close,spx_session\n2025-01-08,17.9,19.5,17.5,17.70,True\n"
    )
    market = afternoon(chains)

    assert market.option(PUT) is None
    assert "histories must cover" in market.provenance()[0].detail


def test_histories_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    chains = write_recorded(tmp_path)
    elsewhere = tmp_path / "histories"
    elsewhere.mkdir()
    for file in [*tmp_path.glob("*.csv"), *tmp_path.glob("*.gz")]:
        file.rename(elsewhere / file.name)
    market = PlaybackMarket(chains, elsewhere)
    market.advance(at(FIRST))

    assert market.option(PUT) is not None


def test_an_overnight_capture_without_parity_goes_with_the_close(tmp_path: Path) -> None:
    chains = write_recorded(tmp_path, when="pre_open")
    index = chains / "index.csv"
    index.write_text(index.read_text().replace("2025-02-05,6000.0", ","))
    quote = afternoon(chains).index("SPX")

    assert quote is not None
    assert (quote.last, quote.provenance) == (5975.4, RECORDED)


def test_after_the_last_session_its_own_bar_is_completed(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path), dt.date(2025, 1, 9))

    assert market.bars("SPX", 1)[0].session == SECOND


def test_modelled_quotes_stand_still_within_an_instant(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))
    call = vix(dt.date(2025, 2, 19), 20.0)

    assert market.option(call) == market.option(call)
    assert market.option(vix(dt.date(2025, 2, 19), 20.25)) is None


def test_time_does_not_go_back(tmp_path: Path) -> None:
    market = afternoon(write_recorded(tmp_path))

    with pytest.raises(ValueError, match="time must not go back"):
        market.advance(at(FIRST, OPEN))


def test_the_same_seed_plays_the_same_market(tmp_path: Path) -> None:
    chains = write_recorded(tmp_path)
    one, two, other = (PlaybackMarket(chains, seed=seed) for seed in (5, 5, 6))
    for market in (one, two, other):
        market.advance(at(SECOND))

    assert one.index("AD-NYSE") == two.index("AD-NYSE")
    assert one.bars("XLE", 9) == two.bars("XLE", 9)
    assert one.bars("XLE", 9) != other.bars("XLE", 9)


def test_a_chain_cut_between_two_lines_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    """A file can end at a line break and still be whole: the rest was not quoted."""
    chains = write_recorded(tmp_path)
    path = chains / "spx" / f"{FIRST}.csv.gz"
    head = b"".join(gzip.decompress(path.read_bytes()).splitlines(keepends=True)[:3])
    path.write_bytes(gzip.compress(head))
    market = afternoon(chains)

    assert market.option(PUT) is not None
    assert market.option(spx(dt.date(2025, 2, 14), 6000.0, Right.CALL)) is None


@pytest.mark.data
def test_2021_04_26_has_a_recorded_vix_chain_and_a_modelled_spx_chain(data_dir: Path) -> None:
    session = dt.date(2021, 4, 26)
    market = PlaybackMarket(data_dir / "option_chains", first=session, last=session)
    market.advance(dt.datetime(2021, 4, 26, 19, 30, tzinfo=dt.UTC))
    far = market.option(vix(dt.date(2021, 11, 17), 40.0))
    put = market.option(spx(dt.date(2021, 5, 28), 3900.0, Right.PUT))

    assert far is not None
    assert (far.bid, far.ask, far.provenance) == (1.8, 2.0, RECORDED)
    assert put is not None
    assert put.provenance is MODELLED
