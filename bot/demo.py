"""The demonstration: the simulated gateway as a process of its own, and the bot against it.

It is the live program on the live path: a socket, the client library, the scheduler's session
runner, a ledger. Only the gateway at the other end is simulated.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tomlkit

from bot.clock import new_york
from bot.config import load_settings
from bot.core.errors import ConfigError, GatewayUnavailableError, StewardError
from bot.core.model import Session
from bot.defaults import write_defaults
from bot.ledger.journal import ProvenanceRow
from bot.ledger.queries import latest_session
from bot.ledger.store import Ledger
from bot.logs import configure, get_logger
from bot.markets import known_scenario, recorded_sessions
from bot.project import Project, connected, load_project, settings_path
from bot.replay import Replayed, decide_all_again
from bot.reports import save_html
from bot.session import Stay, run_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.cycle import Outcome

log = get_logger(__name__)

ACCOUNT = "DU1234567"
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What to show.

    Parameters
    ----------
    title
        A few words for the progress bar.
    folder
        Project folder that the demonstration makes: config, ledger, logs.
    gateway
        Arguments of ``steward gateway`` that choose the market.
    sessions
        How many sessions to run, or the very sessions.
    """

    title: str
    folder: Path
    gateway: tuple[str, ...]
    sessions: int | tuple[Session, ...]

    @property
    def ledger(self) -> Path:
        """The ledger that the demonstration writes."""
        return load_settings(settings_path(self.folder)).ledger.path


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What came of it: one line of trouble for each session that had any.

    Parameters
    ----------
    sessions
        How many were run.
    failed, mismatched
        Sessions that ended in a fault, and differences between ledger and broker.
    again
        Every session decided again from the ledger; empty while sessions are being run.
    page
        The last session as HTML; ``None`` where none was begun.
    """

    sessions: int
    failed: tuple[str, ...]
    mismatched: tuple[str, ...]
    again: tuple[Replayed, ...] = ()
    page: Path | None = None


def plan_demo(  # noqa: PLR0913 - what the command line offers
    *,
    out: Path | None,
    sessions: int,
    scenario: str,
    seed: int,
    chains: Path | None,
    history: Path | None,
    first: dt.date | None,
    last: dt.date | None,
) -> DemoPlan:
    """Return the plan for what the user typed.

    Raises
    ------
    ConfigError
        If a folder is absent, or holds no recorded session in the range; if what only recorded
        chains have is asked of the synthetic market.
    """
    folder = out or Path("logs") / f"demo-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
    if chains is None:
        _without_chains(history=history, first=first, last=last)
        known_scenario(scenario)
        return DemoPlan(
            title=f"{scenario}, seed {seed}",
            folder=folder,
            gateway=("--scenario", scenario, "--seed", str(seed), "--sessions", str(sessions)),
            sessions=sessions,
        )
    played = recorded_sessions(chains, first, last)
    arguments = ["--chains", str(chains), "--first", str(played[0]), "--last", str(played[-1])]
    if history is not None:
        arguments += ["--history", str(history)]
    return DemoPlan(
        title=f"recorded {played[0]} to {played[-1]}",
        folder=folder,
        gateway=tuple(arguments),
        sessions=played,
    )


def _without_chains(**options: object) -> None:
    faults = tuple(
        f"--{name} {value}: is for recorded chains; name their folder with --chains"
        for name, value in options.items()
        if value is not None
    )
    if faults:
        raise ConfigError(faults)


def run_demo(plan: DemoPlan, progress: Callable[[int, int], None]) -> DemoResult:
    """Run the demonstration and return what came of it.

    Parameters
    ----------
    plan
        What to show.
    progress
        Told after each session how many are done, and of how many.

    Raises
    ------
    GatewayUnavailableError
        If the gateway process does not come up.
    """
    provenance = plan.folder / "logs" / "provenance.jsonl"
    prepare(plan.folder)
    with gateway_process(plan, provenance) as port:
        point_at(plan.folder, port)
        project = load_project(plan.folder)
        configure(project.settings.logs, console=False)
        with Ledger.open(project.settings.ledger.path) as ledger:
            result = asyncio.run(_sessions(project, ledger, plan.sessions, progress))
            ledger.import_provenance(read_provenance(provenance))
            again = decide_all_again(ledger) if ledger.decided_sessions() else ()
            begun = latest_session(ledger) is not None
            page = save_html(project.settings.logs, ledger, None) if begun else None
    return dataclasses.replace(result, again=again, page=page)


def prepare(folder: Path) -> None:
    """Write a project folder for the demonstration.

    Raises
    ------
    ConfigError
        If the folder is a project already: neither its ledger nor its account is ours to change.
    """
    for name in ("ledger", "config"):
        if (folder / name).exists():
            raise ConfigError(
                (f"{folder}: holds a {name} already; name another folder with --out",)
            )
    write_defaults(folder)
    (folder / "logs").mkdir(parents=True, exist_ok=True)


def point_at(folder: Path, port: int) -> None:
    """Set the project's broker to the simulated gateway on `port`.

    Its sessions follow each other in tenths of a second: no page of HTML is written of each.
    """
    path = settings_path(folder)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    broker = document["broker"]
    broker.update({"account": ACCOUNT, "mode": "simulated", "port": port})
    document["logs"].update({"html_reports": 0})
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


@contextlib.contextmanager
def gateway_process(plan: DemoPlan, provenance: Path) -> Iterator[int]:
    """Run ``steward gateway`` on a free port; yield the port, end the process at the end.

    Raises
    ------
    GatewayUnavailableError
        If it does not say that it is ready.
    """
    command = [
        *(sys.executable, "-m", "bot.cli", "gateway", "--port", "0", "--account", ACCOUNT),
        *("--provenance", str(provenance), *plan.gateway),
    ]
    with (plan.folder / "logs" / "gateway.log").open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            yield _port_of(process, errors.name)
        finally:
            process.terminate()
            process.wait(timeout=10)
            if process.stdout:
                process.stdout.close()


def _port_of(process: subprocess.Popen[str], log_name: str) -> int:
    line = process.stdout.readline() if process.stdout else ""
    try:
        return int(json.loads(line)["port"])
    except (ValueError, KeyError) as fault:
        raise GatewayUnavailableError(
            f"the gateway did not come up (it said {line.strip()!r}); see {log_name}"
        ) from fault


def read_provenance(path: Path) -> tuple[ProvenanceRow, ...]:
    """Return the notes that the gateway wrote on what its data was made from."""
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    notes = [json.loads(line) for line in lines if line]
    return tuple(
        ProvenanceRow(
            session=dt.date.fromisoformat(note["session"]),
            subject=note["subject"],
            provenance=note["provenance"],
            detail=note["detail"],
        )
        for note in notes
    )


async def _sessions(
    project: Project,
    ledger: Ledger,
    wanted: int | tuple[Session, ...],
    progress: Callable[[int, int], None],
) -> DemoResult:
    sessions = wanted if isinstance(wanted, tuple) else await _upcoming(project, wanted)
    failed: list[str] = []
    mismatched: list[str] = []
    for number, session in enumerate(sessions, start=1):
        try:
            outcome = await run_session(project, ledger, session, stay=Stay.CLOSE)
            mismatched += _mismatches(session, outcome)
        except StewardError as fault:
            log.exception("session.failed", session=str(session))
            failed.append(f"{session}: {fault}")
        progress(number, len(sessions))
    return DemoResult(sessions=len(sessions), failed=tuple(failed), mismatched=tuple(mismatched))


async def _upcoming(project: Project, count: int) -> tuple[Session, ...]:
    """Return the next `count` sessions by the gateway's clock."""
    async with connected(project) as broker:
        first = project.calendar.on_or_after(new_york(broker.clock.now()).date())
    sessions = [first]
    while len(sessions) < count:
        sessions.append(project.calendar.next(sessions[-1]))
    return tuple(sessions)


def _mismatches(session: Session, outcome: Outcome) -> list[str]:
    return [
        f"{session}: {found.label}: ledger {found.ledger_quantity}, broker {found.broker_quantity}"
        for found in outcome.reconciliation.breaks
    ]
