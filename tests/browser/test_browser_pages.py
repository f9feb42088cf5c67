"""The pages in a real browser: charts are drawn, nothing is complained of, everybody can read them.

Screenshots of every page are left in ``build/screens``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.ledger.store import Ledger
from bot.review.pages.session_page import session_file
from browser.tour import DASHBOARD, PHONE, browser, dashboard, draw_all, visited
from ledger_facts import AT, NEXT, SESSION
from pages_scene import make_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

SCREENS = Path(__file__).parents[2] / "build" / "screens"


@pytest.fixture(scope="module")
def chromium(require_program: Callable[[str], str]) -> Iterator[Browser]:
    with browser(require_program("chromium")) as started:
        yield started


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    make_project(folder)
    return folder


@pytest.fixture(scope="module")
def report(project: Path) -> str:
    """The page of a session as a file; its address."""
    with Ledger.open_read_only(project / "ledger" / "steward.db") as ledger:
        page = project / "report.html"
        page.write_text(session_file(ledger, SESSION), encoding="utf-8")
    return page.as_uri()


def picture(name: str) -> str:
    SCREENS.mkdir(parents=True, exist_ok=True)
    return str(SCREENS / f"test-{name}.png")


def test_every_page_of_the_dashboard_draws_and_complains_of_nothing(
    chromium: Browser, project: Path
) -> None:
    with dashboard(project) as address:
        for path in DASHBOARD:
            with visited(chromium, f"{address}{path}") as visit:
                visit.page.screenshot(path=picture(f"dashboard{path.replace('/', '-')}"))
                assert (path, visit.complaints, visit.undrawn) == (path, [], 0)


def test_the_tables_show_no_script_that_their_policy_refuses(
    chromium: Browser, project: Path
) -> None:
    with dashboard(project) as address:
        for path in ("/ledger/marks?_facet=units_held", "/ledger/gates_that_deny"):
            with visited(chromium, f"{address}{path}") as visit:
                assert (path, visit.complaints) == (path, [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_of_a_session_draws_and_can_be_read_by_everybody(
    chromium: Browser, report: str, *, dark: bool
) -> None:
    with visited(chromium, report, dark=dark) as visit:
        visit.page.screenshot(path=picture(f"report-{dark=}"), full_page=True)

        assert (visit.complaints, visit.undrawn, visit.violations()) == ([], 0, [])
        assert visit.page.locator(".plot .main-svg").count() >= 3


def test_the_page_fits_a_phone(chromium: Browser, report: str) -> None:
    with visited(chromium, report, size=PHONE) as visit:
        visit.page.screenshot(path=picture("report-phone"), full_page=True)

        assert visit.overflow == 0


def test_the_first_key_leads_past_the_head_to_the_content(chromium: Browser, report: str) -> None:
    with visited(chromium, report) as visit:
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.textContent") == "To the content"

        visit.page.keyboard.press("Enter")
        assert visit.page.url.endswith("#content")


def test_what_is_printed_is_drawn_in_the_colours_of_paper(chromium: Browser, report: str) -> None:
    with visited(chromium, report, dark=True) as visit:
        line = ".plot .scatterlayer .js-line"
        colour = f"getComputedStyle(document.querySelector('{line}')).stroke"
        in_the_dark = visit.page.evaluate(colour)

        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        visit.page.wait_for_function(f"{colour} !== '{in_the_dark}'")
        on_paper = visit.page.evaluate(colour)
        visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
        visit.page.wait_for_function(f"{colour} === '{in_the_dark}'")

    with visited(chromium, report) as visit:
        assert on_paper == visit.page.evaluate(colour)


def test_a_chart_is_drawn_only_when_it_comes_into_view(chromium: Browser, report: str) -> None:
    with chromium.new_context(viewport={"width": 800, "height": 300}) as context:
        page = context.new_page()
        page.goto(report)

        assert page.locator(".plot[data-drawn]").count() == 0
        draw_all(page)
        assert page.locator(".plot:not([data-drawn])").count() == 0


def test_a_page_loads_itself_anew_when_the_ledger_has_news(
    chromium: Browser, tmp_path: Path
) -> None:
    ledger = make_project(tmp_path)

    with dashboard(tmp_path) as address, chromium.new_context() as context:
        page = context.new_page()
        page.clock.install()
        page.goto(f"{address}/incidents")
        with Ledger.open(ledger, durable=False) as opened:
            opened.alert("CLOCK_SKEW", "news of now", session=NEXT, at=AT)
        assert page.get_by_text("news of now").count() == 0

        page.clock.run_for(6_000)

        page.get_by_text("news of now").wait_for()
