"""The command about tables that a person brings: breadth of sessions before the bot began."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bot.command_line import HERE, ProjectOption, reported


def seed_breadth(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="CSV file with the columns date, advances, declines."
        ),
    ],
    project: ProjectOption = HERE,
) -> None:
    """Keep NYSE advances and declines of past sessions, so that breadth is known from the start."""
    from bot.clock import WallClock, new_york
    from bot.ledger.store import Ledger
    from bot.project import load_project
    from bot.tables import keep_breadth

    with reported():
        loaded = load_project(project)
        today = new_york(WallClock().now()).date()
        with Ledger.open(loaded.settings.ledger.path) as ledger:
            kept = keep_breadth(ledger, file, loaded.calendar, before=today)
    span = f": {kept[0]} to {kept[-1]}" if kept else ""
    typer.echo(f"{len(kept)} sessions kept{span}; what the bot counted itself is left as it is")
