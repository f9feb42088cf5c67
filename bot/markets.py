"""Chooses what is behind the simulated gateway from what the user typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.errors import ConfigError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from bot.core.model import Session
    from bot.simulator.market import Market
    from bot.simulator.quirks import Quirk

RUN_GAP_DAYS = 5
"""Recorded sessions further apart than this do not belong to one run."""


def choose_market(  # noqa: PLR0913 - what the command line offers
    *,
    scenario: str,
    seed: int,
    sessions: int,
    chains: Path | None,
    history: Path | None,
    first: dt.date | None,
    last: dt.date | None,
) -> Market:
    """Return the playback market when `chains` is given, else the synthetic one.

    Raises
    ------
    ConfigError
        If the scenario is unknown, or a folder is absent or holds no playable session.
    """
    if chains is None:
        return _synthetic(scenario, seed, sessions)
    from bot.simulator.playback import PlaybackMarket  # noqa: PLC0415 - only where it is used

    played = recorded_sessions(chains, first, last)
    _existing(history)
    return PlaybackMarket(
        chains=chains, history=history, first=played[0], last=played[-1], seed=seed
    )


def _synthetic(scenario: str, seed: int, sessions: int) -> Market:
    from bot.simulator.synthetic import SyntheticMarket  # noqa: PLC0415 - only where it is used

    known_scenario(scenario)
    return SyntheticMarket(scenario=scenario, seed=seed, sessions=sessions)


def known_scenario(name: str) -> None:
    """Refuse a scenario that does not exist.

    Raises
    ------
    ConfigError
        With the names of those that do.
    """
    from bot.simulator.scenarios import Scenario  # noqa: PLC0415 - only where it is used

    names = [scenario.value for scenario in Scenario]
    if name not in names:
        raise ConfigError((f"--scenario {name}: must be one of {', '.join(names)}",))


def known_quirks(names: Sequence[str]) -> frozenset[Quirk]:
    """Return the quirks of those names.

    Raises
    ------
    ConfigError
        With every name that does not exist, and those that do.
    """
    from bot.simulator.quirks import Quirk  # noqa: PLC0415 - only where it is used

    known = {quirk.value: quirk for quirk in Quirk}
    strange = [name for name in names if name not in known]
    if strange:
        raise ConfigError((f"--quirk {', '.join(strange)}: must be of {', '.join(known)}",))
    return frozenset(known[name] for name in names)


def recorded_sessions(
    chains: Path, first: dt.date | None, last: dt.date | None
) -> tuple[Session, ...]:
    """Return the recorded sessions to play: those in the range, else the latest unbroken run.

    Raises
    ------
    ConfigError
        If the folder is absent or holds nothing in the range.
    """
    from bot.data.chains import listed_sessions  # noqa: PLC0415 - only where it is used

    _existing(chains)
    found = [recorded.session for recorded in listed_sessions(chains, first, last)]
    if not found:
        raise ConfigError((f"{chains}: no playable session from {first} to {last}",))
    return tuple(found) if first or last else latest_run(found)


def latest_run(sessions: list[Session]) -> tuple[Session, ...]:
    """Return the end of `sessions` that has no gap of more than a few days."""
    run = [sessions[-1]]
    for session in reversed(sessions[:-1]):
        if (run[0] - session).days > RUN_GAP_DAYS:
            break
        run.insert(0, session)
    return tuple(run)


def _existing(folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        raise ConfigError((f"{folder}: no such folder; give one with recorded data",))
