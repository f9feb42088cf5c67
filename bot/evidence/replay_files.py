"""One replay as files and as a page: Parquet for programs, a table of a hundred columns for people.

============================  =========================================================
file                          rows
============================  =========================================================
``replay-books.parquet``      a book and session: NAV, and gains by source, USD
``replay-days.parquet``       a session: market, regime, gates that denied, what is held
``replay-trades.parquet``     a fill or settlement
``replay-layers.parquet``     a session and layer of the hedge
``replay.json``               settings, the hash of the rules, and of the history
============================  =========================================================
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from rich.table import Table

from bot.core.errors import ConfigError
from bot.evidence.books import HEDGED, SHADOW
from bot.evidence.figures import capital, growth, max_drawdown
from bot.evidence.grid import changed_rules, changed_settings
from bot.files import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bot.core.rules import Rules
    from bot.evidence.books import BookDays, Replay
    from bot.evidence.settings import ReplaySettings

OF_SETTINGS: Final = "settings."
OPTION: Final = "--set"
SHADOW_IS: Final = (
    "shadow: the same contracts without the hedge; evidence and sweeps size it on its own NAV"
)


def changed(
    rules: Rules, settings: ReplaySettings, assignments: Iterable[str]
) -> tuple[Rules, ReplaySettings]:
    """Return rules and settings with the keys of a command line changed.

    Parameters
    ----------
    rules, settings
        What is changed.
    assignments
        ``hedge.far.delta=0.15`` of the rules, ``settings.spread_share=1`` of the settings; a value
        is written as in TOML, texts with or without quotes.

    Raises
    ------
    ConfigError
        With every key that is unknown and every value that is out of its range.
    """
    pairs = dict(_assignment(each) for each in assignments)
    ours = {key: value for key, value in pairs.items() if not key.startswith(OF_SETTINGS)}
    theirs = {
        key.removeprefix(OF_SETTINGS): value
        for key, value in pairs.items()
        if key.startswith(OF_SETTINGS)
    }
    return (
        changed_rules(rules, ours, OPTION) if ours else rules,
        changed_settings(settings, theirs, OPTION) if theirs else settings,
    )


def _assignment(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not (key.strip() and sign and value.strip()):
        raise ConfigError((f"{OPTION} {text}: must be key=value, like hedge.far.delta=0.15",))
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def write_replay(replay: Replay, folder: Path, *, history_sha256: str) -> tuple[Path, ...]:
    """Write a replay to a folder, which is made if need be; return the files."""
    private_folder(folder)
    tables = {
        "books": pd.concat([_book_frame(book) for book in replay.books.values()]),
        "days": replay.days.reset_index(),
        "trades": replay.trades,
        "layers": replay.layers,
    }
    paths = []
    for name, table in tables.items():
        path = folder / f"replay-{name}.parquet"
        beside = folder / f".{path.name}.part"
        table.to_parquet(beside, index=False)
        paths.append(beside.replace(path))
    about = folder / "replay.json"
    about.write_text(_about(replay, history_sha256), encoding="utf-8")
    return (*paths, about)


def _book_frame(book: BookDays) -> pd.DataFrame:
    columns = ("nav_usd", "condor_usd", "hedge_usd", "carry_usd", "fees_usd")
    return pd.DataFrame(
        {"book": book.name, "session": book.sessions}
        | {name: getattr(book, name) for name in columns}
    )


def _about(replay: Replay, history_sha256: str) -> str:
    found = {
        "settings": dataclasses.asdict(replay.settings),
        "rules_sha256": replay.rules_sha256,
        "history_sha256": history_sha256,
    }
    return json.dumps(found, indent=2, default=str) + "\n"


def replay_page(replay: Replay) -> Table:
    """Return the books side by side."""
    days = replay.days
    first, last = days.index[0].date(), days.index[-1].date()
    trades = f"{len(days)} sessions, {len(replay.trades)} trades; gains in USD"
    page = Table(title=f"{first} to {last}: {trades}", caption=SHADOW_IS)
    for name in (
        "book",
        "NAV",
        "growth a year",
        "drawdown",
        "condors",
        "hedge",
        "interest",
        "fees",
    ):
        page.add_column(name, justify="left" if name == "book" else "right")
    for name in (HEDGED, SHADOW):
        page.add_row(*_figures(replay.books[name]))
    return page


def _figures(book: BookDays) -> tuple[str, ...]:
    nav = np.concatenate([[capital(book)], book.nav_usd])
    return (
        book.name,
        f"{book.nav_usd[-1]:,.0f}",
        f"{growth(book):.2%}",
        f"{max_drawdown(nav).share:.2%}",
        *(f"{gains.sum():+,.0f}" for gains in _sources(book)),
    )


def _sources(book: BookDays) -> tuple[np.ndarray, ...]:
    return book.condor_usd, book.hedge_usd, book.carry_usd, book.fees_usd
