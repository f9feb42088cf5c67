"""Damaged configuration: it loads, or every fault is a line with its file; a switch never guesses.

Whatever is in ``steward.toml``, the kill switch reads as one of its five states; where the file
cannot be read as a whole, or says something else than one of them, that is ``halt``.
"""

from __future__ import annotations

import random
import re
import tomllib
from typing import TYPE_CHECKING

from bot.config import load_events, load_rules, load_settings
from bot.core.book import TradingState
from bot.core.errors import ConfigError
from bot.defaults import write_defaults
from bot.killswitch import KillSwitch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOADERS = {"steward.toml": load_settings, "rules.toml": load_rules, "events.toml": load_events}

VALUES = (
    *("nan", "inf", "-inf", "0", "-1", "1e400", "9" * 400, "0x1F", "1_0", "true", '""', "''"),
    *(
        "[]",
        "[[]]",
        "{}",
        "2026-07-20",
        "2026-02-30",
        "07:32",
        "1979-05-27T07:32:00Z",
        '"a\\u0000b"',
    ),
    *(
        '"HALT"',
        '"active "',
        '"Active"',
        '"halt"',
        '"flatten"',
        '"\U0001f4a5"',
        "active",
        "[1, 'a']",
    ),
    *("[" * 200, "{" * 50, '"""', "0.1e", '"\\q"', "=", "#"),
)
NAMES = ("state", "x", "0", "kill_switch", '"a b"', "\u00e4", "a.b.c", "__class__", "=")


class ConfigFuzz:
    """Damages the three files of a project folder.

    Parameters
    ----------
    folder
        Empty; the defaults are written into it.
    seed
        Of all chance.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        write_defaults(folder)
        self._folder = folder / "config"
        self._dice = random.Random(seed)
        self._texts = {name: (self._folder / name).read_text("utf-8") for name in LOADERS}
        self.files = 0
        self.loaded = 0
        self.halts = 0

    def run(self, files: int) -> None:
        """Load so many damaged files."""
        for _ in range(files):
            name = self._dice.choice(("steward.toml", *LOADERS))
            path = self._folder / name
            content = self._damaged(self._texts[name])
            path.write_bytes(content)
            self._load(path, LOADERS[name])
            if name == "steward.toml":
                self._read_switch(path, content)
            self.files += 1

    def _load(self, path: Path, load: Callable[[Path], object]) -> None:
        try:
            load(path)
        except ConfigError as error:
            faults = error.faults
        else:
            faults = ()
            self.loaded += 1
        assert [line for line in faults if path.name not in line] == []

    def _read_switch(self, path: Path, content: bytes) -> None:
        reading = KillSwitch(path).read()
        assert type(reading.state) is TradingState
        said = _said(content)
        if reading.fault is not None or said not in {state.value for state in TradingState}:
            assert reading.state is TradingState.HALT, content
            self.halts += 1
        else:
            assert reading.state.value == said, content

    def _damaged(self, text: str) -> bytes:
        for _ in range(self._dice.choice((1, 1, 2, 4))):
            text = self._dice.choice(
                (
                    self._value,
                    self._value,
                    self._value,
                    self._line,
                    self._name,
                    self._cut,
                    self._moved,
                )
            )(text)
        data = bytearray(text.encode(errors="surrogatepass"))
        if data and self._dice.random() < 0.1:
            data[self._dice.randrange(len(data))] = self._dice.randrange(256)
        return bytes(data)

    def _value(self, text: str) -> str:
        keys = list(re.finditer(r"(?m)^(\w+ = )([^#\n]*)", text))
        if not keys:
            return text
        at = self._dice.choice(keys)
        return text[: at.start(2)] + self._dice.choice(VALUES) + text[at.end(2) :]

    def _line(self, text: str) -> str:
        lines = text.split("\n")
        at = self._dice.randrange(len(lines))
        kind = self._dice.random()
        if kind < 0.4:
            del lines[at]
        elif kind < 0.7:
            lines.insert(at, self._dice.choice(lines))
        else:
            lines.insert(at, f"{self._dice.choice(NAMES)} = {self._dice.choice(VALUES)}")
        return "\n".join(lines)

    def _name(self, text: str) -> str:
        words = list(re.finditer(r"(?m)^\[?\w+", text))
        if not words:
            return text
        at = self._dice.choice(words)
        return text[: at.start()] + self._dice.choice(NAMES) + text[at.end() :]

    def _cut(self, text: str) -> str:
        return text[: self._dice.randrange(len(text) + 1)]

    def _moved(self, text: str) -> str:
        start, end = sorted(self._dice.randrange(len(text) + 1) for _ in range(2))
        return text[end:] + text[start:end] + text[:start]


def _said(content: bytes) -> object:
    """Return what the file says of the switch, read without the help of the program."""
    try:
        table = tomllib.loads(content.decode()).get("kill_switch")
    except (ValueError, RecursionError):
        return None
    return table.get("state") if isinstance(table, dict) else None
