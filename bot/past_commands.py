"""The commands about recorded sessions: why one was decided so, and whether it still would be."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bot.command_line import EXIT_FAULT, HERE, ProjectOption, console, reported


def explain(
    date: Annotated[
        dt.datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], help="Session; the last one by default."),
    ] = None,
    project: ProjectOption = HERE,
    *,
    gate: Annotated[
        str | None, typer.Option(help="Only what this gate said: VIX_TERM_STRUCTURE.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Stable keys, for programs.")] = False,
) -> None:
    """Show why a session was decided so, from every input to what became of each intent."""
    from bot.config import load_settings
    from bot.ledger.store import Ledger
    from bot.project import settings_path
    from bot.review.explain import explain as gather
    from bot.review.explain import explain_json, explain_page

    with reported():
        path = load_settings(settings_path(project)).ledger.path
        with Ledger.open_read_only(path) as ledger:
            found = gather(ledger, date.date() if date else None, gate=gate)
        if as_json:
            typer.echo(explain_json(found))
        else:
            console().print(explain_page(found, gate=gate))


def decide_again(
    date: Annotated[
        dt.datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="A session, or --all.")
    ] = None,
    project: ProjectOption = HERE,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every recorded session.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Stable keys, for programs.")] = False,
) -> None:
    """Decide recorded sessions again from what was stored; exits 1 on any difference."""
    from bot.config import load_settings
    from bot.core.errors import ConfigError
    from bot.ledger.store import Ledger
    from bot.project import settings_path
    from bot.replay import Comparison, decide_all_again
    from bot.rules_pages import TOLD, again_json, again_lines

    with reported():
        if (date is None) is not every:
            raise ConfigError(("name one session, or --all of them",))
        path = load_settings(settings_path(project)).ledger.path
        with Ledger.open_read_only(path) as ledger:
            sessions = decide_all_again(ledger, date.date() if date else None)
        told = again_lines(sessions, limit=TOLD if every else None)
        typer.echo(again_json(sessions) if as_json else "\n".join(told))
        if any(each.comparison is Comparison.DIFFERENT for each in sessions):
            raise typer.Exit(EXIT_FAULT)


def snapshots(
    project: ProjectOption = HERE,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Stable keys, for programs.")] = False,
) -> None:
    """Show what is kept of the raw market of each session, and what thinning would free."""
    from bot.config import load_settings
    from bot.core.errors import NotInLedgerError
    from bot.ledger.queries import latest_session
    from bot.ledger.retention_rows import retention
    from bot.ledger.store import Ledger
    from bot.project import settings_path
    from bot.retention import terms_of
    from bot.review.retention_page import retention_json, retention_lines

    with reported():
        settings = load_settings(settings_path(project))
        with Ledger.open_read_only(settings.ledger.path) as ledger:
            today = latest_session(ledger)
            if today is None:
                raise NotInLedgerError(f"{ledger.path}: holds no session yet")
            terms = terms_of(settings.snapshots, today)
            found = retention(ledger, terms)
        typer.echo(retention_json(found) if as_json else "\n".join(retention_lines(found, terms)))
