"""The commands about recorded chains: record them from the gateway, convert those of others."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - typer reads the annotations
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bot.command_line import HERE, ProjectOption, progress_bar, reported


def record(
    project: ProjectOption = HERE,
    *,
    underlying: Annotated[str, typer.Option(help="SPX, VIX or both.")] = "both",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the chains; chains/ of the project by default.")
    ] = None,
    at: Annotated[
        dt.datetime | None, typer.Option(formats=["%H:%M"], help="New York time to wait for.")
    ] = None,
) -> None:
    """Record whole option chains to play back; an interrupted recording is gone on with."""
    import asyncio

    from bot.core.errors import ConfigError
    from bot.project import load_project
    from bot.record import UNDERLYINGS, record_chains

    with reported():
        chosen = UNDERLYINGS if underlying == "both" else (underlying.upper(),)
        if not set(chosen) <= set(UNDERLYINGS):
            raise ConfigError((f"--underlying {underlying}: must be SPX, VIX or both",))
        loaded = load_project(project)
        folder = out or project / "chains"
        time = at.time() if at else None
        with progress_bar("series") as advance:
            made = asyncio.run(record_chains(loaded, chosen, folder, at=time, advance=advance))
        for each in made:
            resumed = f", {each.resumed} series of them before" if each.resumed else ""
            typer.echo(
                f"{each.path}: {each.facts.expiries} series, {each.quoted} of {each.rows} options "
                f"quoted{resumed}"
            )
            for flag in each.facts.flags:
                typer.secho(f"  {flag}", fg="yellow")
        typer.echo(f"play it back:  steward gateway --chains {folder} --history {folder}")
