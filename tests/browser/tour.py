"""A tour of the pages with a real browser: what it complains of, and what it draws."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

DASHBOARD: Final = ("/", "/session", "/condors", "/hedge", "/execution", "/incidents", "/evidence")
DESKTOP: Final = (1200, 900)
PHONE: Final = (390, 844)
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(slots=True)
class Visit:
    """One page as the browser found it.

    `complaints` are errors of the console and of scripts, and requests that left the machine.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def undrawn(self) -> int:
        """Charts of the page that were not drawn."""
        return int(self.page.locator(".plot:not([data-drawn])").count())

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def violations(self) -> list[str]:
        """What is hard to read, to hear or to reach, by axe-core."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]


@contextlib.contextmanager
def browser(chromium: str) -> Iterator[Browser]:
    """Start a browser of its own, without a network of its own."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def visited(
    started: Browser, url: str, *, size: tuple[int, int] = DESKTOP, dark: bool = False
) -> Iterator[Visit]:
    """Open a page, scroll through it, and wait until its charts are drawn."""
    scheme = "dark" if dark else "light"
    context = started.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    )
    page = context.new_page()
    visit = Visit(page=page)
    page.on("console", lambda said: _heard(visit, said.type, said.text))
    page.on("pageerror", lambda fault: visit.complaints.append(str(fault)))
    page.on("request", lambda asked: _asked(visit, asked.url))
    page.goto(url, wait_until="load")
    draw_all(page)
    try:
        yield visit
    finally:
        context.close()


def _heard(visit: Visit, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        visit.complaints.append(f"{kind}: {text}")


def _asked(visit: Visit, url: str) -> None:
    if not url.startswith(("http://127.0.0.1:", "file://", "data:", "blob:")):
        visit.complaints.append(f"asked for {url}")


def draw_all(page: Page) -> None:
    """Bring every chart into view, as somebody who reads the page to its end."""
    for plot in page.locator(".plot").all():
        plot.scroll_into_view_if_needed()
        plot.and_(page.locator("[data-drawn]")).wait_for(state="attached")
    page.evaluate("scrollTo(0, 0)")


@contextlib.contextmanager
def dashboard(project: Path) -> Iterator[str]:
    """Run ``steward dashboard`` on a free port; yield its address without the last slash."""
    command = (sys.executable, "-m", "bot.cli", "dashboard", "--port", "0", "-p", str(project))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield line.split("  ")[0].rstrip("/")
        finally:
            process.terminate()
