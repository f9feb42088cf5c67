"""The page of a session as a file: what it says, that it is whole, and that it asks for nothing."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import pytest

from bot.core.decision import Signal
from bot.core.errors import NotInLedgerError
from bot.core.rules import Rules
from bot.ledger.store import Ledger
from bot.review.pages.figures import Figure, Figures, line
from bot.review.pages.gauges import WIDTH, gauges
from bot.review.pages.headline import Headline, Reason, headline_of, worse
from bot.review.pages.look import embedded, plotly_script
from bot.review.pages.session_page import session_file
from bot.review.session import review_session
from ledger_facts import AT, CONDOR, LOT, NEXT, SESSION, begin, mark
from pages_scene import MARKUP, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open_read_only(path) as opened:
        yield opened


def text_of(page: str) -> str:
    """The words of a page, in one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def figures_of(page: str) -> list[dict[str, object]]:
    found = re.findall(r'<script type="application/json" data-plot="[^"]+">(.*?)</script>', page)
    return [json.loads(each) for each in found]


def test_a_page_says_what_the_day_was(ledger: Ledger) -> None:
    text = text_of(session_file(ledger, SESSION))

    assert "Session of Monday 20 July 2026" in text
    assert "Well. 1 condor open, hedge complete, nothing to do." in text
    assert "SPXW 2026-08-21 5900/6000/6600/6700 balanced 32 2 5.50 5.60 -20 -2%" in text
    assert "near 4 of 4 4 x VIX 2026-08-19 18C 820 760 0.93x 0.45 of 0.50 23 d" in text
    assert "buy hedge VIX 08-19 18C layer target 4 of 4 2.00" in text
    assert "VIX_TERM_STRUCTURE VIX/VIX3M is below the bound: no backwardation" in text
    assert "-15,000" in text  # condors -20,000 and hedge +5,000 at SPX -10 %, VIX +20


def test_what_is_unknown_is_called_so(ledger: Ledger) -> None:
    page = session_file(ledger, NEXT)
    text = text_of(page)

    assert "Book, USD unknown" in text
    assert "near 4 of unknown unknown" in text
    assert "not decided" in text
    assert ">None<" not in page


def test_a_session_that_was_not_finished_is_shown_as_such(ledger: Ledger) -> None:
    text = text_of(session_file(ledger, NEXT))

    assert "A person is needed. 1 condor open, hedge complete." in text
    assert "The session is not finished; phases done: preflight." in text
    assert "not finished" in text
    assert "denied sell hedge VIX 08-19 18C" in text


def test_a_date_without_a_session_is_told_with_the_newest(ledger: Ledger) -> None:
    with pytest.raises(NotInLedgerError, match="2020-01-02: is not in the ledger; its newest is"):
        session_file(ledger, SESSION.replace(2020, 1, 2))


def test_text_from_elsewhere_is_no_markup(ledger: Ledger) -> None:
    page = session_file(ledger, NEXT)

    assert "<script>alert" not in page
    assert MARKUP in text_of(page)


def test_a_page_needs_nothing_from_elsewhere(ledger: Ledger) -> None:
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            wanted = ("src", "href", "action", "data-plotly")
            found.extend(value or "" for name, value in attrs if name in wanted and tag != "a")

    page = session_file(ledger, SESSION)
    Links().feed(page)

    assert found == ["data:,"]
    assert "default-src 'none'" in html.unescape(page[:3_000])
    assert "url(" not in embedded().style


def test_the_script_of_the_charts_is_in_the_page_whole(ledger: Ledger) -> None:
    page = session_file(ledger, SESSION)
    packed = re.search(r'<script type="text/plain" id="plotly">([^<]+)</script>', page)

    assert packed is not None
    script = gzip.decompress(base64.b64decode(packed.group(1)))
    assert script == gzip.decompress(plotly_script())
    assert b"plotly.js v" in script[:200]


def test_every_figure_is_one_that_plotly_knows(ledger: Ledger) -> None:
    figures = figures_of(session_file(ledger, SESSION))

    assert len(figures) == 3  # a condor, book and shadow, drawdown
    for figure in figures:
        plain = json.loads(re.sub(r'"@[a-z]+(/[\d.]+)?"', '"#123456"', json.dumps(figure)))
        go.Figure(plain)  # raises at a word or a value that it does not know


def test_a_figure_holds_no_number_that_json_does_not_have() -> None:
    figure = Figure(title="a", caption="b", data=(line("x", [1, 2], [float("nan"), None]),))

    assert json.loads(figure.as_json())["data"][0]["y"] == [None, None]


def test_the_text_of_a_figure_cannot_end_its_script() -> None:
    figure = Figure(title="a", caption="b", data=(line("</script><b>", [1], [1.0]),))

    assert "<" not in figure.as_json()
    assert json.loads(figure.as_json())["data"][0]["name"] == "</script><b>"


def test_each_figure_of_a_page_has_a_place_of_its_own() -> None:
    placed = Figures()
    figure = Figure(title="a", caption="b", data=())

    assert [placed.add(figure), placed.add(figure)] == ["plot-1", "plot-2"]


def test_a_gauge_stands_where_its_value_is_between_its_bounds() -> None:
    found = {each.name: each for each in gauges([Signal(name="vix", value=28.0)], Rules())}

    vix = found["VIX"]  # from 8 to 48; above 20 entries are scaled down
    assert vix.at == pytest.approx(WIDTH / 2)
    assert vix.bounds == (pytest.approx(WIDTH * 12 / 40),)
    assert vix.out


@pytest.mark.parametrize(("rsi", "out"), [(29.9, True), (30.0, False), (75.0, False), (75.1, True)])
def test_a_gauge_is_beyond_outside_of_its_bounds(rsi: float, *, out: bool) -> None:
    found = {each.name: each for each in gauges([Signal(name="spx_rsi", value=rsi)], Rules())}

    assert found["RSI of SPX"].out is out


def test_a_gauge_of_the_unknown_stands_nowhere() -> None:
    found = {each.name: each for each in gauges([Signal(name="vix", value=None)], Rules())}

    assert (found["VIX"].value, found["VIX"].at, found["VIX"].out) == ("unknown", None, False)


def test_a_locked_book_needs_a_person(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "steward.db", durable=False) as ledger:
        begin(ledger)
        ledger.finish_phase(SESSION, "reconcile", at=AT, detail={"locked": True}, dry=False)
        ledger.finish_session(SESSION, at=AT, outcome="failed", dry=False)

        found = headline_of(review_session(ledger))

    assert found.tone == "act"
    assert [reason.urgent for reason in found.reasons] == [True, True]
    assert "Ledger and broker disagree" in found.reasons[0].text
    assert "ended as failed" in found.reasons[1].text


def test_a_hedge_that_is_short_asks_for_a_look(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "steward.db", durable=False) as ledger:
        begin(ledger)
        ledger.record_mark(mark(units_held=1, units_required=3))
        ledger.finish_session(SESSION, at=AT, outcome="done", dry=False)

        found = headline_of(review_session(ledger))

    assert found.tone == "look"
    assert found.text == "Have a look. No condor open, hedge covers 1 of 3 units."


def test_further_reasons_come_first_and_take_the_calm_out_of_a_verdict() -> None:
    well = Headline(tone="well", text="Well. 2 condors open, hedge complete, nothing to do.")

    found = worse(well, [Reason(text="disk: full", urgent=True)])

    assert found.text == "A person is needed. 2 condors open, hedge complete."
    assert found.reasons[0].text == "disk: full"
    assert worse(well, []) is well


def test_a_leg_without_a_structure_needs_a_person(ledger: Ledger) -> None:
    review = review_session(ledger, SESSION)
    leg = replace(review.positions[0], kind="residual", label="SPXW 2026-08-21 6000P", quantity=-2)

    found = headline_of(replace(review, positions=(leg,)))

    assert found.tone == "act"
    assert "-2 SPXW 2026-08-21 6000P" in found.reasons[0].text


def test_the_scene_holds_a_condor_and_a_lot(ledger: Ledger) -> None:
    assert {row.structure_id for row in review_session(ledger).positions} == {CONDOR, LOT}
