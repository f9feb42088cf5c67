"""Run the benchmarks: each as a process of its own, one after the other; print and keep a report.

``make bench``, or ``make bench ONLY="kernel start"``; ``figures`` says how to add one. Exits 1 when
a target is missed or a benchmark fails, 2 when a name is unknown.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from figures import Figure
from report import Part, as_html, as_json, as_table, line_of

HERE = Path(__file__).parent
PREFIX = "bench_"
LIMIT_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for."""

    only: tuple[str, ...]
    folder: Path
    child: str | None


def main() -> int:
    """Run what is asked for; return the exit code."""
    options = _options()
    if options.child:
        return _measure_here(options.child)
    known = tuple(sorted(path.stem.removeprefix(PREFIX) for path in HERE.glob(f"{PREFIX}*.py")))
    if unknown := [name for name in options.only if name not in known]:
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    machine = _machine()
    parts = [_run(name) for name in options.only or known]
    machine["load_after"] = _load()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "bench.json").write_text(as_json(machine, parts), encoding="utf-8")
    (options.folder / "bench.html").write_text(as_html(machine, parts), encoding="utf-8")
    sys.stdout.write(f"\n{as_table(parts)}\n{options.folder / 'bench.html'}\n")
    return int(any(part.failed for part in parts))


def _options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", nargs="*", default=(), help="names of benchmarks; all if none")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    found = parser.parse_args()
    return Options(only=tuple(found.only), folder=found.folder, child=found.child)


def _measure_here(name: str) -> int:
    """Write each figure of one benchmark as a line of JSON as soon as it is known."""
    for figure in importlib.import_module(PREFIX + name).measure():
        sys.stdout.write(json.dumps(dataclasses.asdict(figure)) + "\n")
        sys.stdout.flush()
    return 0


def _run(name: str) -> Part:
    """Run one benchmark as a process, telling of its figures as they come."""
    sys.stdout.write(f"{name}\n")
    begun = time.monotonic()
    command = [sys.executable, str(HERE / "run.py"), "--child", name]
    figures: list[Figure] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout or ():
            figures.append(_figure(json.loads(line)))
            sys.stdout.write(f"  {line_of(figures[-1])}\n")
            sys.stdout.flush()
        code = child.wait(LIMIT_SECONDS)
    fault = f"ended with code {code}" if code else ""
    return Part(name=name, figures=tuple(figures), seconds=time.monotonic() - begun, fault=fault)


def _figure(values: dict[str, object]) -> Figure:
    return Figure(**{**values, "samples": tuple(values["samples"])})  # type: ignore[arg-type]


def _machine() -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": _load(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "pandas", "vollib")},
    }


def _processor() -> str:
    """Return the model of the processor as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _load() -> float:
    return round(os.getloadavg()[0], 2)


if __name__ == "__main__":
    sys.exit(main())
