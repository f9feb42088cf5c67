"""A project folder: its configuration, its ledger, and the desk of one session.

``config/`` holds ``steward.toml``, ``rules.toml``, ``events.toml`` and ``macro.csv``; all else that
the bot writes lies where ``steward.toml`` says, relative to the project folder.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.broker.market_data import MarketData
from bot.broker.session import Broker, connect
from bot.calendars import overridden, trading_days
from bot.clock import WallClock
from bot.config import fault_line, load_events, load_settings
from bot.core.errors import CalendarError, ConfigError
from bot.core.model import EventTable, MacroMonth, Session
from bot.core.rules import Rules
from bot.core.sessions import TradingCalendar
from bot.data.macro import load_macro
from bot.desk import Desk
from bot.governance import InForce, adopted_at
from bot.guard import DiskGuard, backup_faults
from bot.killswitch import KillSwitch
from bot.settings import ScheduleSettings, Settings
from bot.switch_watch import SwitchWatch
from bot.wakeups import wake_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.broker.client import Tap
    from bot.ledger.store import Ledger

FIRST_DAY = dt.date(2004, 1, 2)
"""VX futures begin in 2004; nothing before it is played back."""

YEARS_AHEAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Configuration of one project folder, loaded and validated.

    Parameters
    ----------
    folder, settings, events, calendar
        The project, and what its files say.
    rules, rules_sha256
        As the file says. A session is decided by those in force (``bot.governance``).
    rules_faults
        What is wrong with the file, where the rules in force stand in for it.
    """

    folder: Path
    settings: Settings
    rules: Rules
    rules_sha256: str
    events: EventTable
    macro: tuple[MacroMonth, ...]
    calendar: TradingCalendar
    rules_faults: tuple[str, ...] = ()

    @property
    def rules_path(self) -> Path:
        """File that holds the proposal for the strategy's rules."""
        return rules_path(self.folder)

    @property
    def settings_path(self) -> Path:
        """File that holds the kill switch."""
        return settings_path(self.folder)

    def decide_at(self, session: Session) -> dt.datetime:
        """Return the UTC time at which `session` is decided."""
        return wake_up(session, self.calendar, self.settings.schedule).at


def settings_path(folder: Path) -> Path:
    """Return the settings file of a project folder."""
    return folder / "config" / "steward.toml"


def rules_path(folder: Path) -> Path:
    """Return the rules file of a project folder."""
    return folder / "config" / "rules.toml"


def load_project(folder: Path) -> Project:
    """Load a project folder; every fault of all its files is listed at once.

    A faulty ``rules.toml`` is no fault where rules are in force: those go on.

    Raises
    ------
    ConfigError
        With one line for each fault.
    """
    faults: list[str] = []
    with _collecting(faults):
        settings = load_settings(settings_path(folder))
        calendar = load_calendar(settings.schedule, settings_path(folder))
        faults += backup_faults(settings, settings_path(folder))
    rules_faults: list[str] = []
    with _collecting(rules_faults):
        in_force = InForce.read(rules_path(folder))
    if rules_faults and (adopted := None if faults else adopted_at(settings.ledger.path)):
        in_force = adopted
    else:
        faults += rules_faults
    with _collecting(faults):
        events = load_events(folder / "config" / "events.toml")
    with _collecting(faults):
        macro = load_macro(folder / "config" / "macro.csv")
    if faults:
        raise ConfigError(tuple(faults))
    return Project(
        folder=folder,
        settings=settings,
        rules=in_force.rules,
        rules_sha256=in_force.sha256,
        events=events,
        macro=macro,
        calendar=calendar,
        rules_faults=tuple(rules_faults),
    )


def rescheduled(project: Project) -> Project:
    """Return `project` with ``[schedule]`` as its file says now.

    Raises
    ------
    ConfigError
        With every fault of the file; the schedule in force is then kept by whoever asks.
    """
    schedule = load_settings(project.settings_path).schedule
    if schedule == project.settings.schedule:
        return project
    return replace(
        project,
        settings=replace(project.settings, schedule=schedule),
        calendar=load_calendar(schedule, project.settings_path),
    )


@contextlib.contextmanager
def _collecting(faults: list[str]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        faults.extend(error.faults)


def load_calendar(schedule: ScheduleSettings, path: Path) -> TradingCalendar:
    """Return the trading days that can matter: recorded history to four years from now.

    Raises
    ------
    ConfigError
        If ``schedule.half_days`` of the file at `path` names a day without trading.
    """
    last = WallClock().now().date().replace(month=12, day=31)
    days = TradingCalendar(trading_days(FIRST_DAY, last.replace(year=last.year + YEARS_AHEAD)))
    try:
        return overridden(days, closures=schedule.closures, half_days=schedule.half_days)
    except CalendarError as fault:
        value = ", ".join(map(str, schedule.half_days))
        line = fault_line(path, "schedule.half_days", value, f"{fault}; take it out")
        raise ConfigError((line,)) from fault


@contextlib.asynccontextmanager
async def connected(
    project: Project, *, tap: Tap | None = None, highest_order_id: int = 0
) -> AsyncIterator[Broker]:
    """Connect to the project's gateway; see ``bot.broker.session.connect``."""
    settings = project.settings.broker
    async with connect(
        settings, project.calendar, tap=tap, highest_order_id=highest_order_id
    ) as broker:
        yield broker


def make_desk(
    project: Project, *, broker: Broker, ledger: Ledger, session: Session, dry: bool
) -> Desk:
    """Return everything that the cycle of `session` works with."""
    switch = KillSwitch(project.settings_path)
    return Desk(
        session=session,
        dry=dry,
        broker=broker,
        market=MarketData(broker),
        ledger=ledger,
        kill_switch=switch,
        disk=DiskGuard(ledger=project.settings.ledger),
        switch_watch=SwitchWatch(
            switch, project.settings_path, ledger=ledger, now=broker.clock.now
        ),
        calendar=project.calendar,
        rules=project.rules,
        rules_sha256=project.rules_sha256,
        events=project.events,
        macro=project.macro,
    )
