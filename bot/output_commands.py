"""The commands that carry the bot's words elsewhere: notifications."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.command_line import EXIT_FAULT, HERE, ProjectOption, reported


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
