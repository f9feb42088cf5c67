"""The command that decides a history many times over: variants, candidates, paths, grids."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bot.command_line import (
    EXIT_FAULT,
    HERE,
    HistoryOption,
    ProjectOption,
    console,
    progress_bar,
    reported,
)

EXIT_INTERRUPTED = 130
"""What shells give a command that Ctrl-C ended."""


def sweep(  # noqa: PLR0913 - one parameter for each option
    what: Annotated[str, typer.Argument(help="A grid (TOML file), or variants, choice or paths.")],
    history: HistoryOption,
    project: ProjectOption = HERE,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results; logs/evidence by default.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; one a core by default.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler to use instead: tcp://host:8786.")
    ] = None,
) -> None:
    """Decide a history many times over: variants of the rules, resampled paths, any grid.

    An interrupted sweep goes on where it stood when the same command is given again.
    """
    from bot.config import load_rules
    from bot.evidence.campaigns import (
        ReplayTask,
        campaign,
        finished,
        stamp_of_sweep,
        write_table,
    )
    from bot.evidence.history_load import load_history
    from bot.evidence.sweep import Results, cluster_workers, local_workers, run_sweep
    from bot.evidence.sweep_page import sweep_page
    from bot.files import private_folder

    with reported():
        base, _ = load_rules(project / "config" / "rules.toml")
        planned = campaign(what, base)
        stamp = stamp_of_sweep(load_history(history))
        folder = private_folder(out or project / "logs" / "evidence")
        pool = cluster_workers(scheduler) if scheduler else local_workers(workers)
        with progress_bar("replays") as advance, pool as opened:
            found = run_sweep(
                planned.cells,
                ReplayTask(folder=history.resolve(), stamp=stamp),
                results=Results(folder=folder, stamp=stamp),
                workers=opened,
                advance=advance,
            )
        table = finished(planned, found, stamp)
        path = write_table(table, planned.name, folder)
        console().print(sweep_page(table, planned.name))
        typer.echo(
            f"{len(table)} of {len(planned.cells)} replays, {found.reused} of them from before; "
            f"written to {path}"
        )
        for line in found.failed:
            typer.secho(line, fg="red", err=True)
        if found.interrupted:
            typer.secho("interrupted: give the same command again to go on", err=True)
            raise typer.Exit(EXIT_INTERRUPTED)
        if found.failed:
            raise typer.Exit(EXIT_FAULT)
