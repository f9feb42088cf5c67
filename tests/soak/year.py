"""A year of the bot against a gateway that does wrong, in one process and without waiting.

The bot is the whole one: the session runner, the client library, a socket, the ledger on disk.
Each session is tried again after a fault that ended it, as the schedule tries; then the gateway
is forgiven, and what must hold is asked of the venue's own books. A book that is locked is
adopted by a person, as the documentation tells one to.

After each session the venue's books and the ledger are kept together, so that a year which was
interrupted goes on after the last session that it finished. The ledger waits for no disk here:
what survives a power failure is proven elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
import random
import shutil
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from canon import fingerprint
from explained import named
from harness import Stage
from idle_loop import IdleLoop
from invariants import counted, executed, left_at_work
from memory import resident
from mischief import drawn, forgive, rows_that_struck, strike
from promises import Warden, ended_otherwise

from bot.adoption import compare_sides
from bot.core.errors import MarketClosedError, StewardError
from bot.defaults import write_defaults
from bot.demo import point_at
from bot.ledger.store import Ledger
from bot.project import load_project
from bot.simulator.gateway import Gateway
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from bot.simulator.faults.engine import Struck

ATTEMPTS: Final = 4
SCENARIO: Final = "seasons"
PAST_MIDNIGHT: Final = 44
TWINS: Final = 36
PERSON: Final = "soak: the venue is right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One year.

    Parameters
    ----------
    seed
        Draws the market and what goes wrong.
    sessions
        How many.
    faults
        Rows of the catalogue in each session; none for a year in which nothing goes wrong.
    scenario
        Of the market.
    rows
        Rows to draw from; all if none is named.
    """

    seed: int
    sessions: int = 252
    faults: int = 5
    scenario: str = SCENARIO
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What came of one session.

    Parameters
    ----------
    session, rows
        Which, and what was to go wrong in it.
    struck, hit
        Faults that did, and the rows that they are of.
    attempts
        Runs until one came to its end; one more than allowed when none did.
    endings
        Why the others did not.
    notes
        Codes of alerts and kinds of incidents.
    adopted
        Whether a person had to say that the venue is right.
    broken
        Invariants that did not hold.
    seconds, megabytes
        Processor time of gateway and bot, and the memory of the process after it (``memory``).
    life
        How many processes the year has had.
    """

    session: str
    rows: tuple[int, ...]
    struck: int
    attempts: int
    endings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    adopted: bool = False
    broken: tuple[str, ...] = ()
    seconds: float = 0.0
    megabytes: float = 0.0
    hit: tuple[int, ...] = ()
    life: int = 1


@dataclass(slots=True)
class Year:
    """A year that is being lived."""

    plan: Plan
    found: Stage
    witness: Warden
    life: int = 1
    seen: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.seen = {
            table: self.found.ledger.rows(f"SELECT COALESCE(MAX(id), 0) AS last FROM {table}")[0][  # noqa: S608 - our own names
                "last"
            ]
            for table in ("alerts", "incidents")
        }

    async def live(self, session: dt.date) -> Day:
        """Live one session: with what goes wrong, and with what a person does about it."""
        began = time.process_time()
        rows = self._rows(session)
        self.witness.twins = TWINS in rows
        threatened = strike(self.found, session, rows)
        endings = await self._tried(session)
        struck = self._struck()
        forgive(self.found.gateway)
        adopted, settling, waits = await self._at_peace(rows)
        return Day(
            session=str(session),
            rows=rows,
            struck=len(struck),
            hit=rows_that_struck(threatened, struck),
            attempts=len(endings) + 1,
            endings=tuple(endings),
            notes=tuple(self._notes()),
            adopted=adopted,
            broken=() if waits else tuple(self._broken(settling)),
            seconds=time.process_time() - began,
            megabytes=resident(),
            life=self.life,
        )

    def _rows(self, session: dt.date) -> tuple[int, ...]:
        rng = random.Random(f"{self.plan.seed} {session}")
        return drawn(rng, self.plan.faults, self.plan.rows)

    async def _tried(self, session: dt.date) -> list[str]:
        """Run the session until it comes to its end; the last time nothing goes wrong."""
        endings: list[str] = []
        for attempt in range(ATTEMPTS + 1):
            if attempt == ATTEMPTS:
                forgive(self.found.gateway)
            self.witness.run_begins()
            try:
                await self.found.run(session, stay=True)
            except MarketClosedError as late:
                return [*endings, f"{type(late).__name__}: {late}"]
            except (StewardError, ConnectionError) as fault:
                endings.append(f"{type(fault).__name__}: {fault}")
            else:
                return endings
        return endings

    async def _at_peace(self, rows: tuple[int, ...]) -> tuple[bool, tuple[str, ...], bool]:
        """Bring the ledger up to the venue.

        Returns
        -------
        adopted, settling, waits
            Whether a person had to, what waits for its settlement value, and whether all waits for
            the next session: a venue that told nothing past midnight may have an order at work
            that only a session may cancel.

        Raises
        ------
        AssertionError
            If an order is in flight that no such night explains.
        """
        project, ledger = self.found.project, self.found.ledger
        sides = await compare_sides(project, ledger)
        if not (sides.breaks or sides.locked):
            return False, sides.settling, False
        if not sides.locked:
            self.witness.broken.append(f"4: not locked, and differing: {sides.breaks}")
        if moving := (*sides.open_orders, *sides.in_flight):
            if PAST_MIDNIGHT not in rows:
                raise AssertionError(f"left in flight when all was well: {moving}")
            return False, sides.settling, True
        sides = await compare_sides(project, ledger, adopt=PERSON)
        return True, sides.settling, False

    def _struck(self) -> tuple[Struck, ...]:
        faults = self.found.gateway.faults
        return () if faults is None else tuple(faults.struck)

    def _notes(self) -> Iterator[str]:
        """Yield the alerts and incidents since the last time."""
        for table, of_it in (("alerts", "code, text"), ("incidents", "kind, detail")):
            for number, code, text in self.found.ledger.rows(
                f"SELECT id, {of_it} FROM {table} WHERE id > ? ORDER BY id",  # noqa: S608 - our own names
                (self.seen[table],),
            ):
                self.seen[table] = number
                yield named(code, text)

    def _broken(self, settling: tuple[str, ...]) -> Iterator[str]:
        """Yield what does not hold that must, and let the witness forget the session."""
        found = self.found
        yield from self.witness.broken
        self.witness.broken.clear()
        self.witness.placed.clear()
        if working := left_at_work(found):
            yield f"1: left at work: {working}"
        if counted(found) != executed(found):
            yield "2: ledger and venue count other executions"
        yield from ended_otherwise(found)
        left = found.ledger.intent_records(open_only=True)
        alive = [each.intent.intent_id for each in left if each.state.value in _ALIVE]
        if alive:
            yield f"3: without an end: {alive}"
        held = {label: count for label, count in found.held().items() if label not in settling}
        if held != found.positions():
            yield f"4: ledger {held}, venue {found.positions()}"


_ALIVE: Final = frozenset({"committed", "sent", "unknown"})


class PatientLoop(IdleLoop):
    """Jumps over waits as the idle loop does, and waits for what a thread has to say."""

    def rest(self, timeout: float | None) -> None:
        if timeout is None and not self._resting:
            time.sleep(0.005)  # a thread works: it wakes the loop through its own socket
            return
        super().rest(timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """A year that was lived, or as much of it as was asked for.

    Parameters
    ----------
    days
        The sessions that were finished.
    fingerprint
        Of its ledger (``canon``); empty of a year that failed.
    fault
        Why it failed.
    """

    days: tuple[Day, ...]
    fingerprint: str
    fault: str = ""


def live(
    plan: Plan, folder: Path, *, hear: Callable[[Day], None] = lambda _day: None, at_most: int = 0
) -> Lived:
    """Live a year, or go on with it; `hear` is told of each session.

    Parameters
    ----------
    plan
        The year; that of the folder, if one was begun there.
    folder
        Keeps it.
    hear
        Told of each session that is lived now.
    at_most
        Sessions to live now; 0 for all.
    """
    loop = PatientLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(_live(plan, Keep(folder, plan), hear, at_most))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _live(plan: Plan, keep: Keep, hear: Callable[[Day], None], at_most: int) -> Lived:
    market = SyntheticMarket(scenario=plan.scenario, seed=plan.seed, sessions=plan.sessions + 2)
    sessions = [day.session for day in market.days()][: plan.sessions]
    days = list(keep.days())
    known, lived = {day.session for day in days}, 0
    async with _stage(market, keep) as found:
        life = days[-1].life + 1 if days else 1
        year = Year(plan=plan, found=found, witness=Warden(found), life=life)
        for session in sessions:
            over = found.gateway.world.now >= found.project.calendar.day(session).close
            if str(session) in known or over or (at_most and lived == at_most):
                continue
            days.append(await year.live(session))
            keep.save(found, days, year.witness)
            lived += 1
            hear(days[-1])
        return Lived(days=tuple(days), fingerprint=fingerprint(found))


@contextlib.asynccontextmanager
async def _stage(market: SyntheticMarket, keep: Keep) -> AsyncIterator[Stage]:
    """Set up gateway, project and ledger, where the year stood when it was kept."""
    shutil.rmtree(keep.project, ignore_errors=True)
    write_defaults(keep.project)
    async with Gateway(market, GatewaySettings()) as gateway:
        point_at(keep.project, gateway.port)
        project = load_project(keep.project)
        keep.restore(gateway, project.settings.ledger.path)
        with Ledger.open(project.settings.ledger.path, durable=False) as ledger:
            yield Stage(gateway=gateway, project=project, ledger=ledger)


class Keep:
    """What is kept of a year after each session, whole or not at all."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.project = folder / "project"
        self._kept, self._next = folder / "kept", folder / "kept.next"
        self._plan = plan

    def days(self) -> Iterator[Day]:
        """Yield the sessions that were finished.

        Raises
        ------
        ValueError
            If another year was begun in the folder.
        """
        if not self._kept.is_dir():
            return
        kept = json.loads((self._kept / "plan.json").read_text(encoding="utf-8"))
        if kept != _plain(self._plan):
            raise ValueError(f"{self._kept}: holds another year, {kept}; name another folder")
        for line in (self._kept / "days.jsonl").read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            yield Day(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})

    def save(self, found: Stage, days: list[Day], witness: Warden) -> None:
        """Keep the year as it stands after a session."""
        shutil.rmtree(self._next, ignore_errors=True)
        self._next.mkdir(parents=True)
        (self._next / "plan.json").write_text(json.dumps(_plain(self._plan)), encoding="utf-8")
        lines = "".join(as_line(day) + "\n" for day in days)
        (self._next / "days.jsonl").write_text(lines, encoding="utf-8")
        with witness.absent():
            (self._next / "world.pickle").write_bytes(_frozen(found.gateway))
        found.ledger.backup(self._next / "steward.db")
        shutil.rmtree(self._kept, ignore_errors=True)
        self._next.rename(self._kept)

    def restore(self, gateway: Gateway, ledger: Path) -> None:
        """Put venue and ledger where they stood, if anything was kept."""
        if not self._kept.is_dir():
            return
        ledger.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(self._kept / "steward.db", ledger)
        ledger.chmod(0o600)
        world = pickle.loads((self._kept / "world.pickle").read_bytes())  # noqa: S301 - our own file
        gateway.world.__dict__.update(world)
        gateway.accounts._told_at = gateway.world.now


def _plain(plan: Plan) -> dict[str, object]:
    return asdict(plan) | {"rows": list(plan.rows)}


def _frozen(gateway: Gateway) -> bytes:
    """Return the venue's books; quotes of the instant are made anew."""
    vars(gateway.world.market)["_quotes"] = None
    return pickle.dumps(gateway.world.__dict__)


def as_line(day: Day) -> str:
    """Return a day as JSON."""
    return json.dumps(asdict(day), sort_keys=True)
