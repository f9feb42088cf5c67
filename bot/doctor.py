"""``steward check``: tests everything that a session needs, and says what to do about it.

What is on this machine is tested here, the gateway in ``bot.doctor_gateway``. A test that needs
what failed before it is not made: its cause is named once.
"""

from __future__ import annotations

import operator
import platform
import re
from functools import partial
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING, Final

from bot.backup import open_ledger, remedy
from bot.clock import WallClock, new_york
from bot.core.book import TradingState
from bot.core.errors import ConfigError, LedgerError, StewardError
from bot.core.events import ended_types
from bot.doctor_gateway import Finding, examine_gateway
from bot.files import distrust, free_mb
from bot.governance import SHOWN, standing
from bot.guard import DiskGuard
from bot.killswitch import KillSwitch
from bot.ledger.lock import WriterLock
from bot.ledger.store import Ledger
from bot.notify.targets import VARIABLE, addresses, targets
from bot.project import Project, connected, load_project
from bot.tables import ended_text
from bot.wakeups import next_wake

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

CONFIGS = ("steward.toml", "rules.toml", "events.toml", "macro.csv")
DISTRIBUTION: Final = "vix-steward"
_REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:\[.*?\])?\s*([^;]*)(;.*)?")
_BOUND: Final = re.compile(r"(>=|<=|==|!=|<|>)\s*([\d.]+)")
_HOLDS: Final = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


async def examine(folder: Path) -> list[Finding]:
    """Test this machine, the gateway and its market data, in this order."""
    try:
        project = load_project(folder)
    except StewardError as fault:
        return [Finding(name="config", passed=False, text=str(fault))]
    findings = [
        Finding(name="config", passed=True, text=f"rules {project.rules_sha256[:12]}"),
        _versions(),
        _permissions(project),
        _rules(project),
        _kill_switch(project),
        _disk(project),
        _notify(project),
        *_ledger(project),
    ]
    findings += [finding async for finding in _gateway(project)]
    return findings


def _versions() -> Finding:
    """Hold Python and every library against the bounds that this version was tested within."""
    python, wanted = platform.python_version(), metadata(DISTRIBUTION)["Requires-Python"]
    faults = [] if _within(python, wanted) else [f"Python {python} is not {wanted}"]
    faults += [fault for line in requires(DISTRIBUTION) or () if (fault := _drift(line))]
    remedy = "install what deploy/runtime.lock says: "
    text = f"{remedy}{'; '.join(faults)}" if faults else f"Python {python}, libraries within bounds"
    return Finding(name="versions", passed=not faults, text=text)


def _drift(requirement: str) -> str | None:
    """Return how what is installed leaves the bounds of `requirement`, or ``None``."""
    found = _REQUIREMENT.fullmatch(requirement)
    if found is None or found[3]:
        return None  # what has a condition is for development
    try:
        installed = version(found[1])
    except PackageNotFoundError:
        return f"{found[1]} is missing"
    return None if _within(installed, found[2]) else f"{found[1]} {installed} is not {found[2]}"


def _within(found: str, bounds: str) -> bool:
    """Whether a version lies within comma-separated bounds; letters behind it do not count."""
    release = _release(found)
    return all(_HOLDS[sign](release, _release(bound)) for sign, bound in _BOUND.findall(bounds))


def _release(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, without zeros at the end: 3.0 is 3."""
    numbers = re.match(r"[\d.]*", text)
    parts = [int(part) for part in (numbers[0] if numbers else "").split(".") if part]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _permissions(project: Project) -> Finding:
    files = [project.folder / "config" / name for name in CONFIGS]
    faults = [fault for path in (*files, project.settings.ledger.path) if (fault := distrust(path))]
    return Finding(
        name="permissions", passed=not faults, text="; ".join(faults) or "only the owner may write"
    )


def _kill_switch(project: Project) -> Finding:
    reading = KillSwitch(project.settings_path).read()
    why = reading.fault or reading.reason
    passed = reading.state is TradingState.ACTIVE
    remedy = "" if passed else ": `steward resume` when trading is wanted"
    text = f"{reading.state.value}{f' ({why})' if why else ''}{remedy}"
    return Finding(name="kill switch", passed=passed, text=text)


def _rules(project: Project) -> Finding:
    """Say which rules are in force; a file that is at fault changes nothing, and is a failure."""
    try:
        with Ledger.open_read_only(project.settings.ledger.path) as ledger:
            found = standing(ledger, project.rules_path)
    except LedgerError:
        found = standing(None, project.rules_path)
    if found.faults:
        text = f"the adopted rules go on: {'; '.join(found.faults)}"
        return Finding(name="rules", passed=False, text=text)
    if found.version is None:
        return Finding(name="rules", passed=True, text="the first start adopts config/rules.toml")
    text = f"{found.version.sha256[:SHOWN]} in force since {found.version.adopted_at[:10]}"
    waiting = len(found.waiting)
    remedy = f"; a proposal changes {waiting} values: `steward rules review`" if waiting else ""
    return Finding(name="rules", passed=True, text=f"{text} ({found.version.reason}){remedy}")


def _disk(project: Project) -> Finding:
    guard = DiskGuard(ledger=project.settings.ledger)
    folder = project.settings.ledger.path.parent
    if not folder.exists():
        return Finding(name="disk", passed=True, text="no ledger yet")
    fault = guard.fault()
    return Finding(name="disk", passed=not fault, text=fault or f"{free_mb(folder):.0f} MB free")


def _notify(project: Project) -> Finding:
    """Say whether anybody is told of what happens, and how."""
    try:
        found = targets(addresses(project.settings.notify, project.folder))
    except ConfigError as fault:
        return Finding(name="notify", passed=False, text=str(fault))
    if not found:
        text = f"nobody is told: set {VARIABLE}, or notify.urls_file"
        return Finding(name="notify", passed=True, text=text)
    names = ", ".join(target.name for target in found)
    return Finding(name="notify", passed=True, text=f"{names}: `steward notify --test` tries them")


def _ledger(project: Project) -> Iterator[Finding]:
    """Open the ledger to write; where a running bot holds it, look at it beside the bot."""
    path = project.settings.ledger.path
    try:
        WriterLock.taken(path).release()
    except LedgerError as fault:
        yield Finding(name="one instance", passed=True, text=f"a bot is running: {fault}")
        opened = partial(Ledger.open_read_only, path)
    else:
        yield Finding(name="one instance", passed=True, text="no bot is running here")
        opened = partial(open_ledger, project)
    try:
        with opened() as ledger:
            damage = ledger.fault()
            differ = () if damage else _totals(ledger)
        text = f"damaged ({damage}); {remedy(project)}" if damage else "sound"
        yield Finding(name="ledger", passed=not damage, text=f"{path}: {text}")
        if differ:
            yield Finding(name="totals", passed=False, text="; ".join(differ))
    except LedgerError as fault:
        yield Finding(name="ledger", passed=False, text=str(fault))


def _totals(ledger: Ledger) -> tuple[str, ...]:
    """Hold every total against its rows; what differs is made anew where no bot is running."""
    if ledger.may_write:
        found = ledger.mend_totals(at=WallClock().now())
        remedy = "made anew from the rows"
    else:
        found = ledger.totals_at_fault()
        remedy = "stop the bot, and `steward check` makes them anew from the rows"
    return (*found, remedy) if found else ()


async def _gateway(project: Project) -> AsyncIterator[Finding]:
    settings = project.settings.broker
    try:
        async with connected(project) as broker:
            where = f"{settings.mode} at {settings.host}:{settings.port}"
            text = f"{where}, synchronised, server version {broker.server_version}"
            yield Finding(name="gateway", passed=True, text=text)
            async for finding in examine_gateway(broker):
                yield finding
            yield _next_session(project, broker.clock.now())
            yield _events(project, new_york(broker.clock.now()).date())
    except StewardError as fault:
        yield Finding(name="gateway", passed=False, text=str(fault))


def _events(project: Project, session: dt.date) -> Finding:
    """Name each type of event whose last date has passed: no condor is opened on a guess."""
    faults = [ended_text(ended) for ended in ended_types(project.events, session)]
    text = "; ".join(faults) or "the dates of every type reach beyond this session"
    return Finding(name="events", passed=not faults, text=text)


def _next_session(project: Project, now: dt.datetime) -> Finding:
    """Say when the next session is decided, by this project's calendar."""
    wake = next_wake(now, project.calendar, project.settings.schedule, last=None)
    local = new_york(wake.at)
    hours = "half day" if project.calendar.day(wake.session).half_day else "full day"
    text = f"{wake.session} ({hours}), decided at {local:%H:%M} New York = {wake.at:%H:%M} UTC"
    return Finding(name="next session", passed=True, text=text)
