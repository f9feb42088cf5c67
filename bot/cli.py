"""The command ``steward``: commands only; what they need is imported when they run."""

from __future__ import annotations

import contextlib
import datetime as dt  # noqa: TC003 - typer reads the annotations
import os
import shutil
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bot.command_line import (
    EXIT_FAULT,
    HERE,
    PRIVATE,
    ProjectOption,
    console,
    progress_bar,
    reported,
)
from bot.data_commands import import_chains, record
from bot.evidence_commands import evidence
from bot.gateway_commands import gateway, probe
from bot.history_commands import history as history_app
from bot.output_commands import export, logs, notify
from bot.page_commands import dashboard, report
from bot.past_commands import decide_again, explain, snapshots
from bot.replay_commands import replay
from bot.rules_commands import rules
from bot.sweep_commands import sweep
from bot.table_commands import seed_breadth

app = typer.Typer(
    name="steward",
    help="Unattended paper trading of SPX iron condors with a layered VIX-call hedge.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    """Print the version and end, before any command."""
    if wanted:
        from bot.session import version

        typer.echo(f"steward {version()}")
        raise typer.Exit


@app.callback()
def before_any_command(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Make every file that a command writes private."""
    os.umask(PRIVATE)


@app.command()
def run(project: ProjectOption = HERE) -> None:
    """Run unattended: wake for every session until stopped."""
    import asyncio

    from bot.backup import open_ledger
    from bot.logs import configure
    from bot.notify.notifier import notifying
    from bot.project import load_project
    from bot.schedule import run_forever

    with reported():
        loaded = load_project(project)
        configure(loaded.settings.logs, console=True)
        with (
            open_ledger(loaded) as ledger,
            notifying(loaded.settings, project),
            contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError),
        ):
            asyncio.run(run_forever(loaded, ledger))


@app.command()
def once(
    project: ProjectOption = HERE,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide and ask for margins, send nothing.")
    ] = False,
) -> None:
    """Run today's cycle now."""
    import asyncio

    from bot.backup import open_ledger
    from bot.logs import configure
    from bot.notify.notifier import notifying
    from bot.project import load_project
    from bot.session import run_once

    with reported():
        loaded = load_project(project)
        configure(loaded.settings.logs, console=True)
        with open_ledger(loaded) as ledger, notifying(loaded.settings, project):
            outcome = asyncio.run(run_once(loaded, ledger, dry=dry_run))
        decision = outcome.decision
        sent = "previewed, none sent" if dry_run else "decided"
        typer.echo(
            f"{decision.session}: regime {decision.regime}, {len(decision.intents)} orders {sent}; "
            f"see `steward {'explain' if dry_run else 'review'}`"
        )


@app.command()
def demo(  # noqa: PLR0913 - one parameter for each option
    *,
    sessions: Annotated[int, typer.Option(min=1, max=2000, help="Sessions to run.")] = 40,
    scenario: Annotated[
        str,
        typer.Option(help="calm, grind-down, spike, crash-and-recover, or seasons: one a quarter."),
    ] = "spike",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the synthetic market.")] = 7,
    chains: Annotated[
        Path | None, typer.Option(help="Play back recorded chains from this folder instead.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="Folder of daily histories for bars and breadth.")
    ] = None,
    first: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First recorded session.")
    ] = None,
    last: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last recorded session.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make; a new one under logs/ by default.")
    ] = None,
) -> None:
    """Run the bot against the simulated gateway and print the review."""
    from bot.demo import plan_demo, run_demo
    from bot.ledger.store import Ledger
    from bot.review.terminal import render_summary
    from bot.rules_pages import again_lines

    with reported():
        plan = plan_demo(
            out=out,
            sessions=sessions,
            scenario=scenario,
            seed=seed,
            chains=chains,
            history=history,
            first=first.date() if first else None,
            last=last.date() if last else None,
        )
        with progress_bar(plan.title) as advance:
            result = run_demo(plan, advance)
        with Ledger.open_read_only(plan.ledger) as ledger:
            console().print(render_summary(ledger))
        *differences, counts = again_lines(result.again)
        typer.echo(f"\n{counts}")
        for line in (*result.failed, *result.mismatched, *differences):
            typer.secho(line, fg="red", err=True)
        typer.echo(f"Review a session:  steward review --project {plan.folder}")
        typer.echo(f"The last in a browser:  {result.page}")
        if result.failed or result.mismatched or differences:
            raise typer.Exit(EXIT_FAULT)


app.command()(gateway)


@app.command()
def check(project: ProjectOption = HERE) -> None:
    """Test config, ledger, gateway and market data; say what to do about each failure."""
    import asyncio
    import logging

    from bot.doctor import examine

    # What the client library would print about a failure is among the findings, with a remedy.
    logging.getLogger().addHandler(logging.NullHandler())
    findings = asyncio.run(examine(project))
    for finding in findings:
        typer.echo(f"{_mark(finding.passed)} {finding.name}: {finding.text}")
    if any(finding.passed is False for finding in findings):
        raise typer.Exit(EXIT_FAULT)


app.command()(probe)
app.add_typer(rules)
app.add_typer(history_app)
app.command()(explain)
app.command()(decide_again)
app.command()(snapshots)
app.command()(seed_breadth)
app.command()(replay)
app.command()(sweep)
app.command()(evidence)
app.command()(report)
app.command()(dashboard)
app.command()(record)
app.command("import")(import_chains)
app.command()(notify)
app.command()(export)
app.command()(logs)


def _mark(passed: bool | None) -> str:  # noqa: FBT001 - the value to show
    """Return a word of four letters: ok, FAIL, or wait where the market must be open."""
    if passed is None:
        return typer.style("wait", fg="yellow")
    return typer.style("ok  ", fg="green") if passed else typer.style("FAIL", fg="red")


@app.command()
def status(
    project: ProjectOption = HERE,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Stable keys, for programs.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is unwell; exits 1 then.")
    ] = False,
) -> None:
    """Show state, kill switch, open condors and layers, and the last incident."""
    if check:
        _exit_when_unwell(project)
        return
    from bot.review.status import WIDTH, render_status, status_json

    with reported():
        if as_json:
            typer.echo(status_json(project))
        else:
            columns = shutil.get_terminal_size((WIDTH, 24)).columns
            typer.echo(render_status(project, width=min(columns, WIDTH)))


@app.command()
def review(
    date: Annotated[
        dt.datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], help="Session; the last one by default."),
    ] = None,
    project: ProjectOption = HERE,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Every condor, lot, gate and leg, not their sums.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Stable keys, for programs.")] = False,
) -> None:
    """Show a session on a page: what was decided and why, and what came of it."""
    from bot.config import load_settings
    from bot.ledger.store import Ledger
    from bot.project import settings_path
    from bot.review.terminal import render_review, review_json

    session = date.date() if date else None
    with reported():
        path = load_settings(settings_path(project)).ledger.path
        with Ledger.open_read_only(path) as ledger:
            if as_json:
                typer.echo(review_json(ledger, session))
            else:
                console().print(render_review(ledger, session, full=full))


@app.command()
def backup(project: ProjectOption = HERE) -> None:
    """Copy the ledger as after a session; works beside a running bot."""
    from bot.backup import back_up
    from bot.ledger.store import Ledger
    from bot.project import load_project

    with reported():
        settings = load_project(project).settings
        with Ledger.open_read_only(settings.ledger.path) as ledger:
            typer.echo(f"wrote {back_up(settings, ledger)}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup of the ledger.")],
    project: ProjectOption = HERE,
) -> None:
    """Put a backup in the place of the ledger, which is kept; refused while a bot runs."""
    from bot.backup import restore as put_back
    from bot.config import load_settings
    from bot.core.errors import NotInLedgerError
    from bot.project import settings_path

    with reported():
        settings = load_settings(settings_path(project))
        if not file.is_file():
            raise NotInLedgerError(f"{file}: no such file; backups are in {settings.backup.folder}")
        kept = put_back(settings, file)
        typer.echo(f"restored {file} to {settings.ledger.path}")
        if kept is not None:
            typer.echo(f"the ledger that was there is kept as {kept}")
        typer.echo(
            "next: `steward once --dry-run` in market hours reconciles it with the broker and "
            "sends nothing; where they differ the book is locked"
        )


@app.command()
def reconcile(
    project: ProjectOption = HERE,
    *,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Accept the broker's positions; needs --reason.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why they are right; kept in the ledger.")] = "",
) -> None:
    """Show ledger and broker side by side; exits 1 while they differ. Sends nothing."""
    import asyncio

    from bot.adoption import as_text, compare_sides
    from bot.backup import open_ledger
    from bot.project import load_project

    with reported():
        loaded = load_project(project)
        with open_ledger(loaded) as ledger:
            sides = asyncio.run(compare_sides(loaded, ledger, adopt=reason if adopt else None))
        typer.echo(as_text(sides))
        if sides.locked:
            raise typer.Exit(EXIT_FAULT)


@app.command()
def halt(
    reason: Annotated[str, typer.Option(help="Why; kept in the config and shown.")],
    project: ProjectOption = HERE,
) -> None:
    """Stop all sending at once: sets the kill switch to halt."""
    _switch(project, "halt", reason)


@app.command()
def resume(project: ProjectOption = HERE) -> None:
    """Allow trading again: sets the kill switch to active."""
    _switch(project, "active", "")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to fill.")] = HERE,
) -> None:
    """Write the default config and folders; nothing that exists is overwritten."""
    from bot.defaults import write_defaults

    with reported():
        written = write_defaults(folder)
        for path in written:
            typer.echo(f"wrote {path}")
        if not written:
            typer.echo(f"{folder}: has all of it already; nothing was written")
        typer.echo("next: set broker.account in config/steward.toml, then `steward check`")


def _exit_when_unwell(project: Path) -> None:
    """Print one line for each thing that is unwell, and exit with a code that says so."""
    from bot.clock import WallClock
    from bot.review.wellness import unwell

    reasons = unwell(project, WallClock().now())
    for reason in reasons or ("well",):
        typer.echo(reason)
    if reasons:
        raise typer.Exit(EXIT_FAULT)


def _switch(project: Path, state: str, reason: str) -> None:
    from bot.config import edit_kill_switch
    from bot.core.book import TradingState
    from bot.project import settings_path

    with reported():
        edit_kill_switch(settings_path(project), TradingState(state), reason=reason)
        typer.echo(f"kill switch: {state}")


if __name__ == "__main__":
    app()
