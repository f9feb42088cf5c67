"""The commands that carry what the bot knows elsewhere: notifications, tables, its log."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.command_line import EXIT_FAULT, HERE, ProjectOption, console, reported

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.review.log_lines import Filter, Follower, Line

FOLLOW_SECONDS: Final = 0.5
"""How often a log that is followed is looked at."""


def notify(
    project: ProjectOption = HERE,
    *,
    test: Annotated[bool, typer.Option("--test", help="Send each of them a message.")] = False,
) -> None:
    """Say whom the bot tells what; exits 1 when a test message was not taken."""
    from bot.config import load_settings
    from bot.core.errors import ConfigError
    from bot.notify.message import masked
    from bot.notify.targets import VARIABLE, addresses, targets
    from bot.project import settings_path

    with reported():
        settings = load_settings(settings_path(project))
        found = targets(addresses(settings.notify, project))
        if not found:
            raise ConfigError((f"nobody is told: set {VARIABLE}, or notify.urls_file",))
        typer.echo(f"told are: {', '.join(settings.notify.about)}")
        failed = False
        for target in found:
            state = "set"
            if test:
                taken = target.tell(
                    masked(f"steward ({settings.broker.mode}): test"),
                    "This is how you will be told.",
                    seconds=settings.notify.timeout_seconds,
                )
                failed |= not taken
                state = "taken" if taken else "NOT taken"
            typer.echo(f"{target.name}: {state}")
        if failed:
            raise typer.Exit(EXIT_FAULT)


def export(  # noqa: PLR0913 - one parameter for each option
    subject: Annotated[str, typer.Argument(help="fills, marks or tearsheet.")],
    project: ProjectOption = HERE,
    *,
    form: Annotated[str, typer.Option("--format", help="csv, json or parquet.")] = "csv",
    first: Annotated[
        dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")
    ] = None,
    last: Annotated[
        dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="New file; what the terminal shows by default.")
    ] = None,
) -> None:
    """Write executions, daily marks or the figures of a tearsheet, for other programs."""
    from bot.config import load_settings
    from bot.core.errors import ConfigError
    from bot.export import FORMATS, SUBJECTS, as_bytes, export_table, write_new
    from bot.ledger.store import Ledger
    from bot.project import settings_path

    with reported():
        _known(subject, SUBJECTS, "SUBJECT")
        _known(form, FORMATS, "--format")
        if form == "parquet" and out is None:
            raise ConfigError(("--format parquet: name a file with --out",))
        begin = first.date() if first else dt.date.min
        end = last.date() if last else dt.date.max
        if begin > end:
            raise ConfigError((f"--from {begin}: lies after --to {end}",))
        path = load_settings(settings_path(project)).ledger.path
        with Ledger.open_read_only(path) as ledger:
            table = export_table(ledger, subject, first=begin, last=end)
        content = as_bytes(table, form)
        if out is None:
            typer.echo(content.decode(), nl=False)
            return
        write_new(out, content)
        typer.echo(f"wrote {len(table.rows)} rows to {out}")


def logs(  # noqa: PLR0913 - one parameter for each option
    project: ProjectOption = HERE,
    *,
    session: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only of this session.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(help="Only of this name: order.withdrawn, or all of order.")
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="Only of this order, by its reference or its intent.")
    ] = None,
    level: Annotated[str | None, typer.Option(help="Only from warning on, for example.")] = None,
    lines: Annotated[int, typer.Option(min=1, help="How many of them, the newest.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as it grows.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Lines as they are written.")] = False,
) -> None:
    """Show the log, filtered; --follow goes on until it is interrupted."""
    from bot.config import load_settings
    from bot.project import settings_path
    from bot.review.log_lines import LEVELS, Filter, Follower, read_log, wanted_lines

    with reported():
        if level is not None:
            _known(level, LEVELS, "--level")
        settings = load_settings(settings_path(project))
        wanted = Filter(
            session=session.date() if session else None,
            event=event,
            order=_order_names(settings.ledger.path, order) if order else None,
            level=level,
        )
        reader = Follower(settings.logs.folder)
        known, unread = read_log(settings.logs.folder)
        found = [line for line in known if wanted.passes(line)]
        show = _shower(as_json=as_json)
        for line in found[-lines:] if follow else wanted_lines(known, wanted)[-lines:]:
            show(line)
        if unread:
            typer.secho(f"{unread} lines cannot be read", fg="yellow", err=True)
        if follow:
            _follow(reader, wanted, show)


def _order_names(path: Path, name: str) -> frozenset[str]:
    """Return both names of an order, where there is a ledger that knows them."""
    from bot.core.errors import LedgerError
    from bot.ledger.store import Ledger
    from bot.review.log_lines import order_names

    try:
        with Ledger.open_read_only(path) as ledger:
            return order_names(ledger, name)
    except LedgerError:
        return frozenset({name})


def _shower(*, as_json: bool) -> Callable[[Line], None]:
    """Return what prints a line."""
    import json

    from bot.review.log_lines import line_text

    screen = console()

    def show(line: Line) -> None:
        if as_json:
            typer.echo(json.dumps(line, ensure_ascii=False))
        else:
            screen.print(line_text(line))

    return show


def _follow(reader: Follower, wanted: Filter, show: Callable[[Line], None]) -> None:
    """Show what is added, until interrupted."""
    import time

    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for line in reader.added():
                if wanted.passes(line):
                    show(line)
            time.sleep(FOLLOW_SECONDS)


def _known(name: str, known: tuple[str, ...], option: str) -> None:
    """Refuse a word that is none of those known.

    Raises
    ------
    ConfigError
        With those that are.
    """
    from bot.core.errors import ConfigError

    if name not in known:
        raise ConfigError((f"{option} {name}: must be one of {', '.join(known)}",))
