"""What a person reads: the page of a session, of a run, and the state of the bot."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from bot.core.book import Leg, TradingState
from bot.core.decision import Verdict
from bot.core.errors import ConfigError, LedgerError
from bot.core.fold import IntentState
from bot.heartbeat import Heartbeat, heartbeat_path, write_heartbeat
from bot.ledger.journal import ProvenanceRow
from bot.ledger.store import Ledger
from bot.review.status import STATES, read_status, render_status, status_json
from bot.review.terminal import render_review, render_summary, review_json
from ledger_facts import (
    AT,
    CALL,
    CLOSING_PRICES,
    CONDOR,
    LOT,
    NEXT,
    OPENING_PRICES,
    SESSION,
    begin,
    buy_lot,
    close_condor,
    decision,
    execute,
    fill,
    mark,
    open_condor,
    sell_lot,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import RenderableType

CONFIG = '[kill_switch]\nstate = "{}"\nreason = "{}"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "steward.toml").write_text(CONFIG.format("active", ""))
    return tmp_path


@pytest.fixture
def path(project: Path) -> Path:
    """A ledger of two sessions: a condor sold and bought back, a hedge bought and not sold."""
    path = project / "ledger" / "steward.db"
    with Ledger.open(path, durable=False) as ledger:
        _first_session(ledger)
        _second_session(ledger)
    return path


def _first_session(ledger: Ledger) -> None:
    begin(ledger)
    ledger.save_decision(
        decision(buy_lot(), open_condor()), rules_sha256="ab" * 32, dry=False, at=AT
    )
    execute(ledger, buy_lot(), "2.05")
    execute(ledger, open_condor(), *OPENING_PRICES)
    ledger.record_mark(mark(), prices={CONDOR: Decimal("5.60"), LOT: Decimal("1.90")})
    ledger.finish_session(SESSION, at=AT, outcome="done", dry=False)


def _second_session(ledger: Ledger) -> None:
    begin(ledger, NEXT)
    held = (
        Verdict(code="TIME_EXIT", subject=f"condor:{CONDOR}", observed=31, limit=7, passed=False),
        Verdict(code="ROLL_DUE", subject=f"lot:{LOT}", observed=7, limit=7, passed=True),
    )
    made = decision(close_condor(), sell_lot(), session=NEXT)
    made = replace(made, regime="stress", verdicts=(*made.verdicts, *held))
    ledger.save_decision(made, rules_sha256="ab" * 32, dry=False, at=AT)
    execute(ledger, close_condor(), *CLOSING_PRICES)
    ledger.commit_intent(sell_lot(), at=AT)
    ledger.set_intent_state(
        sell_lot().intent_id, IntentState.DENIED, at=AT, detail="MARGIN_EXCEEDS: change=3 limit=2"
    )
    later = {"nav_usd": Decimal(999_500), "shadow_nav_usd": Decimal(999_000)}
    ledger.record_mark(mark(NEXT, hedge_pnl_usd=Decimal(500), **later), prices={LOT: None})
    ledger.alert("CLOCK_SKEW", "gateway and clock disagree", session=NEXT, at=AT)
    ledger.incident("UNHEDGED", session=NEXT, at=AT, detail="near layer below target")
    ledger.import_provenance(
        [
            ProvenanceRow(session=NEXT, subject="SPX", provenance="recorded", detail="a.csv"),
            ProvenanceRow(session=NEXT, subject="VIX", provenance="modelled", detail="surface"),
        ]
    )


def page(path: Path, render: Callable[[Ledger], RenderableType], *, columns: int = 100) -> str:
    """Render a page as it is read on a terminal, in lines stripped of padding."""
    console = Console(file=io.StringIO(), width=columns, color_system=None)
    with Ledger.open_read_only(path) as ledger:
        console.print(render(ledger))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= columns
    return "\n".join(line.rstrip() for line in lines)


def full_review(ledger: Ledger) -> RenderableType:
    """Return the full page of the newest session."""
    return render_review(ledger, full=True)


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_a_session_shows_book_and_shadow_with_their_changes(path: Path) -> None:
    lines = words(page(path, render_review))

    assert ["book", "999,500", "-800", "-500", "0.08%"] in lines
    assert ["unhedged", "999,000", "-1,500", "-1,000", "0.15%"] in lines
    assert ["hedge", "600", "+700", "+500"] in lines


def test_a_session_shows_each_order_with_its_slippage_against_the_mid(path: Path) -> None:
    lines = words(page(path, lambda ledger: render_review(ledger, SESSION)))

    # 4 calls bought at 2.05 against a mid of 2.00: 4 x 0.05 x 100 = 20 USD
    bought = "buy hedge VIX 08-19 18C layer_target 4/4 2.00 2.05 +20 filled"
    assert bought.split() in lines
    sold = "open condor SPXW 08-21 5900/6000/6600/6700 entry 2/2 -5.50 -5.50 0 filled"
    assert sold.split() in lines


def test_a_session_under_the_kill_switch_says_so_at_its_head(path: Path) -> None:
    later = NEXT.replace(day=22)
    with Ledger.open(path) as ledger:
        begin(ledger, later)
        detail = {"kill_switch": "reduce_only"}
        ledger.finish_phase(later, "preflight", at=AT, detail=detail, dry=False)

    text = page(path, lambda ledger: render_review(ledger, later))

    assert "kill switch reduce_only" in text.splitlines()
    assert "kill switch" not in page(path, lambda ledger: render_review(ledger, NEXT))


def test_a_session_says_why_an_order_was_denied(path: Path) -> None:
    text = page(path, render_review)

    denied = "sell hedge VIX 08-19 18C roll_due 0/4 -3.00 — — denied"
    assert denied.split() in words(text)
    assert "MARGIN_EXCEEDS: change=3 limit=2" in text


def test_a_session_shows_each_gate_with_what_it_saw_and_its_bound(path: Path) -> None:
    text = page(path, full_review)
    lines = words(text)

    assert "Gates: 2 passed, 2 denied" in text
    assert ["passed", "STRESS_REGIME", "book", "calm", "stress"] in lines
    assert ["VIX_TERM_STRUCTURE", "denied", "1.02", "/", "1"] in lines
    assert ["LAYER_TARGET", "denied", "0", "/", "4"] in lines


def test_the_rules_for_a_structure_are_shown_with_it_and_marked_when_they_pass(path: Path) -> None:
    text = page(path, full_review)

    assert [CONDOR, "TIME_EXIT", "31", "/", "7"] in words(text)
    assert [LOT, "ROLL_DUE", "passed", "7", "/", "7"] in words(text)


@pytest.mark.parametrize(
    ("subject", "passed", "text"),
    [
        (f"condor:{CONDOR}", False, "STOP 5.68 / off"),
        ("condor:balanced", True, "STOP 5.68 / off"),
        ("condor:balanced", False, "STOP denied 5.68 / unknown"),
    ],
)
def test_a_rule_without_a_bound_is_off_unless_it_denies(
    path: Path, subject: str, text: str, *, passed: bool
) -> None:
    later = NEXT.replace(day=22)
    with Ledger.open(path) as ledger:
        begin(ledger, later)
        rule = Verdict(code="STOP", subject=subject, observed=5.68, limit=None, passed=passed)
        made = replace(decision(session=later), verdicts=(rule,))
        ledger.save_decision(made, rules_sha256="ab" * 32, dry=False, at=AT)

    assert text in " ".join(
        page(path, lambda ledger: render_review(ledger, later, full=True)).split()
    )


def test_a_narrow_terminal_folds_words_and_never_cuts_a_figure(path: Path) -> None:
    wide = page(path, lambda ledger: render_review(ledger, SESSION, full=True))
    narrow = page(path, lambda ledger: render_review(ledger, SESSION, full=True), columns=72)

    assert "…" not in narrow
    for figure in ("999,500", "1,000,300", "-5.50", "+20", "2.05", "1.90", "-60", "5.60", "-20"):
        assert narrow.split().count(figure) == wide.split().count(figure)


def test_a_session_shows_what_is_held_with_target_cost_and_mark(path: Path) -> None:
    first = words(page(path, lambda ledger: render_review(ledger, SESSION, full=True)))
    second = words(page(path, full_review))

    condor = "SPXW 2026-08-21 5900/6000/6600/6700 balanced 32 2 5.50 5.60 -20 -2%"
    assert condor.split() in first
    assert [
        "near",
        "4",
        "4",
        "4",
        "x",
        "VIX",
        "2026-08-19",
        "18C",
        "30",
        "2.05",
        "1.90",
        "-60",
    ] in first
    assert [
        "near",
        "4",
        "4",
        "4",
        "x",
        "VIX",
        "2026-08-19",
        "18C",
        "29",
        "2.05",
        "—",
        "—",
    ] in second
    assert ["far", "—", "0"] in second


def test_a_condor_without_a_mark_has_no_profit(path: Path) -> None:
    other = open_condor("other")
    with Ledger.open(path) as ledger:
        execute(ledger, other, *OPENING_PRICES)
        ledger.record_mark(mark(NEXT))

    condor = "SPXW 2026-08-21 5900/6000/6600/6700 balanced 31 2 5.50 — — —"
    assert condor.split() in words(page(path, full_review))


def test_a_session_shows_what_was_closed_with_all_its_cash(path: Path) -> None:
    # 2 x (5.50 - 2.50) x 100 less 8 commissions of one dollar
    assert [CONDOR, "balanced", "condor", "2026-07-20", "+592"] in words(page(path, render_review))


def test_a_session_shows_troubles_first_and_its_data_last(path: Path) -> None:
    text = page(path, full_review)

    order = [
        "2026-07-21 · regime stress",
        "UNHEDGED near layer below target",
        "CLOCK_SKEW gateway and clock disagree",
        "Orders",
        "What the data was made from",
        "modelled  VIX   surface",
        f"Ledger {path}"[:60],
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_paper_fills_are_called_what_they_are(path: Path) -> None:
    note = "Paper fills are simulated from the top of the book"

    assert note in page(path, render_review)
    assert note in page(path, render_summary)


def test_a_session_that_is_not_marked_yet_shows_what_was_held_before(path: Path) -> None:
    later = NEXT.replace(day=22)
    with Ledger.open(path) as ledger:
        begin(ledger, later)

    text = page(path, lambda ledger: render_review(ledger, later))

    assert "UNFINISHED" in text
    assert "no decision" in text
    assert "Hedge layers, VIX calls, as held on 2026-07-21" in text


def test_a_dry_run_is_called_dry(path: Path) -> None:
    later = NEXT.replace(day=22)
    with Ledger.open(path) as ledger:
        begin(ledger, later, dry=True)
        made = decision(buy_lot(), session=later)
        ledger.save_decision(made, rules_sha256="cd" * 32, dry=True, at=AT)

    text = page(path, lambda ledger: render_review(ledger, later))

    assert "DRY RUN" in text
    assert "rules cdcdcdcd" in text
    assert page(path, render_review).startswith("steward · 2026-07-21")


def test_a_leg_without_a_structure_is_shown(path: Path) -> None:
    odd = open_condor("odd")
    with Ledger.open(path) as ledger:
        ledger.commit_intent(odd, at=AT)
        ledger.record_fill(fill(odd, 1, "6.20"))
        ledger.record_mark(mark(NEXT))

    assert "leg without a structure: -2 SPXW 2026-08-21 6000P" in page(path, render_review)


def test_a_first_session_without_orders_or_marks_can_be_shown(project: Path) -> None:
    path = project / "ledger" / "steward.db"
    with Ledger.open(path) as ledger:
        begin(ledger)

    text = page(path, render_review)

    assert "none" in text
    assert "Hedge layers" not in text


def test_a_session_that_is_not_there_is_a_fault_that_names_the_newest(path: Path) -> None:
    with pytest.raises(LedgerError, match=r"session 2020-01-02: .* its newest is 2026-07-21"):
        page(path, lambda ledger: render_review(ledger, SESSION.replace(year=2020, month=1, day=2)))


def test_a_ledger_without_sessions_is_a_fault_with_the_remedy(project: Path) -> None:
    path = project / "ledger" / "steward.db"
    Ledger.open(path).close()

    with pytest.raises(LedgerError, match="holds no session yet; `steward once`"):
        page(path, render_review)


def test_the_review_as_json_keeps_amounts_exact_and_unknown_null(path: Path) -> None:
    with Ledger.open_read_only(path) as ledger:
        first = json.loads(review_json(ledger, SESSION))
        second = json.loads(review_json(ledger))

    assert first["mark"]["cash_usd"] == "1000299.50"
    assert first["orders"][0]["slippage_usd"] == "20.00"
    assert first["orders"][1]["offers"] == ["-5.50"]
    assert second["orders"][1]["slippage_usd"] is None
    assert second["positions"][0]["mark_points"] is None
    assert second["decision"]["verdicts"][1]["passed"] is False


def test_a_run_shows_book_and_shadow_from_the_capital_before_the_first_trade(path: Path) -> None:
    lines = words(page(path, render_summary))

    fall = "800 0.08% 2026-07-20 2026-07-21"
    assert f"book 1,000,000 999,500 -500 {fall}".split() in lines
    fall = "1,500 0.15% 2026-07-20 2026-07-21"
    assert f"unhedged 1,000,000 999,000 -1,000 {fall}".split() in lines


def test_a_run_says_what_the_hedge_did_to_the_drawdown(path: Path) -> None:
    # book 800 / 1,000,300 against unhedged 1,500 / 1,000,500
    assert "hedge P&L +500 · drawdown cut by 46.66%" in page(path, render_summary)

    worse = {"nav_usd": Decimal(998_000), "shadow_nav_usd": Decimal(999_000)}
    with Ledger.open(path) as ledger:
        ledger.record_mark(mark(NEXT, **worse))

    # 2,300 / 1,000,300 against 1,500 / 1,000,500
    assert "drawdown deepened by 53.36%" in page(path, render_summary)


def test_a_run_counts_condors_layers_orders_and_costs(path: Path) -> None:
    text = page(path, render_summary)
    lines = words(text)

    assert "1 opened · 1 closed, 1 of them with a gain · realised +592 · open 0, 0" in text
    assert [CONDOR, "balanced", "2026-07-20", "2026-07-21", "+592"] in lines
    assert ["near", "1", "4", "820", "—", "—"] in lines
    assert "4 orders: 3 filled, 1 denied · 9 leg fills" in text
    assert "paid +20 against the mid at the decision · commissions 9.00" in text
    assert "alerts 1 · incidents 1" in text
    assert "modelled: VIX (1)" in text


def test_what_is_open_and_what_is_closed_add_up_to_the_profit_of_the_condors(path: Path) -> None:
    other = open_condor("other")
    with Ledger.open(path) as ledger:
        execute(ledger, other, *OPENING_PRICES)
        ledger.record_mark(mark(NEXT), prices={"other": Decimal("5.00")})

    # 2 x (5.50 - 5.00) x 100 = 100, less 4 commissions of one dollar
    assert "realised +592 · open 1, +96" in page(path, render_summary)


def test_profit_on_modelled_data_is_called_so_beside_the_profit(path: Path, project: Path) -> None:
    note = "it shows how the bot works, not an edge"
    recorded = project / "recorded.db"
    with Ledger.open(recorded) as ledger:
        _first_session(ledger)

    text = page(path, render_summary)

    assert text.index("hedge P&L") < text.index(note) < text.index("Condors")
    assert note not in page(recorded, render_summary)


def test_a_fall_from_the_capital_itself_is_a_fall_from_the_start(project: Path) -> None:
    path = project / "ledger" / "steward.db"
    with Ledger.open(path) as ledger:
        begin(ledger)
        figures = {"nav_usd": Decimal(999_000), "shadow_nav_usd": Decimal(999_500)}
        ledger.record_mark(
            mark(hedge_pnl_usd=Decimal(-500), condor_pnl_usd=Decimal(-500), **figures)
        )

    fall = "1,000 0.10% start 2026-07-20"
    lines = words(page(path, render_summary))
    assert f"book 1,000,000 999,000 -1,000 {fall}".split() in lines


def test_a_run_is_told_apart_by_regime_and_month(path: Path) -> None:
    lines = words(page(path, render_summary))

    assert ["calm", "1", "+300", "+500", "-200"] in lines
    assert ["stress", "1", "-800", "-1,500", "+700"] in lines
    assert ["2026-07", "2", "-500", "-1,000", "+500"] in lines


def test_a_layer_is_worth_its_cash_and_its_bid(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.record_mark(mark(NEXT), prices={LOT: Decimal("3.10")})

    # 4 x 3.10 x 100 = 1,240; less 820 paid and 1 commission
    assert ["near", "1", "4", "820", "1,240", "+419"] in words(page(path, render_summary))


def test_a_run_without_a_session_says_so(project: Path) -> None:
    path = project / "ledger" / "steward.db"
    Ledger.open(path).close()

    assert "steward · 0 sessions" in page(path, render_summary)


def test_commissions_that_are_not_known_are_counted(path: Path, project: Path) -> None:
    intent = buy_lot("other")
    with Ledger.open(path) as ledger:
        ledger.commit_intent(intent, at=AT)
        ledger.record_fill(fill(intent, 0, "2.00", commission_usd=None))

    assert "1 commissions not yet known" in page(path, render_summary)
    assert ["commissions", "1", "not", "yet", "known"] in words(render_status(project))


def test_reviewing_changes_nothing(path: Path, project: Path) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest()

    page(path, render_review)
    page(path, render_summary)
    render_status(project)

    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


@pytest.mark.usefixtures("path")
def test_the_status_shows_where_the_bot_stands(project: Path) -> None:
    text = render_status(project)
    lines = words(text)

    assert "kill switch active" in text
    assert "session     2026-07-21: not finished" in text
    assert "book        NAV 999,500 · unhedged 999,000" in text
    assert ["condors", "none", "open"] in lines
    assert ["hedge", "near", "4", "of", "4", "·", "4", "x", "VIX", "2026-08-19", "18C"] in lines
    assert "incident    2026-07-20T19:30:00 · UNHEDGED · near layer below target" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_status_shows_open_condors_locks_and_what_is_in_flight(
    path: Path, project: Path
) -> None:
    intent = open_condor("2026-07-21:condor:balanced")
    with Ledger.open(path) as ledger:
        execute(ledger, intent, *OPENING_PRICES)
        ledger.commit_intent(buy_lot("lost"), at=AT)
        ledger.record_mark(mark(NEXT), prices={intent.structure_id: Decimal("5.00")})
        ledger.finish_phase(NEXT, "reconcile", at=AT, detail={"locked": True}, dry=False)

    text = render_status(project)

    assert "2 x SPXW 2026-08-21 5900/6000/6600/6700 · credit 5.50, mid 5.00 · +100 USD" in text
    assert "LOCKED      ledger and broker disagree" in text
    assert "in flight   lost:buy_hedge" in text


def test_the_status_of_many_lots_fits_the_width(path: Path, project: Path) -> None:
    with Ledger.open(path) as ledger:
        for number in range(4):
            call = replace(CALL, strike=20.0 + number)
            lot = buy_lot(f"lot {number}", legs=(Leg(contract=call, ratio=1),))
            execute(ledger, lot, "1.00")
        execute(ledger, buy_lot("same again"), "1.00")
        ledger.record_mark(mark(NEXT))

    lines = render_status(project).splitlines()

    assert max(map(len, lines)) <= 100
    both = "near 24 of 4 · 8 x VIX 2026-08-19 18C, 4 x VIX 2026-08-19 20C"
    assert any(both in line for line in lines)


def test_the_status_before_the_first_session_says_what_makes_a_ledger(project: Path) -> None:
    (project / "config" / "steward.toml").write_text(CONFIG.format("halt", "holiday"))

    text = render_status(project)

    assert "kill switch halt · holiday" in text
    assert "none yet at" in text
    assert not read_status(project).exists


def test_the_status_says_when_the_bot_wakes_next(project: Path) -> None:
    beat = Heartbeat(at=AT, pid=1, state="waiting", next_session=NEXT, next_wake=AT)
    write_heartbeat(heartbeat_path(project / "ledger" / "steward.db"), beat)

    lines = render_status(project).splitlines()

    assert lines[1] == f"bot         waiting, seen {AT:%Y-%m-%d %H:%M:%S} UTC"
    assert lines[2] == f"wakes       {AT:%Y-%m-%d %H:%M} UTC for session 2026-07-21"


def test_a_bot_that_was_stopped_wakes_never(project: Path) -> None:
    beat = Heartbeat(at=AT, pid=1, state="stopped", next_session=NEXT, next_wake=AT)
    write_heartbeat(heartbeat_path(project / "ledger" / "steward.db"), beat)

    assert "wakes" not in render_status(project)


def test_the_status_of_an_empty_ledger_holds_nothing(project: Path) -> None:
    Ledger.open(project / "ledger" / "steward.db").close()

    assert ["hedge", "none", "held"] in words(render_status(project))


@pytest.mark.usefixtures("path")
def test_the_status_as_json_has_stable_keys(project: Path) -> None:
    status = json.loads(status_json(project))

    assert list(status) == [
        "kill_switch",
        "reason",
        "ledger",
        "exists",
        "heartbeat",
        "last",
        "book",
        "positions",
        "targets",
        "in_flight",
        "commissions_missing",
        "incident",
        "proposal",
    ]
    assert status["book"]["nav_usd"] == "999500"
    assert status["targets"] == {"near": 4}


@pytest.mark.parametrize(
    "text", ["[kill_switch]\n", 'kill_switch = 3\nledger = "x"\n', CONFIG.format("asleep", "")]
)
def test_a_config_that_says_no_state_is_shown_as_a_halt(project: Path, text: str) -> None:
    (project / "config" / "steward.toml").write_text(text)

    status = read_status(project)

    assert status.kill_switch == "halt"
    assert "none of active, no_entries" in status.reason


def test_every_trading_state_is_a_state_of_the_status() -> None:
    assert set(STATES) == {state.value for state in TradingState}


@pytest.mark.parametrize("text", [None, "not = [toml"])
def test_a_config_that_cannot_be_read_is_a_fault_with_the_remedy(
    project: Path, text: str | None
) -> None:
    config = project / "config" / "steward.toml"
    config.unlink() if text is None else config.write_text(text)

    with pytest.raises(ConfigError, match="acts as under halt; `steward init`") as caught:
        render_status(project)

    assert str(caught.value).count("steward.toml") == 1


@pytest.mark.usefixtures("path")
def test_the_status_needs_nothing_heavy(project: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from bot.review.status import render_status\n"
        "render_status(pathlib.Path(sys.argv[1]))\n"
        "heavy = {'pydantic', 'rich', 'sqlite_utils', 'numpy', 'pandas', 'bot.core.book'}\n"
        "print(*heavy & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(project)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""
