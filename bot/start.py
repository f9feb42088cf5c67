"""What ``steward`` runs: ``--help`` and ``status`` at once, every other command by ``bot.cli``.

The library of the command line takes several times as long to import, build and lay out its
commands as these two take to answer, and they are asked for by people and by monitors. What they
answer is what ``bot.cli`` would; whatever is not exactly one of them, and every fault, is its.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typer import Typer

PRIVATE: Final = 0o077
COLUMNS: Final = 100


def main() -> None:
    """Answer the command line of this process."""
    words = sys.argv[1:]
    if words == ["--help"]:
        _help()
    elif not _answered(words):
        from bot.cli import app

        app()


def _help() -> None:
    from bot.cli import app

    sys.stdout.write(overview(app))


def _answered(words: Sequence[str]) -> bool:
    """Answer a plain ``status``; return whether it was one, and well."""
    question = status_question(words)
    if question is None:
        return False
    from bot.core.errors import StewardError
    from bot.review.status import WIDTH, render_status, status_json

    os.umask(PRIVATE)
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)
    try:
        project = question.project
        text = status_json(project) if question.as_json else render_status(project, width=width)
    except StewardError:
        return False
    sys.stdout.write(f"{text}\n")
    return True


class StatusQuestion(NamedTuple):
    """A plain ``steward status``: of which project, and in which form."""

    project: Path
    as_json: bool


def status_question(words: Sequence[str]) -> StatusQuestion | None:
    """Read a command line; ``None`` where it is anything but a plain status."""
    if not words or words[0] != "status":
        return None
    project, as_json, rest = Path(), False, list(words[1:])
    while rest:
        word = rest.pop(0)
        if word == "--json":
            as_json = True
        elif word in {"-p", "--project"} and rest and not rest[0].startswith("-"):
            project = Path(rest.pop(0))
        else:
            return None
    return StatusQuestion(project=project, as_json=as_json)


def overview(app: Typer) -> str:
    """Return the help of the whole program: each command with the first sentence of its own."""
    commands = dict(_commands(app))
    width = max(map(len, commands))
    options = {"--version": "Print the version.", "--help": "Show this; of a command, more of it."}
    return "\n".join(
        [
            "Usage: steward [OPTIONS] COMMAND [ARGS]...",
            f"\n  {app.info.help}\n",
            "Options:",
            *(_entry(name, text, width) for name, text in options.items()),
            "\nCommands:",
            *(_entry(name, text, width) for name, text in commands.items()),
            "",
        ]
    )


def _entry(name: str, text: str, width: int) -> str:
    indent = " " * (width + 4)
    return textwrap.fill(
        text, COLUMNS, initial_indent=f"  {name:<{width}}  ", subsequent_indent=indent
    )


def _commands(app: Typer) -> Iterator[tuple[str, str]]:
    """Yield name and purpose of every command and group of commands."""
    for command in app.registered_commands:
        function = command.callback
        if function is not None:
            name = command.name or function.__name__.replace("_", "-")
            yield name, _first_sentence(command.help or function.__doc__)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            info = group.typer_instance.info
            yield str(group.name or info.name), _first_sentence(info.help)


def _first_sentence(text: object) -> str:
    return str(text or "").strip().partition("\n")[0]


if __name__ == "__main__":
    main()
