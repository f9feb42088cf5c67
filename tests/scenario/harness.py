"""The whole bot against a gateway in the same process, over a real socket."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.clock import new_york
from bot.config import edit_kill_switch
from bot.core.book import TradingState
from bot.defaults import write_defaults
from bot.demo import point_at
from bot.ledger.store import Ledger
from bot.project import Project, load_project
from bot.session import Stay, run_session
from bot.simulator.gateway import Gateway
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.cycle import Outcome
    from bot.simulator.market import Market

PLACE_ORDER, CANCEL_ORDER, ADVANCE_TIME = 3, 4, 9001


@dataclass(slots=True)
class Stage:
    """A gateway, a project that points at it, and an open ledger."""

    gateway: Gateway
    project: Project
    ledger: Ledger
    received: Counter[int] = field(default_factory=Counter)
    on_message: Callable[[int], None] = lambda _number: None

    async def run(
        self, session: dt.date | None = None, *, dry: bool = False, stay: bool = False
    ) -> Outcome:
        """Run one session: the next one by the gateway's clock unless it is named."""
        wanted = session or self.next_session()
        staying = Stay.CLOSE if stay else Stay.NOT
        return await run_session(self.project, self.ledger, wanted, dry=dry, stay=staying)

    def next_session(self) -> dt.date:
        """Return the first session whose decision time has not passed."""
        now = self.gateway.world.now
        session = self.project.calendar.on_or_after(new_york(now).date())
        while self.project.decide_at(session) <= now:
            session = self.project.calendar.next(session)
        return session

    def write_switch(self, state: str) -> None:
        """Set the kill switch in the project's config file."""
        edit_kill_switch(self.project.settings_path, TradingState(state), reason="a test")

    def positions(self) -> dict[str, int]:
        """Return the venue's own positions by contract."""
        world = self.gateway.world
        return {
            world.instruments.option_contract(held.instrument).label(): int(held.quantity)
            for held in world.account.positions()
        }

    def held(self) -> dict[str, int]:
        """Return the ledger's positions by contract."""
        net = self.ledger.holdings().net_positions()
        return {contract.label(): quantity for contract, quantity in net.items()}

    def states(self) -> dict[str, str]:
        """Return the state of every intent by its id."""
        return {
            record.intent.intent_id: record.state.value for record in self.ledger.intent_records()
        }


@contextlib.asynccontextmanager
async def stage(
    folder: Path, *, market: Market | None = None, settings: GatewaySettings | None = None
) -> AsyncIterator[Stage]:
    """Set up a project in `folder` and a gateway with `market` (calm and synthetic if none).

    The hedge is bought in the session in which it is first asked for: its pace has tests of its
    own.
    """
    write_defaults(folder)
    change_rules(folder, "sessions = 2\n", "sessions = 1\n")
    played = market or SyntheticMarket(scenario="calm", seed=3, sessions=30)
    async with Gateway(played, settings or GatewaySettings()) as gateway:
        point_at(folder, gateway.port)
        project = load_project(folder)
        with Ledger.open(project.settings.ledger.path) as ledger:
            found = Stage(gateway=gateway, project=project, ledger=ledger)
            listen(found)
            yield found


def change_rules(folder: Path, old: str, new: str) -> None:
    """Replace a line of the rules of a project.

    Raises
    ------
    ValueError
        If the file does not hold it exactly once.
    """
    path = folder / "config" / "rules.toml"
    text = path.read_text(encoding="utf-8")
    if text.count(f"\n{old}") != 1:
        raise ValueError(f"{path}: must hold {old!r} once, holds it {text.count(old)} times")
    path.write_text(text.replace(f"\n{old}", f"\n{new}"), encoding="utf-8")


def listen(found: Stage) -> None:
    """Count what the gateway receives, and tell the scene of each message before it acts."""
    handlers = found.gateway._handlers
    for number, handler in dict(handlers).items():
        handlers[number] = heard(handler, int(number), found)


def heard(handler: Callable[..., None], number: int, found: Stage) -> Callable[..., None]:
    """Return `handler` with its calls counted and announced."""

    def call(*arguments: object) -> None:
        found.received[number] += 1
        found.on_message(number)
        handler(*arguments)

    return call
