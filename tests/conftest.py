"""Fixtures of the whole suite, and one closing line that says what was not run and why."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

REQUIRE_ALL = "STEWARD_REQUIRE_ALL"
DATA = "STEWARD_DATA"
PACKAGES = {"systemd-analyze": "systemd"}
"""Debian package of a program, where the two have different names."""

os.umask(0o022)  # configuration that a group could write is refused: what tests write is not

hypothesis.settings.register_profile("short", deadline=None, derandomize=True)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile("short")


def _unavailable(reason: str) -> NoReturn:
    """Skip with `reason`, or fail where everything is required."""
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"{reason} ({REQUIRE_ALL}=1)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the recorded chains and histories."""
    folder = os.environ.get(DATA)
    if not folder:
        _unavailable(f"{DATA} does not name the folder of recorded data")
    if not Path(folder).is_dir():
        _unavailable(f"{DATA}={folder} is not a folder")
    return Path(folder)


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], str]:
    """Path of a Debian program: ``require_program("strace")``."""

    def find(name: str) -> str:
        path = shutil.which(name)
        return path or _unavailable(
            f"{name} is missing: apt-get install {PACKAGES.get(name, name)}"
        )

    return find


@pytest.fixture(scope="session")
def require_environment() -> Callable[[str], str]:
    """Python of an environment that only some tests need: ``require_environment("quantstats")``."""

    def find(name: str) -> str:
        python = Path(__file__).parents[1] / f".venv-{name}" / "bin" / "python"
        return str(python) if python.exists() else _unavailable(f"no .venv-{name}: make tearsheet")

    return find


@pytest.fixture
def steward_here() -> Iterator[Callable[..., Result]]:
    """Run a command in this process, a second faster than in one of its own."""
    from typer.testing import CliRunner  # noqa: PLC0415 - few tests type commands

    from bot.cli import app  # noqa: PLC0415 - as above

    before = os.umask(0o022)  # each command sets the mask of the process

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments)])

    yield run
    os.umask(before)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was skipped and how to run it."""
    reasons = Counter(_reason(report) for report in terminalreporter.getreports("skipped"))
    if not reasons:
        return
    listed = "; ".join(f"{reason} [{count}]" for reason, count in sorted(reasons.items()))
    terminalreporter.write_line(
        f"skipped {reasons.total()}: {listed}. "
        f"To run all: {DATA}=<folder of recorded data> {REQUIRE_ALL}=1 make test"
    )


def _reason(report: pytest.TestReport) -> str:
    """Reason of a skip: the last of (path, line, reason)."""
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")
