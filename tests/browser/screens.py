"""Every page in a real browser on a ledger of ten years: ``make screens``.

It runs the demonstration, makes ten years of it, opens each page in light, in dark, on a phone and
on paper, leaves the pictures in ``build/screens``, and prints what each took and weighs. It ends
with 1 when a page takes longer than a second (where nothing else runs), complains, leaves a chart
undrawn, is wider than a phone, or is hard to read, to hear or to reach (axe-core).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.ledger.store import Ledger
from bot.review.pages.session_page import session_file
from browser.aged_ledger import age
from browser.tour import DASHBOARD, DESKTOP, PHONE, browser, dashboard, visited

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MOST_SECONDS: Final = 1.0
TIMES: Final = 3
VIEWS: Final = {"light": (DESKTOP, False), "dark": (DESKTOP, True), "phone": (PHONE, False)}


def main() -> int:
    """Take the pictures; return the exit code."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        _demo(project)
        ledger = project / "ledger" / "steward.db"
        young = project / "young.db"
        shutil.move(ledger, young)
        sessions = age(young, ledger)
        print(f"{sessions} sessions, {ledger.stat().st_size / 1e6:.0f} MB")  # noqa: T201 - a report
        report = project / "report.html"
        with Ledger.open_read_only(ledger) as opened:
            report.write_text(session_file(opened), encoding="utf-8")
        with browser(arguments.chromium) as started, dashboard(project) as address:
            pages = {"report": report.as_uri()} | {
                f"dashboard{path.replace('/', '-').rstrip('-')}": f"{address}{path}"
                for path in DASHBOARD
            }
            faults = [
                fault
                for page, url in pages.items()
                for fault in _look(started, page, url, arguments.out)
            ]
    print("\n".join(faults) or "nothing to complain of")  # noqa: T201 - a report
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/screens"))
    parser.add_argument("--chromium", default=shutil.which("chromium") or "/usr/bin/chromium")
    return parser.parse_args()


def _demo(project: Path) -> None:
    command = (sys.executable, "-m", "bot.cli", "demo", "--out", str(project))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _look(started: Browser, name: str, url: str, out: Path) -> list[str]:
    """Look at one page in every view; return what is wrong with it."""
    faults: list[str] = []
    for view, (size, dark) in VIEWS.items():
        with visited(started, url, size=size, dark=dark) as visit:
            visit.page.screenshot(path=str(out / f"{name}-{view}.png"), full_page=True)
            found = [*visit.complaints, *visit.violations()]
            found += [f"{visit.undrawn} charts undrawn"] if visit.undrawn else []
            found += [f"{visit.overflow} pixels too wide"] if visit.overflow > 0 else []
            faults += [f"{name}, {view}: {each}" for each in found]
            if view == "light":
                visit.page.pdf(path=str(out / f"{name}.pdf"), format="A4", print_background=True)
    timings = [_timing(started, url) for _ in range(TIMES)]
    seconds = statistics.median(timing[0] for timing in timings)
    print(f"{name:22} {seconds * 1000:6.0f} ms {timings[0][1]:6.0f} kB")  # noqa: T201 - a report
    return faults + ([f"{name}: {seconds:.2f} s to load"] if seconds > MOST_SECONDS else [])


def _timing(started: Browser, url: str) -> tuple[float, float]:
    """Return the seconds until a page has loaded, and its kilobytes without scripts of its own."""
    with started.new_context() as context:
        page = context.new_page()
        page.goto(url, wait_until="load")
        entry = "performance.getEntriesByType('navigation')[0]"
        loaded, size = page.evaluate(f"[{entry}.loadEventEnd, {entry}.decodedBodySize]")
    return loaded / 1000, size / 1000


if __name__ == "__main__":
    sys.exit(main())
