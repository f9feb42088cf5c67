"""The commands about histories: fetch them from the gateway, check a folder of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.command_line import HERE, ProjectOption, progress_bar, reported

history = typer.Typer(
    name="history",
    help="Daily histories that the evidence is replayed over (docs/history.md).",
    no_args_is_help=True,
)

FolderArgument = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="Folder of CSV files.")
]


@history.command()
def fetch(
    project: ProjectOption = HERE,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder; history/ of the project by default.")
    ] = None,
) -> None:
    """Fetch daily bars of SPX, the volatility indexes and the VX futures from the gateway."""
    import asyncio

    from bot.history_fetch import fetch_history
    from bot.project import load_project

    folder = out or project / "history"
    with reported():
        loaded = load_project(project)
        with progress_bar("series") as advance:
            fetched = asyncio.run(fetch_history(loaded, folder, advance=advance))
    for each in fetched:
        span = f"{each.first} to {each.last}" if each.rows else "refused by the gateway"
        typer.echo(f"{each.path}: {each.series}, {each.rows} bars, {span}")
    typer.echo("rates and NYSE breadth are not to be had from it: docs/history.md says where from")


@history.command()
def check(folder: FolderArgument) -> None:
    """Say what of a folder of histories is usable, and what is wrong with each file."""
    from bot.evidence.history_load import load_history

    with reported():
        found = load_history(folder)
    usable = found.usable()
    for line in (*found.limits, *found.faults):
        typer.echo(str(line))
    first, last = found.session(usable.start), found.session(usable.stop - 1)
    typer.echo(f"usable: {first} to {last}, {len(usable)} sessions to be decided")


@history.command()
def calibrate(folder: FolderArgument) -> None:
    """Fit the surfaces to the recorded chains of a folder, beside the numbers in use."""
    from bot.core.errors import ConfigError
    from bot.evidence.calibration_page import calibration_lines
    from bot.evidence.history_load import load_history

    with reported():
        if not (folder / "option_chains").is_dir():
            raise ConfigError((f"{folder}: no folder option_chains, so nothing to fit to",))
        for line in calibration_lines(folder, load_history(folder)):
            typer.echo(line)
