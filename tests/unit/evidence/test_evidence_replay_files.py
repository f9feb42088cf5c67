"""A replay on disk and on the screen, and the keys that a command line changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from evidence_walk import WARM, first_session, walk
from rich.console import Console

from bot.core.errors import ConfigError
from bot.core.rules import Rules
from bot.evidence.engine import replay
from bot.evidence.replay_files import changed, replay_page, write_replay
from bot.evidence.settings import ReplaySettings

if TYPE_CHECKING:
    from pathlib import Path

    from bot.evidence.books import Replay


@pytest.fixture(scope="module")
def short() -> Replay:
    settings = ReplaySettings(first=first_session(walk()), last=walk().session(WARM + 2))
    return replay(walk(), Rules(), settings)


def test_what_is_written_is_what_was_replayed(short: Replay, tmp_path: Path) -> None:
    files = write_replay(short, tmp_path / "new", history_sha256="abc")

    tables = {path.stem: pd.read_parquet(path) for path in files if path.suffix == ".parquet"}
    hedged = tables["replay-books"].query("book == 'hedged'")
    assert hedged["nav_usd"].tolist() == short.books["hedged"].nav_usd.tolist()
    assert tables["replay-trades"]["contracts"].tolist() == short.trades["contracts"].tolist()
    assert len(tables["replay-layers"]) == 3 * len(short.days)
    about = json.loads((tmp_path / "new" / "replay.json").read_text(encoding="utf-8"))
    assert about["settings"]["nav_usd"] == 1_000_000.0
    assert (about["rules_sha256"], about["history_sha256"]) == (short.rules_sha256, "abc")


def test_nothing_half_written_is_left(short: Replay, tmp_path: Path) -> None:
    write_replay(short, tmp_path, history_sha256="")

    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_page_shows_both_books_in_a_hundred_columns(short: Replay) -> None:
    console = Console(width=100)

    with console.capture() as captured:
        console.print(replay_page(short))

    text = captured.get()
    assert f"{short.books['hedged'].nav_usd[-1]:,.0f}" in text
    assert f"{short.books['shadow'].nav_usd[-1]:,.0f}" in text
    assert "shadow: the same contracts without the hedge" in " ".join(text.split())


def test_a_key_of_the_rules_and_one_of_the_settings_are_changed() -> None:
    rules, settings = changed(
        Rules(),
        ReplaySettings(),
        ["hedge.far.delta=0.15", "hedge.policy=promoter", "settings.spread_share=1"],
    )

    assert rules.hedge.far.delta == 0.15
    assert rules.hedge.policy == "promoter"
    assert settings.spread_share == 1.0


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("hedge.far.delta", "must be key=value"),
        ("nonsense=1", "nonsense"),
        ("hedge.far.delta=7", "hedge.far.delta"),
        ("settings.nonsense=1", "settings.nonsense"),
        ("settings.spread_share=-1", "spread_share must be >= 0, received -1"),
    ],
)
def test_a_change_that_cannot_be_is_named(assignment: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        changed(Rules(), ReplaySettings(), [assignment])
