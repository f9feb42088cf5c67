"""The command that decides a history once, for whoever wants its trades."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

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


def replay(  # noqa: PLR0913 - one parameter for each option
    history: HistoryOption,
    project: ProjectOption = HERE,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the tables; logs/evidence by default.")
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    rules: Annotated[
        Path | None, typer.Option(help="Rules to decide by; config/rules.toml by default.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A key of the rules, or of settings: settings.size=2."),
    ] = None,
) -> None:
    """Decide a history by the bot's own rules; write every trade, mark and layer as Parquet."""
    from bot.config import load_rules
    from bot.evidence.engine import replay as decided
    from bot.evidence.history_load import load_history
    from bot.evidence.replay_files import changed, replay_page, write_replay
    from bot.evidence.settings import ReplaySettings

    with reported():
        base, _ = load_rules(rules or project / "config" / "rules.toml")
        asked = ReplaySettings(
            first=first.date() if first else None, last=last.date() if last else None
        )
        wanted, settings = changed(base, asked, changes or ())
        recorded = load_history(history)
        with console().status("deciding"):
            found = decided(recorded, wanted, settings)
        folder = out or project / "logs" / "evidence"
        files = write_replay(found, folder, history_sha256=recorded.sha256)
        console().print(replay_page(found))
        typer.echo(f"wrote {', '.join(path.name for path in files)} to {folder}")
