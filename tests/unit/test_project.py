"""The repository as a whole: one truth for defaults, layers, the lock, and its own conventions."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.config import load_rules, load_settings
from bot.core.book import TradingState
from bot.core.rules import Rules
from bot.defaults import write_defaults
from bot.settings import BrokerSettings, KillSwitchSettings, Settings
from config_keys import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
DEFAULTS = ROOT / "bot" / "defaults"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file that belongs to the repository."""
    tops = ("bot", "strategies", "config", "deploy", "docs", "tests", ".ci")
    nested = (path for top in tops for path in (ROOT / top).rglob("*"))
    for path in (*ROOT.iterdir(), *nested):
        if path.is_file() and path.suffix not in {".pyc", ".gz", ".db", ".png"}:
            name = str(path.relative_to(ROOT))
            if not name.startswith((".coverage", ".git")):
                yield name, path.read_text(encoding="utf-8")


def modules() -> list[Path]:
    """Every module of the product."""
    return [path for top in ("bot", "strategies") for path in (ROOT / top).rglob("*.py")]


def functions() -> dict[str, int]:
    """Lines of every function of the product, its docstring and signature not counted."""
    found = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = ast.get_docstring(node) is not None
                start = (first.end_lineno or 0) + 1 if documented else first.lineno
                found[f"{path.relative_to(ROOT)}:{node.lineno}:{node.name}"] = (
                    (node.end_lineno or start) - start + 1
                )
    return found


def found_in_texts(pattern: str) -> list[str]:
    return [
        f"{name}: {line.strip()}"
        for name, text in texts()
        for line in text.splitlines()
        if re.search(pattern, line)
    ]


def written(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield every key of a TOML document."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from written(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def direct_dependencies() -> set[str]:
    """Names of the distributions that this one asks for."""
    project = PYPROJECT["project"]
    asked = (*project["dependencies"], *project["optional-dependencies"]["dev"])
    return {re.split(r"[\[<>=~! ]", line)[0].lower().replace("_", "-") for line in asked}


def test_shipped_settings_are_the_defaults_in_code(tmp_path: Path) -> None:
    write_defaults(tmp_path)
    shipped = load_settings(tmp_path / "config" / "steward.toml")
    expected = Settings(
        broker=BrokerSettings(account="DU1234567"),
        kill_switch=KillSwitchSettings(state=TradingState.ACTIVE),
    )

    assert shipped == replace(
        expected,
        ledger=replace(expected.ledger, path=tmp_path / expected.ledger.path),
        backup=replace(expected.backup, folder=tmp_path / expected.backup.folder),
        logs=replace(expected.logs, folder=tmp_path / expected.logs.folder),
    )


def test_shipped_rules_are_the_defaults_in_code(tmp_path: Path) -> None:
    write_defaults(tmp_path)

    assert load_rules(tmp_path / "config" / "rules.toml")[0] == Rules()


@pytest.mark.parametrize(("name", "schema"), [("steward.toml", Settings), ("rules.toml", Rules)])
def test_shipped_files_write_out_every_key(name: str, schema: type) -> None:
    tree = tomllib.loads((DEFAULTS / name).read_text(encoding="utf-8"))

    assert set(written(tree)) == set(keys_of(schema))


@pytest.mark.parametrize("name", ["rules.toml", "events.toml", "macro.csv", "README.md"])
def test_the_checkout_is_configured_as_shipped(name: str) -> None:
    assert (ROOT / "config" / name).read_bytes() == (DEFAULTS / name).read_bytes()


def test_the_settings_of_the_checkout_differ_from_those_shipped_in_values_only() -> None:
    ours, shipped = (
        tomllib.loads((folder / "steward.toml").read_text(encoding="utf-8"))
        for folder in (ROOT / "config", DEFAULTS)
    )

    assert set(written(ours)) == set(written(shipped))


def test_every_module_has_its_place_in_the_layers() -> None:
    (contract,) = (
        each for each in PYPROJECT["tool"]["importlinter"]["contracts"] if each["type"] == "layers"
    )
    placed = set(re.findall(r"bot\.(\w+)", " ".join(contract["layers"])))
    exist = {path.stem for path in (ROOT / "bot").glob("[!_]*.py")} | {
        path.parent.name for path in (ROOT / "bot").glob("*/__init__.py")
    }

    assert exist - placed == set()


def test_every_direct_dependency_is_pinned_and_every_pin_is_hashed() -> None:
    pins = re.split(r"(?m)^(?=[a-z])", (ROOT / "requirements.lock").read_text(encoding="utf-8"))[1:]
    names = {pin.partition("==")[0] for pin in pins}

    assert direct_dependencies() | {"setuptools"} <= names
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []


@pytest.mark.parametrize(
    "words",
    [
        ("--index", "-url"),
        ("--extra-index", "-url"),
        ("--find", "-links"),
        ("--trusted", "-host"),
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
    ],
    ids="".join,
)
def test_no_line_says_where_packages_come_from(words: tuple[str, str]) -> None:
    assert found_in_texts(rf"(?<!no-emit)(?<!emit){re.escape(''.join(words))}") == []


@pytest.mark.parametrize("top", ["work", "root", "home"])
def test_no_line_names_a_path_of_one_machine(top: str) -> None:
    assert found_in_texts(rf"(?<![\w.~)}}])/{top}/") == []


def test_every_silenced_rule_gives_its_reason() -> None:
    silenced = r"#\s*noqa(?!: [A-Z]+\d+(?:, ?[A-Z]+\d+)* - \w)"

    assert [line for line in found_in_texts(silenced) if not line.startswith("tests/")] == []


def test_nothing_is_left_to_do() -> None:
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"))

    assert found_in_texts(rf"\b(?:{marks})\b") == []


def test_modules_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): _length(path) for path in modules()}

    assert {name: length for name, length in lengths.items() if length > 400} == {}


def _length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_functions_are_short() -> None:
    lengths = functions()
    median, ninetieth = statistics.median(lengths.values()), _percentile(lengths.values(), 90)

    assert {name: length for name, length in lengths.items() if length > 50} == {}
    assert (median <= 8, ninetieth <= 25) == (True, True), f"{median=} {ninetieth=}"


def _percentile(values: Iterable[int], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def test_test_files_have_names_of_their_own() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))

    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("command", ["--help", "demo --help", "status --help"])
def test_reading_help_loads_no_library_that_is_slow_to_load(command: str) -> None:
    code = (
        "import sys\n"
        "from bot.cli import app\n"
        f"app({command.split()!r}, standalone_mode=False)\n"
        "print('loaded', *sorted({each.partition('.')[0] for each in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split()[1:])

    assert "typer" in loaded
    assert loaded & {"ib_insync", "numpy", "pandas", "scipy", "structlog"} == set()
