"""The commands about recorded chains: record them from the gateway, convert those of others."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - typer reads the annotations
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from bot.command_line import EXIT_FAULT, HERE, ProjectOption, progress_bar, reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.data.chain_files import CaptureFacts


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

    from bot.data.recording import RESUME_WITHIN
    from bot.project import load_project
    from bot.record import UNDERLYINGS, record_chains

    with reported():
        name = _one_of((*UNDERLYINGS, "both"), underlying)
        chosen = UNDERLYINGS if name == "both" else (name,)
        loaded = load_project(project)
        folder = out or project / "chains"
        time = at.time() if at else None
        try:
            with progress_bar("series") as advance:
                made = asyncio.run(record_chains(loaded, chosen, folder, at=time, advance=advance))
        except KeyboardInterrupt:
            minutes = RESUME_WITHIN.total_seconds() / 60
            text = f"stopped; the same command goes on from here for {minutes:.0f} minutes"
            typer.secho(text, fg="yellow", err=True)
            raise typer.Exit(EXIT_FAULT) from None
        for each in made:
            resumed = f", {each.resumed} series of them before" if each.resumed else ""
            typer.echo(
                f"{each.path}: {each.facts.expiries} series, {each.quoted} of {each.rows} options "
                f"quoted{resumed}"
            )
            _flags(each.facts)
        typer.echo(f"play it back:  steward demo --chains {folder}")


def import_chains(
    files: Annotated[
        list[Path], typer.Argument(help="Quote tables of Cboe (CSV), files of optionsDX (text).")
    ],
    project: ProjectOption = HERE,
    *,
    form: Annotated[
        str | None,
        typer.Option("--format", help="cboe or optionsdx; by what a file begins with by default."),
    ] = None,
    underlying: Annotated[
        str | None, typer.Option(help="SPX or VIX, where a file of optionsDX does not say.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the chains; chains/ of the project by default.")
    ] = None,
) -> None:
    """Convert downloaded chains into ones that can be played back: all files or none."""
    from bot.core.errors import ConfigError, RecordedDataError
    from bot.data.imports import FORMATS, import_files
    from bot.record import UNDERLYINGS

    with reported():
        kind = None if form is None else _one_of(FORMATS, form, option="--format")
        whose = None if underlying is None else _one_of(UNDERLYINGS, underlying)
        try:
            made = import_files(files, out or project / "chains", form=kind, underlying=whose)
        except RecordedDataError as fault:
            raise ConfigError((f"{fault}; nothing was written",)) from fault
    for each in made:
        state = "" if each.is_new else ", was there already"
        typer.echo(f"{each.path}: {each.facts.expiries} series, {each.rows} options{state}")
        _flags(each.facts)


def _one_of(known: Sequence[str], name: str, *, option: str = "--underlying") -> str:
    """Return the known name that was meant.

    Raises
    ------
    ConfigError
        If there is none.
    """
    from bot.core.errors import ConfigError

    for each in known:
        if each.lower() == name.lower():
            return each
    raise ConfigError((f"{option} {name}: must be one of {', '.join(known)}",))


def _flags(facts: CaptureFacts) -> None:
    """Say what is wrong with a chain."""
    for flag in facts.flags:
        typer.secho(f"  {flag}", fg="yellow")
    if not facts.two_sided:
        typer.secho("  cannot be priced: kept, and never played", fg="red")
