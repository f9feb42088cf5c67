"""What goes wrong in a soak: rows of the fault catalogue, drawn by a seed, at home in any session.

The scripts are those of ``docs/faults.md``. Where one names a date, a contract or a time of its
own market, the same is named in the market of the soak.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.core.sessions import is_monthly_vix_expiry
from bot.simulator.faults.reading import parse_script

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from harness import Stage

    from bot.simulator.faults.action import Action
    from bot.simulator.faults.engine import Struck
    from bot.simulator.gateway import Gateway

CATALOGUE: Final = Path(__file__).parents[2] / "docs" / "faults.md"
SCRIPTS: Final = {
    int(number): toml
    for number, toml in re.findall(
        r"### (\d+): .*\n\n```toml\n([^`]*)```", CATALOGUE.read_text(encoding="utf-8")
    )
}
"""Script of each row that is provoked on the wire."""

CLOSED_PORT: Final = frozenset({1})
"""Rows that count in real seconds: a port that is closed for them costs a soak its speed."""

BARRING: Final = (15, 50)
"""Rows after which nothing more happens in a session: a live account, and a closed exchange."""

BARRED_SHARE: Final = 0.04
"""How often one of those is among the rows of a session."""

ROWS: Final = tuple(sorted(SCRIPTS.keys() - CLOSED_PORT))
SOON_SECONDS: Final = 2
"""How long after the decision time faults strike that wait for a time."""


def known_rows(text: str) -> tuple[int, ...]:
    """Return the rows that a person names: ``26,33``.

    Raises
    ------
    ValueError
        If one of them does not exist, with those that do.
    """
    named = [each.strip() for each in text.split(",")]
    absent = [each for each in named if not each.isdecimal() or int(each) not in ROWS]
    if absent:
        exist = ", ".join(map(str, ROWS))
        raise ValueError(f"no row {', '.join(absent)} for a soak; there are {exist}")
    return tuple(sorted({int(each) for each in named}))


def drawn(rng: Random, count: int, rows: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Return `count` of the `rows` of the catalogue (of all), each once, in their order."""
    if rows:
        return tuple(sorted(rng.sample(rows, min(count, len(rows)))))
    usual = [row for row in ROWS if row not in BARRING]
    chosen = rng.sample(usual, min(count, len(usual)))
    if chosen and rng.random() < BARRED_SHARE:
        chosen[0] = rng.choice(BARRING)
    return tuple(sorted(chosen))


def strike(found: Stage, session: dt.date, rows: tuple[int, ...]) -> tuple[tuple[int, Action], ...]:
    """Let the gateway do wrong in `session`, and in no other; return what each row may do."""
    if found.gateway.faults is not None:
        found.gateway.faults.struck.clear()
    threatened: list[tuple[int, Action]] = []
    for row in rows:
        script = parse_script(_at_home(SCRIPTS[row], found, session))
        threatened += [(row, fault.what) for fault in script.faults]
        found.gateway.inject(script)
    return tuple(threatened)


def rows_that_struck(
    threatened: tuple[tuple[int, Action], ...], struck: Iterable[Struck]
) -> tuple[int, ...]:
    """Return the rows of which something did strike: an action of one row is no other's."""
    done = {id(each.action) for each in struck}
    return tuple(sorted({row for row, action in threatened if id(action) in done}))


def _at_home(script: str, found: Stage, session: dt.date) -> str:
    """Return `script` for this session and this market."""
    decided = found.project.decide_at(session) - found.project.calendar.day(session).open
    soon = int(decided.total_seconds()) + SOON_SECONDS

    def later(match: re.Match[str]) -> str:
        return f"when = {{ session = {session}, after = {soon + int(match[1]) % 10} }}"

    script = re.sub(r"when = \{ after = (\d+) \}", later, script)
    script = re.sub(
        r"session = 2026-07-20, after = 3600", f"session = {session}, after = 60", script
    )
    script = script.replace("2026-07-20", str(session))
    return script.replace("VIX 260819C00020000", _a_call(found, session))


def _a_call(found: Stage, session: dt.date) -> str:
    """Return the local symbol of a listed VIX call."""
    market, calendar = found.gateway.world.market, found.project.calendar
    series = next(
        each
        for each in market.series("VIX")
        if each.last_trade > session and is_monthly_vix_expiry(each.expiry, calendar)
    )
    strike_points = next(strike for strike in series.strikes if strike >= 20)
    return f"VIX {series.expiry:%y%m%d}C{round(strike_points * 1000):08d}"


def forgive(gateway: Gateway) -> None:
    """Let the gateway do right again."""
    if gateway.faults is not None:
        gateway.faults._watches.clear()
        gateway.faults._held.clear()
        gateway.faults._due.clear()
        gateway.faults.state.refuse = 0
        gateway.faults.state.odd.clear()
        gateway.faults.state.mute.clear()
        gateway.faults.state.deaf.clear()
    gateway._quirks = gateway.settings.quirks
    gateway.offered = gateway.settings.accounts
    gateway.clock_skew = dt.timedelta(0)
    gateway.quotes.paused = False
    gateway.world.closes_told.clear()
