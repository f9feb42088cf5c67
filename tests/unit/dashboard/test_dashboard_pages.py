"""The pages of the dashboard, served through Datasette as a browser asks for them."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
import sqlite3
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.core.errors import NotInLedgerError
from bot.dashboard.contents import CLOSED, hedge
from bot.dashboard.guard import Door
from bot.dashboard.serve import application
from bot.dashboard.site import PAGES, Site
from bot.ledger.connection import SCHEMA_VERSION
from bot.ledger.store import Ledger
from ledger_facts import AT, LOT, NEXT, SESSION
from pages_scene import MARKUP, make_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "127.0.0.1:8001"
DOOR = Door(names=frozenset({HOST}), token=None)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    project = tmp_path_factory.mktemp("project")
    ledger = make_project(project)
    return Site(project=project, ledger=ledger, evidence=project / "evidence.html")


@pytest.fixture(scope="module")
def get(site: Site) -> Callable[[str], httpx.Response]:
    app = application(site, DOOR)

    def ask(path: str) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                return await client.get(path)

        return asyncio.run(asked())

    return ask


def text_of(answer: httpx.Response) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize("path", [path for path, _ in PAGES])
def test_every_page_of_the_bar_is_there(get: Callable[[str], httpx.Response], path: str) -> None:
    assert get(path).status_code == 200


def test_every_link_of_the_pages_leads_to_a_page(get: Callable[[str], httpx.Response]) -> None:
    ours = [path for path, _ in PAGES if path != "/ledger"]
    links = {link for path in ours for link in re.findall(r'href="(/[^"#]*)', get(path).text)}

    broken = {link: get(html.unescape(link)).status_code for link in links}
    assert {link for link, status in broken.items() if status != 200} == set()
    assert len(links) > 12


def test_the_overview_says_what_needs_a_person_and_how_to_halt(
    get: Callable[[str], httpx.Response],
) -> None:
    text = text_of(get("/"))

    assert "A person is needed. 1 condor open" in text
    assert f"UNHEDGED: {MARKUP}" in text
    assert "Kill switch: active It is shown here and never operated here." in text
    assert 'steward halt --reason "…"' in text
    assert "2026-07-21 unfinished unknown 1 0 1 unknown 1,000,500" in text
    assert "2026-07-20 done calm 2 2 0 1,000,300 1,000,500" in text


def test_a_session_leads_to_its_neighbours(get: Callable[[str], httpx.Response]) -> None:
    assert f'href="/session/{NEXT}" rel="next"' in get(f"/session/{SESSION}").text
    assert f'href="/session/{SESSION}" rel="prev"' in get("/session").text


def test_orders_are_filtered_by_action_and_state(get: Callable[[str], httpx.Response]) -> None:
    denied = text_of(get("/execution?action=&state=denied"))

    assert "The newest 1." in denied
    assert "denied: MARGIN_EXCEEDS: change=3 limit=2" in denied
    assert "No order is like that." in text_of(get("/execution?state=working"))


def test_incidents_are_filtered_by_kind_and_code(get: Callable[[str], httpx.Response]) -> None:
    assert "gateway and clock disagree" not in text_of(get("/incidents?kind=incident"))
    assert "gateway and clock disagree" in text_of(get("/incidents?code=CLOCK_SKEW"))


def test_a_lot_that_is_open_is_listed_whatever_was_closed_since(tmp_path: Path) -> None:
    rows = [("old", "open", "2026-01-02"), *((f"lot {n}", "closed", str(NEXT)) for n in range(150))]
    with Ledger.open(tmp_path / "steward.db", durable=False) as ledger:
        with ledger.writing("lots") as database:
            database.executemany(
                "INSERT INTO structures (structure_id, kind, slot, state, cash_usd, "
                "commissions_usd, planned_in, changed_in) VALUES (?, 'lot', 'far', ?, '0', '0', "
                "'2026-01-02', ?)",
                rows,
            )
        found = hedge(ledger, {})

    names = [row.structure_id for row, _ in found["lots"]]
    assert names[0] == "old"
    assert len(names) == CLOSED + 1


def test_a_lot_has_a_page_with_its_marks(get: Callable[[str], httpx.Response]) -> None:
    text = text_of(get(f"/hedge/{LOT}"))

    assert "VIX 2026-08-19 18C: open." in text
    assert "2026-07-21 4 2.05 unknown 2026-07-20 4 2.05 1.90" in text


@pytest.mark.parametrize(
    ("path", "status", "line"),
    [
        ("/session/2020-01-02", 404, "session 2020-01-02: is not in the ledger; its newest is"),
        ("/session/soon", 400, "soon: is no date; write one as 2026-08-21"),
        ("/condors/nobody", 404, "nobody: no structure of this name was ever opened"),
        ("/execution?side=buy", 400, "side: is no filter of this page; it has action, state"),
        ("/execution?state=lost", 400, "state = lost: is not one of committed, sent"),
        ("/incidents?code=X", 400, "code = X: is not one of CLOCK_SKEW, UNHEDGED"),
        ("/hedge?x=1", 400, "x: is no filter of this page; it has none"),
        ("/?before=never", 400, "never: is no date"),
        ("/evidence/x", 404, "/evidence/x: is no page of the dashboard"),
        ("/nobody/knows/it", 404, "/nobody/knows/it: is no page of the dashboard"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(
    get: Callable[[str], httpx.Response], path: str, status: int, line: str
) -> None:
    answer = get(path)

    assert answer.status_code == status
    assert line in text_of(answer)
    assert "Traceback" not in answer.text


def test_tables_come_as_pages_and_as_csv_and_json(get: Callable[[str], httpx.Response]) -> None:
    assert get("/ledger/marks.csv").text.splitlines()[1].startswith("2026-07-20,")
    assert get("/ledger/intents.json?_shape=array&state=denied").json()[0]["action"] == "sell_hedge"
    assert get("/ledger/gates_that_deny.json?_shape=array").json()[0]["denied"] == 1


def test_the_file_of_the_ledger_cannot_be_taken(get: Callable[[str], httpx.Response]) -> None:
    assert get("/ledger.db").status_code == 403


def test_sql_that_writes_is_refused(get: Callable[[str], httpx.Response]) -> None:
    answer = get("/ledger.json?sql=delete+from+marks")

    assert answer.status_code == 400
    assert "must be a SELECT" in answer.json()["error"]


def test_reading_changes_nothing(site: Site, get: Callable[[str], httpx.Response]) -> None:
    before = hashlib.sha256(site.ledger.read_bytes()).hexdigest()

    for path, _ in PAGES:
        get(path)

    assert hashlib.sha256(site.ledger.read_bytes()).hexdigest() == before


def test_the_pulse_changes_with_what_happens(tmp_path: Path) -> None:
    path = make_project(tmp_path)
    site = Site(project=tmp_path, ledger=path, evidence=tmp_path / "none")
    before = site.pulse()

    with Ledger.open(path, durable=False) as ledger:
        ledger.alert("CLOCK_SKEW", "again", session=NEXT, at=AT)

    assert site.pulse() != before
    assert site.pulse() == site.pulse()


def test_no_ledger_and_another_schema_are_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "steward.db"
    site = Site(project=tmp_path, ledger=path, evidence=tmp_path / "none")
    with pytest.raises(NotInLedgerError, match="there is no ledger"):
        application(site, DOOR)
    Ledger.open(path, durable=False).close()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()

    with pytest.raises(NotInLedgerError, match="install the newer steward"):
        application(site, DOOR)


def test_a_ledger_without_a_session_says_what_runs_the_first(tmp_path: Path) -> None:
    path = make_project(tmp_path)
    path.unlink()
    Ledger.open(path, durable=False).close()
    site = Site(project=tmp_path, ledger=path, evidence=tmp_path / "none")

    assert "No session has run yet." in site.page("/", {})
    for name in ("condors", "hedge", "execution", "incidents", "evidence"):
        assert "steward" in site.page(f"/{name}", {})


def test_the_evidence_is_named_once_it_is_written(tmp_path: Path) -> None:
    path = make_project(tmp_path)
    written = tmp_path / "evidence.html"
    site = Site(project=tmp_path, ledger=path, evidence=written)
    assert "No evidence was written here yet." in site.page("/evidence", {})

    with pytest.raises(NotInLedgerError):
        site.page("/evidence/page", {})

    written.write_text("<h1>claims</h1>", encoding="utf-8")

    assert str(written) in site.page("/evidence", {})
    assert site.page("/evidence/page", {}) == "<h1>claims</h1>"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/ledger?sql=selec+1", 400, "Statement must be a SELECT"),
        ("/ledger?sql=attach+'x'+as+y", 400, "Statement must be a SELECT"),
        ("/ledger/-/x", 400, "no such table: -"),
        ("/ledger.db", 403, "Database download is forbidden"),
        ("/assets/../config/steward.toml", 404, "is no page of the dashboard"),
    ],
)
def test_a_mistake_in_the_tables_is_one_line_on_a_page_and_none_in_the_terminal(
    get: Callable[[str], httpx.Response],
    capfd: pytest.CaptureFixture[str],
    path: str,
    status: int,
    words: str,
) -> None:
    answer = get(path)

    assert (answer.status_code, words in text_of(answer)) == (status, True)
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "locals" not in said


def test_a_mistake_in_a_table_as_json_is_told_as_json(get: Callable[[str], httpx.Response]) -> None:
    answer = get("/ledger/nothing.json")

    assert answer.status_code == 404
    assert answer.json() == {
        "ok": False,
        "error": "/ledger/nothing.json: is no page of the dashboard",
        "status": 404,
    }
