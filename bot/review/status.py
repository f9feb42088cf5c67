"""``steward status``: where the bot stands, from the config and the ledger, in a tenth of a second.

It needs neither pydantic nor rich, and works beside a running bot. The kill switch is shown as
the file says it; ``steward check`` validates the whole file, and a file at fault is a halt.
"""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.core.errors import ConfigError
from bot.heartbeat import Heartbeat, heartbeat_path, read_heartbeat
from bot.ledger.connection import Connection, connect_read_only
from bot.ledger.queries import (
    BookRow,
    NoteRow,
    PositionRow,
    SessionRow,
    last_incident,
    last_session_row,
    latest_book,
    layer_targets,
    live_intents,
    missing_commissions,
    position_rows,
    rules_in_force,
)
from bot.review.format import points, signed_usd, usd
from bot.review.proposal import proposed_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

LAYERS: Final = ("near", "mid", "far")
STATES: Final = ("active", "no_entries", "reduce_only", "halt", "flatten")
"""``bot.core.book.TradingState``, without the cost of importing the core."""

WIDTH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where the bot stands; ``None`` and empty while there is no ledger.

    Parameters
    ----------
    kill_switch, reason
        As ``config/steward.toml`` says; a halt where what it says is not a state.
    heartbeat
        The last sign of life, with the next wake-up; ``None`` where the bot has never run.
    last
        The newest session.
    book
        Figures of the newest mark.
    positions
        What was held at that mark.
    targets
        Contracts wanted in each layer by the newest decision.
    in_flight
        Intents whose end is not proven.
    proposal
        Keys of ``config/rules.toml`` that differ from the rules in force; ``None`` where the file
        cannot be read.
    """

    kill_switch: str
    reason: str
    ledger: Path
    exists: bool
    heartbeat: Heartbeat | None = None
    last: SessionRow | None = None
    book: BookRow | None = None
    positions: tuple[PositionRow, ...] = ()
    targets: dict[str, Any] | None = None
    in_flight: tuple[str, ...] = ()
    commissions_missing: int = 0
    incident: NoteRow | None = None
    proposal: tuple[str, ...] | None = ()


def read_status(project: Path) -> Status:
    """Read where the bot of a project folder stands.

    Raises
    ------
    ConfigError
        ``config/steward.toml`` cannot be read.
    LedgerError
        There is a ledger, but it cannot be read.
    """
    settings = read_settings(project / "config" / "steward.toml")
    state, reason = _kill_switch(table(settings, "kill_switch"))
    name = str(table(settings, "ledger").get("path", "ledger/steward.db"))
    path = project / Path(name).expanduser()
    beat = read_heartbeat(heartbeat_path(path))
    if not path.exists():
        return Status(kill_switch=state, reason=reason, ledger=path, exists=False, heartbeat=beat)
    with Connection(connect_read_only(path), path) as ledger:
        book = latest_book(ledger)
        return Status(
            kill_switch=state,
            reason=reason,
            ledger=path,
            exists=True,
            heartbeat=beat,
            last=last_session_row(ledger),
            book=book,
            positions=position_rows(ledger, book.session) if book else (),
            targets=layer_targets(ledger),
            in_flight=live_intents(ledger),
            commissions_missing=missing_commissions(ledger),
            incident=last_incident(ledger),
            proposal=proposed_keys(project / "config" / "rules.toml", rules_in_force(ledger)),
        )


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings as they are written, unchecked.

    Raises
    ------
    ConfigError
        If the file cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        remedy = "the bot acts as under halt; `steward init` writes a default"
        raise ConfigError((f"{path}: {reason}; {remedy}",)) from fault


def table(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a table of the settings, empty where the file has none or has something else."""
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def _kill_switch(written: dict[str, Any]) -> tuple[str, str]:
    """Return the state that acts and its reason; what is not a state acts as a halt."""
    state, reason = str(written.get("state", "")), str(written.get("reason", ""))
    if state in STATES:
        return state, reason
    return "halt", f"the config says {state!r}, which is none of {', '.join(STATES)}"


def status_json(project: Path) -> str:
    """Return the status as JSON: amounts as strings, unknown as null."""
    return json.dumps(asdict(read_status(project)), default=str, indent=2, allow_nan=False)


def render_status(project: Path, *, width: int = WIDTH) -> str:
    """Return the status as plain text of at most `width` columns."""
    status = read_status(project)
    rows = [("kill switch", _words(status.kill_switch, status.reason)), *_bot_lines(status)]
    if not status.exists:
        rows.append(("ledger", f"none yet at {status.ledger}; `steward once` makes it"))
    rows += [*_session_lines(status), *_book_lines(status), *_held_lines(status)]
    rows += [*_proposal_lines(status), *_trouble_lines(status)]
    return "\n".join(_row(name, text, width) for name, text in rows)


def _row(name: str, text: str, width: int) -> str:
    indent = " " * 12
    return textwrap.fill(text, width, initial_indent=f"{name:<12}", subsequent_indent=indent)


def _bot_lines(status: Status) -> Iterable[tuple[str, str]]:
    """Say how the bot was when it last gave a sign of life, and when it wakes next."""
    beat = status.heartbeat
    if beat is None:
        yield "bot", "has never run unattended here"
        return
    yield "bot", _words(f"{beat.state}, seen {beat.at:%Y-%m-%d %H:%M:%S} UTC", beat.fault or "")
    if beat.state != "stopped" and beat.next_wake is not None:
        yield "wakes", f"{beat.next_wake:%Y-%m-%d %H:%M} UTC for session {beat.next_session}"


def _session_lines(status: Status) -> Iterable[tuple[str, str]]:
    if status.last is None:
        return
    last = status.last
    ended = last.outcome if last.finished_at else "not finished"
    yield "session", _words(f"{last.session}{' dry' if last.dry else ''}: {ended}")
    yield "run", _words(last.mode, last.account, f"version {last.version}")
    if last.phases.get("report", last.phases.get("reconcile", {})).get("locked"):
        yield "LOCKED", "ledger and broker disagree; reduce-only until a person has looked"


def _book_lines(status: Status) -> Iterable[tuple[str, str]]:
    if status.book is None:
        return
    book = status.book
    yield "book", _words(f"NAV {usd(book.nav_usd)}", f"unhedged {usd(book.shadow_nav_usd)}")
    yield (
        "",
        _words(
            f"condors {signed_usd(book.condor_pnl_usd)} since the start",
            f"hedge {signed_usd(book.hedge_pnl_usd)}",
        ),
    )


def _held_lines(status: Status) -> Iterable[tuple[str, str]]:
    condors = [row for row in status.positions if row.kind == "condor"]
    yield from _numbered("condors", [_condor(row) for row in condors] or ["none open"])
    layers = [_layer(status, layer) for layer in LAYERS] if status.book else ["none held"]
    yield from _numbered("hedge", layers)


def _numbered(name: str, lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((name if number == 0 else "", text) for number, text in enumerate(lines))


def _condor(row: PositionRow) -> str:
    return _words(
        f"{row.quantity} x {row.label}",
        f"credit {points(row.entry_points)}, mid {points(row.mark_points)}",
        f"{signed_usd(row.profit_usd)} USD",
    )


def _layer(status: Status, layer: str) -> str:
    lots = [row for row in status.positions if row.kind == "lot" and row.slot == layer]
    target = (status.targets or {}).get(layer, "—")
    held = sum(row.quantity for row in lots)
    contracts: Counter[str] = Counter()
    for row in lots:
        contracts[row.label] += row.quantity
    names = ", ".join(f"{quantity} x {label}" for label, quantity in contracts.items())
    return _words(f"{layer:<4} {held} of {target}", names)


def _proposal_lines(status: Status) -> Iterable[tuple[str, str]]:
    if status.proposal is None:
        yield "rules", "config/rules.toml cannot be read; the rules in force go on"
    elif status.proposal:
        first, *rest = status.proposal
        named = f"{first} and {len(rest)} more" if rest else first
        yield "rules", _words(f"a proposal waits: {named}", "`steward rules diff` shows it")


def _trouble_lines(status: Status) -> Iterable[tuple[str, str]]:
    yield from _numbered("in flight", status.in_flight)
    if status.commissions_missing:
        yield "commissions", f"{status.commissions_missing} not yet known"
    if status.incident:
        incident = status.incident
        yield "incident", _words(incident.at[:19], incident.code, incident.text)


def _words(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
