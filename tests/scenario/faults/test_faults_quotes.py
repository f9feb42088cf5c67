"""Quote faults 16 to 23: what is no quote adds no risk, and nothing takes its place."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import NEVER, run_on, scene, struck
from unattended import notes

from bot.core.decision import Purpose
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

    from bot.core.model import MarketSnapshot
    from bot.cycle import Outcome

ADD = frozenset({Purpose.ADD})
ANY = frozenset(Purpose)
LINES = 90


def snapshot_of(found: Stage) -> MarketSnapshot:
    (row,) = found.ledger.rows("SELECT DISTINCT session FROM snapshots")
    return found.ledger.load_snapshot(session_of(row["session"]))


def session_of(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def odd(how: str, contract: str) -> str:
    return f"""
        [[fault]]
        what = "quote"
        how = "{how}"
        contract = "{contract}"
    """


def lines_are_given_back(found: Stage) -> bool:
    """Whether as many lines were closed as were opened, and none is open."""
    opened, closed = (
        found.received[number] for number in (Request.MARKET_DATA, Request.CANCEL_MARKET_DATA)
    )
    return opened == closed > 0


@pytest.mark.parametrize("how", ["empty", "zero", "no_size", "silent"])
@pytest.mark.parametrize(
    ("contract", "forbidden"), [("SPXW*P*", ADD), ("VIX *", ANY)], ids=["SPX-puts", "VIX-calls"]
)
def test_fault_16_an_empty_quote_is_no_quote(
    tmp_path: Path, how: str, contract: str, forbidden: frozenset[Purpose]
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        name = contract.split("*", maxsplit=1)[0].strip()
        right = "P" if name == "SPXW" else "C"
        asked = [
            option.quote
            for option in snapshot_of(found).options
            if option.contract.trading_class == name and option.contract.right.value == right
        ]
        assert asked
        assert all(quote.bid is None and quote.ask is None for quote in asked)
        witness.check(forbidden=forbidden)

    scene(tmp_path, odd(how, contract), act)


@pytest.mark.parametrize("how", ["empty", "zero", "silent"])
@pytest.mark.parametrize("index", ["SPX", "VIX"])
def test_fault_16_an_index_without_a_level_is_unknown(tmp_path: Path, how: str, index: str) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert snapshot_of(found).level(index) is None
        witness.check(forbidden=ADD)

    scene(tmp_path, odd(how, index), act)


@pytest.mark.parametrize("how", ["crossed", "locked"])
@pytest.mark.parametrize(
    ("contract", "forbidden"), [("SPXW*", ADD), ("VIX *", ANY)], ids=["SPX", "VIX"]
)
def test_fault_17_a_crossed_or_locked_market_is_no_quote(
    tmp_path: Path, how: str, contract: str, forbidden: frozenset[Purpose]
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        name = contract.rstrip("* ")
        asked = [
            option.quote
            for option in snapshot_of(found).options
            if option.contract.trading_class == name
        ]
        assert asked
        assert all(quote.mid is None for quote in asked)
        witness.check(forbidden=forbidden)

    scene(tmp_path, odd(how, contract), act)


@pytest.mark.parametrize(
    ("contract", "forbidden"), [("SPXW*", ADD), ("VIX *", ANY)], ids=["SPX", "VIX"]
)
def test_fault_18_nothing_is_opened_in_what_is_halted(
    tmp_path: Path, contract: str, forbidden: frozenset[Purpose]
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        witness.check(forbidden=forbidden)

    scene(tmp_path, odd("halted", contract), act)


def test_fault_18_prices_that_grew_stale_while_an_order_rests_add_no_risk(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert set(found.states().values()) == {"cancelled"}
        witness.check(forbidden=ADD)

    scene(tmp_path, odd("stale", "*"), act, exchange=NEVER)


@pytest.mark.parametrize("contract", ["SPX", "VIX", "SPXW*"])
def test_fault_19_delayed_data_opens_no_condor(tmp_path: Path, contract: str) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        witness.check(forbidden=ADD)

    scene(tmp_path, odd("delayed", contract), act)


@pytest.mark.parametrize("code", [10089, 10167, 10168, 354])
@pytest.mark.parametrize("contract", ["SPX", "VIX"])
def test_fault_20_an_index_that_is_not_subscribed_is_unknown(
    tmp_path: Path, code: int, contract: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "market_data", contract = "{contract}", always = true }}
        what = "error"
        code = {code}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert "error" in struck(found)
        assert snapshot_of(found).level(contract) is None
        witness.check(forbidden=ADD)

    scene(tmp_path, script, act)


def test_fault_20_what_is_subscribed_in_part_goes_on_ticking(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "market_data", contract = "SPX", always = true }
        what = "error"
        code = 10090
        passes = true
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert "error" in struck(found)
        assert snapshot_of(found).level("SPX") is not None
        assert set(witness.purposes) == {Purpose.PROTECT, Purpose.ADD}
        assert lines_are_given_back(found)
        witness.check()

    scene(tmp_path, script, act)


def test_fault_21_a_competing_session_is_waited_for_with_one_alert(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "market_data", times = 9 }
        what = "error"
        code = 10197
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["error"] * 9
        assert notes(found, "alerts", "code") == ["COMPETING_SESSION"]
        assert set(witness.purposes) == {Purpose.PROTECT, Purpose.ADD}
        witness.check()

    scene(tmp_path, script, act)


def test_fault_21_a_competing_session_that_stays_is_waited_for_in_bounds(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "market_data", always = true }
        what = "error"
        code = 10197
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert notes(found, "alerts", "code") == ["COMPETING_SESSION"]
        witness.check(forbidden=ANY)

    scene(tmp_path, script, act)


def test_fault_22_lines_over_the_limit_are_unknown_and_the_others_given_back(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "market_data", nth = 2, always = true }
        what = "error"
        code = 101
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert snapshot_of(found).level("SPX") is not None
        assert snapshot_of(found).level("VIX") is None
        assert lines_are_given_back(found)
        witness.check(forbidden=ADD)

    scene(tmp_path, script, act)


def test_fault_22_the_peak_of_lines_stays_in_its_budget_and_is_recorded(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        open_now, peak = [0], [0]

        def on_message(number: int) -> None:
            open_now[0] += number == Request.MARKET_DATA
            open_now[0] -= number == Request.CANCEL_MARKET_DATA
            peak[0] = max(peak[0], open_now[0])

        found.on_message = on_message
        outcome = await run_on(found)

        assert 0 < peak[0] <= LINES
        assert recorded_peak(found, outcome) == peak[0]
        assert lines_are_given_back(found)
        witness.check()

    scene(tmp_path, "", act)


def recorded_peak(found: Stage, outcome: Outcome) -> int:
    rows = found.ledger.rows(
        "SELECT json_extract(p.detail, '$.peak_lines') AS peak FROM phases p "
        "JOIN sessions s ON s.id = p.session_id WHERE s.session = ? AND p.phase = 'observe'",
        (str(outcome.decision.session),),
    )
    return int(rows[0]["peak"])


def test_fault_23_without_model_greeks_the_decision_is_the_same(tmp_path: Path) -> None:
    decided: list[object] = []

    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)
        decided.append(outcome.decision)
        assert set(witness.purposes) == {Purpose.PROTECT, Purpose.ADD}
        witness.check()

    scene(tmp_path / "with", "", act)
    scene(tmp_path / "without", odd("no_greeks", "*"), act)
    assert decided[0] == decided[1]
