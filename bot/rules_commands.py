"""The commands about rules: which are in force, what a proposal changes, and its adoption."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from bot.command_line import HERE, ProjectOption, console, reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.governance import Standing
    from bot.ledger.store import Ledger

JsonOption = Annotated[bool, typer.Option("--json", help="Stable keys, for programs.")]

rules = typer.Typer(
    name="rules",
    help="Show, compare, review and adopt the strategy's rules.",
    no_args_is_help=True,
)


@contextlib.contextmanager
def _ledger(project: Path) -> Iterator[Ledger]:
    """Open the project's ledger to read, whatever the state of its rules file."""
    from bot.config import load_settings
    from bot.ledger.store import Ledger
    from bot.project import settings_path

    with Ledger.open_read_only(load_settings(settings_path(project)).ledger.path) as ledger:
        yield ledger


def _standing(project: Path) -> Standing:
    from bot.config import load_settings
    from bot.governance import standing
    from bot.project import rules_path, settings_path

    if not load_settings(settings_path(project)).ledger.path.exists():
        return standing(None, rules_path(project))
    with _ledger(project) as ledger:
        return standing(ledger, rules_path(project))


@rules.command()
def show(
    name: Annotated[
        str | None, typer.Argument(help="Only these: a table, condor or hedge.far, or a key.")
    ] = None,
    project: ProjectOption = HERE,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show the rules in force with their history, and whether a proposal waits."""
    from bot.config import read_canonical
    from bot.core.errors import ConfigError
    from bot.rules_pages import standing_json, standing_page

    with reported():
        found = _standing(project)
        if found.version is not None:
            values = read_canonical(found.version.text, f"rules {found.version.sha256[:12]}")
        elif found.proposed is not None:
            values = found.proposed.rules
        else:
            raise ConfigError(found.faults)
        if as_json:
            typer.echo(standing_json(found, values, name))
        else:
            console().print(standing_page(found, values, name))


@rules.command()
def diff(project: ProjectOption = HERE, *, as_json: JsonOption = False) -> None:
    """Show what config/rules.toml proposes to change."""
    from bot.core.errors import ConfigError
    from bot.rules_pages import changes_page, standing_json

    with reported():
        found = _standing(project)
        if as_json:
            typer.echo(standing_json(found))
        elif found.faults:
            raise ConfigError(found.faults)
        else:
            console().print(changes_page(found))


@rules.command()
def review(
    project: ProjectOption = HERE,
    *,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many sessions.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Decide the last recorded sessions again under the proposal; list what would differ."""
    from bot.governance import proposal
    from bot.project import rules_path
    from bot.replay import review_proposal
    from bot.rules_pages import review_json, review_page

    with reported(), _ledger(project) as ledger:
        found = proposal(ledger, rules_path(project))
        sessions = tuple(
            review_proposal(ledger, adopted=found.adopted, proposed=found.proposed, last=last)
        )
        if as_json:
            typer.echo(review_json(sessions, found.changes))
        else:
            console().print(review_page(sessions, found.changes))


@rules.command()
def adopt(
    project: ProjectOption = HERE,
    *,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.")] = "",
) -> None:
    """Put the proposal in force from the next session on; works beside a running bot."""
    from bot.clock import WallClock
    from bot.config import load_settings
    from bot.governance import adopt as put_in_force
    from bot.ledger.store import Ledger
    from bot.project import rules_path, settings_path

    with reported():
        path = load_settings(settings_path(project)).ledger.path
        with Ledger.open_beside(path) as ledger:
            now = WallClock().now()
            changed = put_in_force(ledger, rules_path(project), reason=reason, at=now)
        for each in changed:
            typer.echo(f"{each.key}: {each.adopted} -> {each.proposed}")
        typer.echo("adopted; in force from the next session on")
