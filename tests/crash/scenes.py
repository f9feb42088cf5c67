"""The sessions that are killed: what is held when each begins, and what makes it act.

All but the first begin where the bot stood after two sessions that nothing disturbed. Those are
run once, in the process that all others are forked from: to fork is to have the venue as it is.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit
from judgement import NOTHING, Truth, ask, joined

from bot.backup import open_ledger
from bot.config import edit_kill_switch, load_settings
from bot.core.book import TradingState
from bot.defaults import write_defaults
from bot.demo import point_at
from bot.governance import adopt
from bot.ledger.store import Ledger
from bot.project import load_project, rules_path, settings_path
from bot.session import run_session
from bot.simulator.connection import Connection
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillSettings
from bot.simulator.gateway import Gateway
from bot.simulator.port import Port
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, SECOND, THIRD = (dt.date(2025, 1, day) for day in (6, 7, 8))
TWO_WEEKS_LATER = dt.date(2025, 1, 21)
AFTER_EXPIRY = dt.date(2025, 2, 20)

VENUES = {
    "whole": FillSettings(),
    "piecemeal": FillSettings(first_units=1, remainder_seconds=12.0),
    "reluctant": FillSettings(threshold_low=0.1, threshold_high=0.5, first_units=2),
}
"""How orders fill: at once; one unit first, the rest later; or late, in part, or not at all."""

THREAD_SECONDS = 20.0
"""Within which a thread ends after the session that it worked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A session to be killed.

    Parameters
    ----------
    session
        Which one.
    does
        What it does at least, if nothing disturbs it: reasons of its intents.
    held
        Whether the first two sessions were traded before.
    rules
        What is changed in the rules, by table.
    switch
        The kill switch.
    """

    session: dt.date
    does: frozenset[str]
    held: bool = True
    rules: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    switch: TradingState = TradingState.ACTIVE


SCENES = {
    # Three layers of the hedge are bought, a condor is sold.
    "open": Scene(session=FIRST, held=False, does=frozenset({"missing", "entry"})),
    # The condors are so near their expiry, by other rules, that they are closed; one is sold.
    "close": Scene(
        session=THIRD,
        does=frozenset({"time_exit"}),
        rules={"condor": {"dte_minimum": 40, "dte_target": 44, "time_exit_dte": 39}},
    ),
    # The bot was down for eight sessions, and the condors have earned enough, by other rules.
    "profit": Scene(
        session=TWO_WEEKS_LATER,
        does=frozenset({"take_profit"}),
        rules={"condor": {"take_profit_pct_of_credit": 0.50}},
    ),
    # The near layer is due: it is sold, and bought further out.
    "roll": Scene(
        session=THIRD,
        does=frozenset({"roll_due"}),
        rules={
            "hedge.near": {"dte_minimum": 50, "dte_target": 69, "dte_maximum": 75, "roll_dte": 45},
        },
    ),
    # The condors are threatened, by other rules: they are closed, and sold anew if that pays, as
    # it does a month later.
    "shift": Scene(
        session=THIRD,
        does=frozenset({"threat_delta", "time_shift"}),
        rules={"condor": {"shift_delta": 0.08, "shift_days_minimum": 25, "shift_days_maximum": 60}},
    ),
    # Condors and hedge are closed.
    "flatten": Scene(session=THIRD, does=frozenset({"flatten"}), switch=TradingState.FLATTEN),
    # The bot was down until the condors and the near layer had expired.
    "settle": Scene(session=AFTER_EXPIRY, does=frozenset({"settled"})),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a scene begins: a gateway, the project's folder, and what the venue told until then."""

    gateway: Gateway
    folder: Path
    past: Truth = NOTHING

    async def serve(self, venue: str, tell: Callable[[int], None]) -> None:
        """Serve the gateway on a port of its own, which is told, until the process ends."""
        self.gateway._port = Port(0, lambda: Connection(self.gateway))
        self.gateway.world.exchange._settings = ExchangeSettings(fills=VENUES[venue])
        async with self.gateway as here:
            tell(here.port)
            await asyncio.Event().wait()

    def set_up(self, folder: Path, scene: Scene, port: int) -> None:
        """Make the project of a trial in `folder`."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        point_at(folder, port)
        if scene.rules:
            change_rules(folder, scene)
        if scene.switch is not TradingState.ACTIVE:
            settings = settings_path(folder)
            words = settings.read_text(encoding="utf-8")
            settings.write_text(words.replace("keep_hedge = true", "keep_hedge = false"))
            edit_kill_switch(settings, scene.switch, reason="a trial")


def change_rules(folder: Path, scene: Scene) -> None:
    """Write the scene's changes into the rules of a project, and adopt them."""
    path = rules_path(folder)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    for table, values in scene.rules.items():
        found: Any = document
        for name in table.split("."):
            found = found[name]
        found.update(values)
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    midnight = dt.datetime.combine(scene.session, dt.time(), dt.UTC)
    with Ledger.open_beside(load_settings(settings_path(folder)).ledger.path) as ledger:
        adopt(ledger, path, reason="a trial", at=midnight)


def new_gateway() -> Gateway:
    """Return a gateway at the beginning of the market of every trial."""
    return Gateway(SyntheticMarket(scenario="calm", seed=3, sessions=40), GatewaySettings())


def prepare(folder: Path) -> tuple[Start, Start]:
    """Return where scenes begin: before the first session, and with something held."""
    new, traded = folder / "new", folder / "traded"
    logging.disable(logging.CRITICAL)
    write_defaults(new)
    write_defaults(traded)
    held = asyncio.run(traded_before(new_gateway(), traded))
    logging.disable(logging.NOTSET)
    alone()
    return Start(gateway=new_gateway(), folder=new), held


async def traded_before(gateway: Gateway, folder: Path) -> Start:
    """Run two sessions in this process, so that what they load and compute is there for all."""
    past = NOTHING
    async with gateway:
        point_at(folder, gateway.port)
        project = load_project(folder)
        for session in (FIRST, SECOND):
            with open_ledger(project) as ledger:
                await run_session(project, ledger, session)
            past = joined(past, await ask(gateway.port))
    return Start(gateway=gateway, folder=folder, past=past)


def alone() -> None:
    """Wait until no thread but this one runs: the others would not survive a fork."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(THREAD_SECONDS)
    if threading.active_count() > 1:
        raise RuntimeError(f"threads do not survive a fork: {threading.enumerate()}")
