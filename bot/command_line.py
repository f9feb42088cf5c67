"""What all commands share: exit codes, the project option, and how faults are told."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

EXIT_CONFIG = 2
EXIT_GATEWAY = 3
EXIT_LIVE_ACCOUNT = 4
EXIT_FAULT = 1

PRIVATE = 0o077
"""Whatever a command writes, by whichever library, is for its user only."""

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", help="Project folder: config, ledger, logs.")
]
HERE = Path()

HistoryOption = Annotated[Path, typer.Option(help="Folder of daily histories (docs/history.md).")]
FromOption = Annotated[
    dt.datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="First session; all by default."),
]
ToOption = Annotated[
    dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")
]


def console() -> Console:
    """Return a console that fits a hundred columns."""
    from rich.console import Console as RichConsole

    found = RichConsole()
    return found if found.is_terminal else RichConsole(width=100)


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn the program's own faults into a clear text and an exit code."""
    from bot.core.errors import (
        ConfigError,
        GatewayUnavailableError,
        LiveAccountError,
        NotInLedgerError,
        StewardError,
    )

    codes = {
        ConfigError: EXIT_CONFIG,
        NotInLedgerError: EXIT_CONFIG,
        GatewayUnavailableError: EXIT_GATEWAY,
        LiveAccountError: EXIT_LIVE_ACCOUNT,
    }
    try:
        yield
    except StewardError as fault:
        typer.secho(str(fault), fg="red", err=True)
        raise typer.Exit(codes.get(type(fault), EXIT_FAULT)) from fault


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar; yield the function that is told how far it is."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn()) as progress:
        task = progress.add_task(title, total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield advance
