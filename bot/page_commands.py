"""The commands that show sessions in a browser: a page in a file, and the dashboard."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - typer reads the annotations
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bot.command_line import HERE, ProjectOption, reported


def report(
    date: Annotated[
        dt.datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], help="Session; the last one by default."),
    ] = None,
    project: ProjectOption = HERE,
    *,
    out: Annotated[
        Path | None, typer.Option(help="File to write; in logs/reports/ by default.")
    ] = None,
) -> None:
    """Write the page of a session as HTML: one file with its charts, that needs no network."""
    from bot.config import load_settings
    from bot.ledger.store import Ledger
    from bot.project import settings_path
    from bot.reports import save_html

    with reported():
        settings = load_settings(settings_path(project))
        with Ledger.open_read_only(settings.ledger.path) as ledger:
            written = save_html(settings.logs, ledger, date.date() if date else None, out=out)
        typer.echo(f"wrote {written}")


def dashboard(
    project: ProjectOption = HERE,
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but the loopback asks for a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8001,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A further name by which browsers reach it; asks for a token."),
    ] = None,
) -> None:
    """Show the ledger in a browser: sessions, condors, hedge, execution. Reads only."""
    from bot.config import load_settings
    from bot.dashboard.serve import listen, serve
    from bot.dashboard.site import Site
    from bot.ledger.store import Ledger
    from bot.project import settings_path

    with reported():
        settings = load_settings(settings_path(project))
        Ledger.open_read_only(settings.ledger.path).close()
        evidence = settings.logs.folder / "evidence" / "evidence.html"
        site = Site(project=project, ledger=settings.ledger.path, evidence=evidence)
        address = listen(host, port, names=name or ())
        typer.echo(f"{address.url}  (end with Ctrl-C)")
        serve(site, address)
