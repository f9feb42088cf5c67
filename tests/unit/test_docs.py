"""Documents say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from bot.cli import app
from bot.core.model import EventTable
from bot.core.rules import Rules
from bot.settings import Settings
from config_keys import keys_of

ROOT = Path(__file__).parents[2]


def commands() -> list[str]:
    """Name every command of ``steward``, with its group where it is in one."""
    found: list[str] = []

    def walk(command: object, prefix: str) -> None:
        for name, child in getattr(command, "commands", {}).items():
            found.append(f"{prefix}{name}")
            walk(child, f"{prefix}{name} ")

    walk(typer.main.get_command(app), "steward ")
    return found


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"{command}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("schema", [Settings, Rules, EventTable])
def test_every_configuration_key_is_explained(schema: type) -> None:
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([\w.]+)`", "".join(re.findall(r"(?m)^\|[^|]*\|", text))))

    assert set(keys_of(schema)) - explained == set()


def test_every_explained_key_exists() -> None:
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(\w+\.[\w.]+)`", "".join(re.findall(r"(?m)^\|[^|]*\|", text))))

    assert explained - {*keys_of(Settings), *keys_of(Rules)} == set()


@pytest.mark.parametrize(
    "document", ["README.md", "config/README.md", "logs/README.md", "CHANGELOG.md"]
)
def test_every_path_named_in_a_document_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:bot|strategies|config|tests)/[\w./]*)`", text)

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_names_only_targets_that_make_knows() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))

    assert set(re.findall(r"(?m)(?:`|^)make ([a-z-]+)", text)) - targets == set()
