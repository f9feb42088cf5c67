"""The command that puts the claims of the method to the test of history."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from bot.command_line import (
    HERE,
    FromOption,
    HistoryOption,
    ProjectOption,
    ToOption,
    console,
    reported,
)

if TYPE_CHECKING:
    from bot.evidence.sources import LiveFills


def evidence(  # noqa: PLR0913 - one parameter for each option
    history: HistoryOption,
    project: ProjectOption = HERE,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the page; logs/evidence by default.")
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer resamples and replays.")] = False,
    promoter: Annotated[
        bool,
        typer.Option(help="Replay the promoter policy too; it takes as long as the first replay."),
    ] = True,
) -> None:
    """Replay history through the bot's own decisions and hold the method's claims against it.

    Writes one self-contained page, evidence.html, and prints the claims table. Tables that
    `steward sweep` left in the same folder are shown in it.
    """
    from bot.config import load_rules
    from bot.evidence.claims_page import claims_page
    from bot.evidence.dividends import read_total_return
    from bot.evidence.history_load import load_history
    from bot.evidence.references import read_references
    from bot.evidence.report import write_report
    from bot.evidence.settings import ReplaySettings
    from bot.evidence.sources import Sources, read_tables
    from bot.evidence.study import study
    from bot.evidence.validation import validation
    from bot.files import private_folder

    with reported():
        rules, _ = load_rules(project / "config" / "rules.toml")
        settings = ReplaySettings(
            first=first.date() if first else None, last=last.date() if last else None
        )
        folder = out or project / "logs" / "evidence"
        screen = console()
        with screen.status("reading the history") as status:
            loaded = load_history(history)
            status.update("holding the models against recorded quotes")
            sources = Sources(
                history=loaded,
                validation=None if quick else validation(history, loaded),
                indexes=read_references(history),
                total_return=read_total_return(history),
                tables=read_tables(folder),
                live=_paper_fills(project),
            )
            found = study(
                sources, rules, settings, quick=quick, tell=status.update, promoter=promoter
            )
            status.update("writing the page")
            path = write_report(found, private_folder(folder))
        screen.print(claims_page(found))
        typer.echo(f"wrote {path}")


def _paper_fills(project: Path) -> LiveFills | None:
    """Return what the paper account of a project paid; ``None`` where none has traded."""
    from bot.config import load_settings
    from bot.evidence.sources import live_fills
    from bot.ledger.paid_spreads import paid_spreads
    from bot.ledger.store import Ledger
    from bot.project import settings_path

    path = settings_path(project)
    settings = load_settings(path) if path.is_file() else None
    simulated = settings is None or settings.broker.mode == "simulated"
    if settings is None or simulated or not settings.ledger.path.is_file():
        return None
    with Ledger.open_read_only(settings.ledger.path) as ledger:
        paid = paid_spreads(ledger)
    return live_fills([(each.session, each.share) for each in paid])
