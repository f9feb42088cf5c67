"""The method at work: runs of the whole bot, and what must appear in their ledgers.

Each row of ``MUST_APPEAR`` is a rule of the methodology with a query that counts its traces over
all the runs. ``make proof`` plays the runs, prints the table with the counts and exits 1 if a row
is empty. It takes a while: the synthetic spike is played through the roll of every layer.

The runs: the synthetic spike under the rules as shipped; the same with a hedge whose gains can fund
a condor; a crash with the stop switched on; the recorded consecutive chain days, where
``STEWARD_DATA`` names them; and a calm market whose rules or inputs are changed before each
session, for what no market provokes in time. Rules are changed as a person changes them: adopted,
from the next session on. Orders fill at the mid but in the first run: what is to be seen are
rules, not prices.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from by_hand import trade_by_hand
from harness import Stage, stage
from hidden_market import HiddenMarket

from bot.config import canonical_text, fingerprint
from bot.core.rules import CondorRules, Rules
from bot.governance import KIND
from bot.ledger.store import Ledger
from bot.markets import recorded_sessions
from bot.replay import Comparison, decide_all_again
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.market import Market
from bot.simulator.playback import PlaybackMarket
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Sequence


Change = Callable[[Rules], Rules]

FIRST_RECORDED: Final = dt.date(2026, 7, 22)
"""From here on the recorded chain days follow one another."""

_FILLED: Final = "SELECT count(*) FROM intents WHERE state IN ('filled', 'partial') AND "
_DENIED: Final = "SELECT count(*) FROM verdicts WHERE NOT passed AND code = "
_TRUE: Final = "SELECT count(*) FROM verdicts WHERE passed AND code = "


def _filled(**columns: str) -> str:
    return _FILLED + " AND ".join(f"{name} = '{value}'" for name, value in columns.items())


def _roll_of(layer: str) -> str:
    wanted = _filled(action="buy_hedge") + " AND reason IN ('roll_due', 'roll_extrinsic')"
    return f"{wanted} AND json_extract(body, '$.layer') = '{layer}'"


ENTRY_GATES: Final = (
    "TRADING_STATE",
    "QUICK_RATIO",
    "HISTORY_UNKNOWN",
    "BREADTH_UNKNOWN",
    "SPX_UNKNOWN",
    "VIX_UNKNOWN",
    "VX_CURVE_UNKNOWN",
    "VIX_TERM_STRUCTURE",
    "STRESS_REGIME",
    "MACD_BREADTH",
    "EVENT_FOMC",
    "EVENT_CPI",
    "EVENT_PPI",
    "VIX_SCALING",
    "TIER_ENTERED",
    "EXPIRY_WINDOW",
    "CHAIN_UNKNOWN",
    "STRIKES_QUOTED",
    "MIN_CREDIT",
    "SESSION_RISK",
    "EXPIRY_RISK",
    "BOOK_RISK",
    "JOINT_STRESS",
)

MUST_APPEAR: Final[Mapping[str, str]] = {
    "entry of a condor": _filled(action="open_condor", reason="entry"),
    **{f"denial by {code}": f"{_DENIED}'{code}'" for code in ENTRY_GATES},
    "denial by LOCKED": f"{_DENIED}'LOCKED'",
    "profit exit": _filled(action="close_condor", reason="take_profit"),
    "stop": _filled(action="close_condor", reason="stop"),
    "time exit": _filled(action="close_condor", reason="time_exit"),
    "threatened condor, closed": _FILLED + "action = 'close_condor' AND reason LIKE 'threat_%'",
    "condor time-shift, sold anew": _filled(action="open_condor", reason="time_shift"),
    "time-shift denied by a gate": f"{_DENIED}'SHIFT_GATES'",
    "time-shift that does not pay": f"{_DENIED}'SHIFT_CREDIT'",
    "re-striking forbidden": f"{_DENIED}'RESTRIKING'",
    "roll of the near layer": _roll_of("near"),
    "roll of the mid layer": _roll_of("mid"),
    "roll of the far layer": _roll_of("far"),
    "early roll": _filled(action="buy_hedge", reason="roll_early"),
    "deferred roll": f"{_TRUE}'ROLL_WAIT'",
    "monetisation": _filled(action="sell_hedge", reason="monetise"),
    "re-opening": _filled(action="buy_hedge", reason="reopen"),
    "sale of the rest": _filled(action="sell_hedge", reason="monetise_rest"),
    "redeployment: a budget of the second engine": f"{_TRUE}'ENGINE_BUDGET'",
    "second-engine condor": _filled(action="open_condor", reason="second_engine"),
    "parity flag": f"{_DENIED}'PARITY'",
}


AT_MID: Final = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))
Before = Callable[[Stage, HiddenMarket, Rules], None]
"""Told the stage, its market, and the rules of the run."""


def _as_the_stage(rules: Rules) -> Rules:
    return rules


def as_shipped(_rules: Rules) -> Rules:
    """Return the rules as shipped."""
    return Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the bot.

    Parameters
    ----------
    name
        A few words.
    market
        Makes its market.
    sessions
        How many sessions are played.
    rules
        Changes the rules of the stage, from the first session on.
    exchange
        How orders are filled: at the mid, unless it is named.
    before
        What is done before single sessions, by their number from 0; undone after them.
    """

    name: str
    market: Callable[[], Market]
    sessions: int
    rules: Change = _as_the_stage
    exchange: ExchangeSettings = AT_MID
    before: Mapping[int, Before] = field(default_factory=dict)


def synthetic(scenario: str, seed: int, sessions: int) -> Callable[[], Market]:
    """Return what makes a synthetic market."""
    return lambda: SyntheticMarket(scenario=scenario, seed=seed, sessions=sessions)


def hides(*names: str) -> Before:
    """Hide a part of the market in one session."""

    def act(_found: Stage, market: HiddenMarket, _rules: Rules) -> None:
        market.hidden = frozenset(names)

    return act


def rules_of(change: Change) -> Before:
    """Adopt other rules for one session."""

    def act(found: Stage, _market: HiddenMarket, rules: Rules) -> None:
        put_in_force(found, change(rules))

    return act


def condor(**changes: object) -> Before:
    """Adopt other rules for condors for one session."""
    return rules_of(lambda rules: replace(rules, condor=_changed(rules.condor, changes)))


def _changed(rules: CondorRules, changes: Mapping[str, Any]) -> CondorRules:
    return replace(rules, **changes)


def demands_quick_ratio(rules: Rules) -> Rules:
    """Return rules under which hardly a book that holds a condor is liquid enough for another."""
    return replace(rules, health=replace(rules.health, quick_ratio_entries=100.0))


def with_a_large_hedge(rules: Rules) -> Rules:
    """Return rules under which the gains of the hedge can fund a condor of the second engine."""
    return replace(rules, hedge=replace(rules.hedge, unit_condors=1))


def with_a_later_far_window(rules: Rules) -> Rules:
    """Return rules under which the far layer of a month ago is due: else it takes half a year."""
    far = replace(rules.hedge.far, dte_minimum=210, dte_target=230, dte_maximum=280, roll_dte=209)
    return replace(rules, hedge=replace(rules.hedge, far=far))


def with_the_stop_on(rules: Rules) -> Rules:
    """Return rules with the stop switched on, and no threat that would come before it."""
    condor_rules = replace(
        rules.condor, stop_multiple_of_credit=1.5, shift_delta=0.99, shift_edr=0.0
    )
    return replace(rules, condor=condor_rules)


def without_profit_taking(rules: Rules) -> Rules:
    """Return rules under which no condor ends at a profit, so that one is there for each gate."""
    return replace(rules, condor=replace(rules.condor, take_profit_pct_of_credit=0.0))


def refuses_entries(found: Stage, _market: HiddenMarket, _rules: Rules) -> None:
    """Set the kill switch so that nothing new is opened in one session."""
    found.write_switch("no_entries")


def trades_by_hand(quantity: int) -> Before:
    """Trade a leg of the first condor as a person would in TWS; the opposite puts it right."""

    def act(found: Stage, _market: HiddenMarket, _rules: Rules) -> None:
        leg = found.ledger.holdings().condors[0].legs[0].contract
        trade_by_hand(found, leg.con_id, quantity)

    return act


GATES: Final = Run(
    name="gates",
    market=synthetic("calm", 3, 30),
    sessions=21,
    rules=without_profit_taking,
    before={
        1: condor(shift_delta=0.074),  # just below the delta of the short put: further out pays
        2: rules_of(demands_quick_ratio),
        3: hides("SPX"),
        4: hides("VIX"),
        5: hides("futures"),
        6: hides("bars"),
        7: hides("AD-NYSE", "funds"),
        8: hides("SPX options"),
        9: hides("parity"),
        10: refuses_entries,
        11: condor(session_risk_pct_of_nav=0.0, expiry_risk_pct_of_nav=0.0),
        12: condor(
            session_risk_pct_of_nav=0.0, expiry_risk_pct_of_nav=0.0, book_risk_pct_of_nav=0.0
        ),
        13: condor(stress_loss_pct_of_nav=0.0),
        14: condor(minimum_credit_pct_of_width=0.9),
        15: condor(delta_tolerance=0.0001),
        16: condor(dte_minimum=900, dte_target=900, dte_maximum=900),
        17: trades_by_hand(1),
        18: trades_by_hand(-1),
        19: condor(time_exit_dte=24),
        20: rules_of(with_a_later_far_window),
    },
)


def runs(data: Path | None) -> tuple[Run, ...]:
    """Return the runs; those over recorded days only where there are any."""
    synthetic_runs = (
        GATES,
        Run(
            name="spike",
            market=synthetic("spike", 7, 90),
            sessions=90,
            rules=as_shipped,
            exchange=ExchangeSettings(),
        ),
        Run(
            name="engine",
            market=synthetic("spike", 7, 50),
            sessions=44,
            rules=with_a_large_hedge,
        ),
        Run(
            name="crash",
            market=synthetic("crash-and-recover", 3, 40),
            sessions=32,
            rules=with_the_stop_on,
        ),
    )
    if data is None:
        return synthetic_runs
    chains = data / "option_chains"
    days = recorded_sessions(chains, FIRST_RECORDED, None)
    recorded = Run(
        name="recorded days",
        market=lambda: PlaybackMarket(chains=chains, history=data, first=days[0], last=days[-1]),
        sessions=len(days),
    )
    return (*synthetic_runs, recorded)


def put_in_force(found: Stage, rules: Rules) -> None:
    """Adopt `rules` as a person would, if they are not in force."""
    found.ledger.save_config(
        KIND,
        canonical_text(rules),
        sha256=fingerprint(rules),
        at=found.gateway.world.now,
        reason="for the proof",
        by_person=True,
    )


async def play(run: Run, folder: Path, progress: Callable[[str], None]) -> Path:
    """Play one run; return its ledger."""
    played = run.market()
    market, sessions = HiddenMarket(played), [day.session for day in played.days()]
    settings = GatewaySettings(exchange=run.exchange)
    async with stage(folder, market=cast("Market", market), settings=settings) as found:
        usual = run.rules(found.project.rules)
        put_in_force(found, usual)
        for number, session in enumerate(sessions[: run.sessions]):
            if act := run.before.get(number):
                act(found, market, usual)
            await found.run(session, stay=number > 0)
            if number == 0:  # what the session has opened already forbids a second one
                await found.run(session, dry=True)
            if act:
                market.hidden = frozenset()
                found.write_switch("active")
                put_in_force(found, usual)
            progress(f"{run.name}: {number + 1}/{run.sessions} {session}")
        return found.ledger.path


def counts(ledgers: Sequence[Path]) -> dict[str, int]:
    """Count the traces of each row over all ledgers."""
    found = dict.fromkeys(MUST_APPEAR, 0)
    for path in ledgers:
        with Ledger.open_read_only(path) as ledger:
            for name, query in MUST_APPEAR.items():
                found[name] += int(ledger.value(query))
    return found


def decided_otherwise(ledgers: Sequence[Path]) -> list[str]:
    """Name every session that does not decide again identically."""
    found = []
    for path in ledgers:
        with Ledger.open_read_only(path) as ledger:
            again = decide_all_again(ledger)
        found += [f"{path}: {each}" for each in again if each.comparison is not Comparison.SAME]
    return found


def main() -> int:
    """Play every run, print the table, and say whether everything appeared."""
    data = os.environ.get("STEWARD_DATA")
    wanted = [
        run
        for run in runs(Path(data) if data else None)
        if run.name in (sys.argv[1:] or [run.name])
    ]
    folder = Path(tempfile.mkdtemp(prefix="steward-proof-"))
    ledgers = []
    for run in wanted:
        made = asyncio.run(play(run, folder / run.name.replace(" ", "-"), say))
        ledgers.append(made)
    found = counts(ledgers)
    for name, count in found.items():
        say(f"{count:6d}  {name}")
    missing = [name for name, count in found.items() if not count]
    otherwise = decided_otherwise(ledgers)
    say(f"ledgers under {folder}; missing: {', '.join(missing) or 'nothing'}")
    say(f"decided otherwise: {', '.join(otherwise) or 'nothing'}")
    return bool(missing or otherwise)


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 - a script


if __name__ == "__main__":
    sys.exit(main())
