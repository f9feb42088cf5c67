"""Run `steward run` for an hour of real time, at sixty times its speed, and judge what is left.

``python tests/soak/hour.py`` starts the simulated gateway and the bot as two processes of their
own, on the live path: a socket, the client library, the scheduler, a ledger that waits for the
disk. An hour at 60 is sixty hours: three sessions, and two nights in which the gateway restarts.
Every ten seconds both are measured: memory, open files, threads, processor time, bytes of logs
and of the ledger. Then the bot is told to stop by SIGTERM, and what must hold is asked of the
ledger, of the commands that a person would type, and of the measurements.

The end is an error if anything does not hold. What came of it is in ``FOLDER/hour.md`` and
``FOLDER/hour.json``; the measurements are in ``FOLDER/samples.jsonl``.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tomlkit
from hour_judgement import Ended, Run, faults_of, report
from hour_samples import Sample, measured

from bot.defaults import write_defaults
from bot.demo import ACCOUNT, point_at
from bot.project import load_project, settings_path
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAMPLE_SECONDS: Final = 10.0
STOP_SECONDS: Final = 60.0
SESSIONS: Final = 10
LOG_BYTES, LOG_FILES = 10_000, 2
"""So small that the files are rotated many times within the hour."""

RESTART_AFTER: Final = 51_300
"""Seconds from the open to 23:45 New York time, when a gateway restarts each night."""

RESTART_SECONDS: Final = 900


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the hour, judge it, and return the exit code."""
    asked = _parser().parse_args(arguments)
    shutil.rmtree(asked.folder, ignore_errors=True)
    asked.folder.mkdir(parents=True)
    run = lived(asked)
    faults = faults_of(run)
    text = report(run, faults)
    (asked.folder / "hour.md").write_text(text, encoding="utf-8")
    (asked.folder / "hour.json").write_text(_as_json(run, faults), encoding="utf-8")
    sys.stdout.write(text)
    return 1 if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=Path("build/hour"))
    parser.add_argument("--minutes", type=_positive, default=60.0, help="of real time")
    parser.add_argument("--speed", type=_positive, default=60.0)
    parser.add_argument("--scenario", default="calm")
    parser.add_argument("--seed", type=int, default=3)
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text}: must be above 0")
    return value


def lived(asked: argparse.Namespace) -> Run:
    """Run gateway and bot for as long as is asked, and end them."""
    folder = asked.folder.resolve()
    project = folder / "project"
    start = SyntheticMarket(scenario=asked.scenario, seed=asked.seed, sessions=SESSIONS).start()
    with _gateway(asked, folder) as (gateway, port):
        origin = time.monotonic()
        _prepare(project, port, asked.speed)
        with _bot(project, folder) as bot:
            samples = list(_watch(asked, (bot, gateway), start, origin))
            checked = _told(folder, project, "status", "--check")
            ended = _ended(bot)
        told = {
            "status --check": checked,
            "reconcile": _told(folder, project, "reconcile"),
            "decide-again --all": _told(folder, project, "decide-again", "--all"),
        }
    passed = (time.monotonic() - origin) * asked.speed
    return Run(
        project=project,
        start=start,
        end=samples[-1].now if samples else start + dt.timedelta(seconds=passed),
        speed=asked.speed,
        samples=tuple(samples),
        ended=ended,
        told=told,
    )


def _prepare(project: Path, port: int, speed: float) -> None:
    """Write the project as `steward init` does, with the gateway's port and speed, and small logs.

    Its pages of HTML are written as the product ships.
    """
    write_defaults(project)
    pages = load_project(project).settings.logs.html_reports
    point_at(project, port)
    path = settings_path(project)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    document["broker"].update({"simulation_speed": speed})
    document["logs"].update({"html_reports": pages, "max_bytes": LOG_BYTES, "backups": LOG_FILES})
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


@contextlib.contextmanager
def _gateway(
    asked: argparse.Namespace, folder: Path
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the simulated gateway; yield it and its port."""
    script = folder / "nights.toml"
    script.write_text(_nights(asked.speed), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "bot.cli", "gateway", "--port", "0", "--account", ACCOUNT),
        *("--scenario", asked.scenario, "--seed", str(asked.seed), "--sessions", str(SESSIONS)),
        *("--speed", f"{asked.speed:g}", "--fault", str(script)),
    ]
    with _process(command, folder / "gateway.log", stdout=subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout else ""
        yield process, int(json.loads(line)["port"])


def _nights(speed: float) -> str:
    """Return the script of the gateway's restarts: a quarter of an hour each night."""
    market = SyntheticMarket(sessions=SESSIONS)
    lines = []
    for day in market.days()[:-1]:
        when = f"when = {{ session = {day.session}, after = {RESTART_AFTER} }}"
        lines += ["[[fault]]", when, 'what = "close_port"', f"seconds = {RESTART_SECONDS / speed}"]
        lines += ["[[fault]]", when, 'what = "disconnect"']
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _bot(project: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bot.cli", "run", "-p", str(project)]
    with (
        (folder / "bot.out").open("w", encoding="utf-8") as out,
        _process(command, folder / "bot.log", stdout=out) as process,
    ):
        yield process


@contextlib.contextmanager
def _process(
    command: list[str], errors: Path, **options: object
) -> Iterator[subprocess.Popen[str]]:
    """Run a program, and end it at the end if it still runs."""
    with errors.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(command, stderr=stderr, text=True, **options)  # type: ignore[call-overload]
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=STOP_SECONDS)
            if process.stdout:
                process.stdout.close()


def _watch(
    asked: argparse.Namespace,
    processes: tuple[subprocess.Popen[str], subprocess.Popen[str]],
    start: dt.datetime,
    origin: float,
) -> Iterator[Sample]:
    """Measure both every few seconds until the time is over, or one of them ends by itself."""
    project = asked.folder.resolve() / "project"
    with (asked.folder / "samples.jsonl").open("w", encoding="utf-8") as file:
        while (real := time.monotonic() - origin) < asked.minutes * 60:
            if any(process.poll() is not None for process in processes):
                return
            now = start + dt.timedelta(seconds=real * asked.speed)
            sample = measured(project, *(each.pid for each in processes), real=real, now=now)
            file.write(json.dumps(asdict(sample), default=str) + "\n")
            file.flush()
            yield sample
            time.sleep(SAMPLE_SECONDS - (time.monotonic() - origin) % SAMPLE_SECONDS)


def _ended(bot: subprocess.Popen[str]) -> Ended:
    """Tell the bot to stop, and return how it ended."""
    by_itself = bot.poll()
    began = time.monotonic()
    if by_itself is None:
        bot.send_signal(signal.SIGTERM)
    code = bot.wait(timeout=STOP_SECONDS)
    return Ended(code=code, seconds=time.monotonic() - began, by_itself=by_itself is not None)


def _told(folder: Path, project: Path, *words: str) -> int:
    """Type a command as a person would; return its exit code, and keep what it said."""
    command = [sys.executable, "-m", "bot.cli", *words, "-p", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    name = "-".join(word.strip("-") for word in words)
    (folder / f"{name}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return done.returncode


def _as_json(run: Run, faults: list[str]) -> str:
    told = {"faults": faults, **run.figures()}
    return json.dumps(told, indent=1, default=str) + "\n"


if __name__ == "__main__":
    sys.exit(main())
