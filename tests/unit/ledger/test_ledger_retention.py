"""Old snapshots: what traded stays whole for ever, what did not is thinned, nothing in between."""

from __future__ import annotations

import datetime as dt
import io
import json
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

import builders
from bot.config import canonical_text, fingerprint
from bot.core.book import Book, Layer
from bot.core.decision import Decision
from bot.core.errors import LedgerError
from bot.core.model import MarketSnapshot
from bot.core.rules import Rules
from bot.ledger.codec import decode, encode, inflate, pack
from bot.ledger.packs import pack_together, text_in_pack
from bot.ledger.retention import PACK, Terms, Thinned, judge, thin
from bot.ledger.retention_rows import retention
from bot.ledger.store import Ledger
from bot.replay import Comparison, decide_again, review_proposal
from bot.retention import thin_after_session
from bot.review.explain import explain
from bot.review.retention_page import retention_lines
from bot.rules_pages import again_lines, review_page
from bot.settings import SnapshotSettings
from ledger_facts import (
    AT,
    CALL,
    OPENING_PRICES,
    begin,
    execute,
    open_condor,
    settlement,
)
from strategies import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TODAY = dt.date(2026, 7, 20)
NIGHT = dt.datetime(2026, 7, 20, 20, 20, tzinfo=dt.UTC)
KINDS = ("traded", "held", "idle", "dry")
TERMS = Terms(today=TODAY, pack_days=60, thin_days=365, at_once=60)


@cache
def text() -> str:
    """A small snapshot as JSON: few options, so that hundreds of it are quickly made."""
    market = builders.market()
    return encode(replace(market, options=market.options[::12]), MarketSnapshot)


def text_of(session: dt.date) -> bytes:
    """The snapshot of a session: its own in nothing but the instant at which it was taken."""
    at = f"2026-07-20T19:30:00.{session.toordinal() % 1_000_000:06d}Z"
    found = text().replace("2026-07-20T19:30:00Z", at)
    assert at in found
    return found.encode()


@cache
def books() -> dict[str, Book]:
    """A book for each kind of session: none of the idle ones may trade, and only one kind holds."""
    empty = builders.book()
    lots = (builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4),)
    halted = ("CLOCK_SKEW: 9.0 s",)
    return {
        "traded": empty,
        "held": replace(builders.book(lots=lots), objections=halted),
        "idle": replace(empty, objections=halted),
        "dry": empty,
    }


@cache
def bodies(kind: str) -> tuple[bytes, bytes]:
    """A decision as it is stored, and its book."""
    decision = decide(decode(text(), MarketSnapshot), books()[kind], Rules())
    if kind == "idle":
        decision = replace(decision, intents=())
    return pack(decision, Decision), pack(books()[kind], type(books()[kind]))


def sessions(count: int) -> list[dt.date]:
    """So many weekdays up to today, oldest first."""
    days = (TODAY - dt.timedelta(days=back) for back in range(2 * count))
    return sorted([day for day in days if day.weekday() < 5][:count])


def filled(path: Path, kinds: dict[dt.date, str]) -> Ledger:
    """Make a ledger of sessions, each of a kind."""
    rules = Rules()
    sha256 = fingerprint(rules)
    ledger = Ledger.open(path, durable=False)
    ledger.save_config("rules", canonical_text(rules), sha256=sha256, at=AT, reason="first")
    run = ledger.begin_run(version="1", mode="simulated", account_redacted="DU***67", at=AT)
    with ledger.writing("sessions") as database:
        for number, (day, kind) in enumerate(kinds.items(), start=1):
            session, dry, at = day.isoformat(), kind == "dry", f"{day}T19:30:00.000000+00:00"
            body = zlib.compress(text_of(day), level=1)
            decision, book = bodies(kind)
            database.execute(
                "INSERT INTO sessions (session, dry, run_id, started_at, finished_at, outcome, "
                "rules_sha256) VALUES (?, ?, ?, ?, ?, 'done', ?)",
                (session, dry, run, at, at, sha256),
            )
            database.execute(
                "INSERT INTO snapshots (id, session, dry, taken_at, body) VALUES (?, ?, ?, ?, ?)",
                (number, session, dry, at, body),
            )
            database.execute(
                "INSERT INTO decisions (session, dry, decided_at, decision_version, regime, "
                "rules_sha256, body, book, snapshot_id) VALUES (?, ?, ?, ?, 'calm', ?, ?, ?, ?)",
                (session, dry, at, version(), sha256, decision, book, number),
            )
            database.execute(
                "INSERT INTO verdicts (decision_id, position, code, subject, observed, bound, "
                "passed) VALUES (?, 0, 'LOCKED', 'book', 'false', 'false', 1)",
                (number,),
            )
    return ledger


@cache
def version() -> int:
    return decide(decode(text(), MarketSnapshot), builders.book(), Rules()).decision_version


def worked(ledger: Ledger, terms: Terms = TERMS) -> Thinned:
    """Do day after day's work until nothing is left."""
    total, done = Thinned(), Thinned(packed=1)
    while done != Thinned() or ledger.value(
        "SELECT count(*) FROM snapshots WHERE retention IS NULL AND session < ?",
        (terms.packs_before,),
    ):
        done = thin(ledger, terms, at=NIGHT)
        total += done
    return total


def stored(ledger: Ledger) -> dict[dt.date, tuple[str | None, bytes]]:
    """Every snapshot: whether it stays, and its JSON."""
    rows = ledger.rows(
        "SELECT session, retention, snapshots.body, place, snapshot_packs.body AS pack "
        "FROM snapshots LEFT JOIN snapshot_packs ON snapshot_packs.id = pack_id"
    )
    return {
        dt.date.fromisoformat(row["session"]): (
            row["retention"],
            inflate(row["body"], "snapshot")
            if row["pack"] is None
            else text_in_pack(row["pack"], row["place"]),
        )
        for row in rows
    }


def test_four_hundred_sessions_are_thinned_and_every_session_that_traded_stays_whole(
    tmp_path: Path,
) -> None:
    days = sessions(420)
    # of a hundred sessions ninety trade or hold something, five do not, five are rehearsals
    kinds = {
        day: ("idle", "dry", "held")[n % 3] if n % 7 == 0 else "traded"
        for n, day in enumerate(days)
    }
    with filled(tmp_path / "steward.db", kinds) as ledger:
        pages = ledger.value("PRAGMA page_count")
        total = worked(ledger)
        found = stored(ledger)

        whole = [day for day in days if kinds[day] in {"traded", "held"}]
        assert all(found[day][1] == text_of(day) for day in whole)
        old = {day for day in days if (TODAY - day).days > 365}
        spare = {day for day in days if kinds[day] in {"idle", "dry"}}
        assert {day for day in days if found[day][0] == "thinned"} == old & spare
        assert all(found[day][1] == text_of(day) for day in spare - old)
        judged = {day for day in days if (TODAY - day).days > 60}
        assert total.thinned == len(old & spare) > 10
        assert total.packed == len(judged & set(whole)) // PACK * PACK > 250
        size = ledger.value(
            "SELECT (SELECT sum(length(body)) FROM snapshots WHERE pack_id IS NOT NULL OR "
            "retention = 'thinned') + (SELECT sum(length(body)) FROM snapshot_packs)"
        )
        before = sum(len(zlib.compress(text_of(day), level=1)) for day in sorted(judged))
        assert size < before / 5
        assert ledger.value("PRAGMA page_count") < pages * 1.1
        assert ledger.value("PRAGMA freelist_count") > pages / 3
        again = [decide_again(ledger, day) for day in (whole[0], whole[1], whole[30], whole[-1])]
        assert {each.comparison for each in again} == {Comparison.SAME}


@pytest.fixture
def few(tmp_path: Path) -> Iterator[tuple[Ledger, dict[dt.date, str]]]:
    """Sessions of every kind, all of them old."""
    days = [day - dt.timedelta(days=728) for day in sessions(2 * PACK + 6)]
    kinds = dict.fromkeys(days, "traded")
    kinds |= dict.fromkeys(days[3:6], "idle") | {days[6]: "dry", days[7]: "held", days[8]: "held"}
    with filled(tmp_path / "steward.db", kinds) as ledger:
        yield ledger, kinds


def of_kind(kinds: dict[dt.date, str], wanted: str) -> list[dt.date]:
    return [day for day, kind in kinds.items() if kind == wanted]


def test_a_session_that_did_not_trade_keeps_its_decision_and_its_reasons(
    few: tuple[Ledger, dict[dt.date, str]],
) -> None:
    ledger, kinds = few
    day = of_kind(kinds, "idle")[0]
    before = ledger.load_decided(day)

    worked(ledger)

    after = ledger.load_decided(day)
    assert after.thinned
    assert not before.thinned
    assert (after.decision, after.book) == (before.decision, before.book)
    kept = after.snapshot
    assert (kept.indexes, kept.vx_curve, kept.rate) == (
        before.snapshot.indexes,
        before.snapshot.vx_curve,
        before.snapshot.rate,
    )
    assert (kept.taken_at, kept.session) == (before.snapshot.taken_at, before.snapshot.session)
    assert (kept.options, kept.spx_bars, kept.vix_bars, kept.calendar) == ((), (), (), ())
    assert kept.breadth is None


def test_a_session_that_is_thinned_while_it_is_read_is_whole_or_said_to_be_thinned(
    few: tuple[Ledger, dict[dt.date, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else deciding it again from what is left would tell of a difference that there is not."""
    ledger, kinds = few
    with Ledger.open_read_only(ledger.path) as reader:
        read = reader.row

        def read_and_thinned(query: str, parameters: Any = ()) -> sqlite3.Row | None:
            found = read(query, parameters)
            worked(ledger)
            return found

        monkeypatch.setattr(reader, "row", read_and_thinned)
        found = reader.load_decided(of_kind(kinds, "idle")[0])

    assert ledger.load_decided(of_kind(kinds, "idle")[0]).thinned
    assert not found.thinned
    assert found.snapshot.options


def test_a_thinned_session_is_explained_without_calling_unknown_what_is_not_kept(
    few: tuple[Ledger, dict[dt.date, str]],
) -> None:
    ledger, kinds = few
    day = of_kind(kinds, "idle")[0]
    before = {each.name: each for each in explain(ledger, day).inputs}

    worked(ledger)

    found = explain(ledger, day)
    inputs = {each.name: each for each in found.inputs}
    assert inputs["VIX"] == before["VIX"]
    assert inputs["nav_usd"] == before["nav_usd"]
    assert "SPX close" in before
    assert "SPX close" not in inputs
    assert "breadth" not in inputs
    assert [each.value for each in found.inputs if each.group == "thinned"] == ["not kept"]
    assert found.decision.verdicts


def test_a_thinned_session_is_named_and_not_compared_when_all_are_decided_again(
    few: tuple[Ledger, dict[dt.date, str]],
) -> None:
    ledger, kinds = few
    worked(ledger)
    idle = of_kind(kinds, "idle")

    compared = {day: decide_again(ledger, day).comparison for day in [*idle, *kinds][:6]}

    assert {day for day, what in compared.items() if what is Comparison.THINNED} == set(idle)
    assert {compared[day] for day in [*kinds][:3]} == {Comparison.SAME}
    lines = list(again_lines([decide_again(ledger, day) for day in idle[:1]]))
    assert lines == [
        f"{idle[0]}: thinned, as nothing was traded; not compared",
        "1 decided again: 0 identical, 0 different, 0 of another decision version, 1 thinned",
    ]


def test_a_proposal_is_not_reviewed_on_a_thinned_session(tmp_path: Path) -> None:
    day = TODAY - dt.timedelta(days=700)
    with filled(tmp_path / "steward.db", {day: "idle"}) as ledger:
        worked(ledger)

        (found,) = review_proposal(ledger, adopted=Rules(), proposed=Rules(), last=1)
    assert (found.session, found.comparison) == (day, Comparison.THINNED)
    console = Console(file=io.StringIO(), width=100)
    console.print(review_page([found], []))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "0 of 0 sessions would differ" in told
    assert "not reviewed: 1 sessions" in told


def test_a_day_does_so_much_and_no_more(few: tuple[Ledger, dict[dt.date, str]]) -> None:
    ledger, kinds = few

    done = thin(ledger, replace(TERMS, at_once=20), at=NIGHT)

    judged = ledger.value("SELECT count(*) FROM snapshots WHERE retention IS NOT NULL")
    assert judged == 20
    assert done.thinned == len(of_kind(kinds, "idle")) + len(of_kind(kinds, "dry"))
    assert done.packed == 0  # of the twenty sixteen stay whole, and a pack takes twenty
    assert thin(ledger, replace(TERMS, at_once=20), at=NIGHT).packed == PACK


def test_what_was_done_is_in_the_ledger(few: tuple[Ledger, dict[dt.date, str]]) -> None:
    ledger, _ = few
    before = retention(ledger, TERMS)

    total = worked(ledger)

    rows = ledger.rows("SELECT session, at, packed, thinned, freed_bytes FROM thinnings")
    assert [row["session"] for row in rows] == [str(TODAY)] * len(rows)
    assert sum(row["packed"] for row in rows) == total.packed == before.due.packed
    assert sum(row["thinned"] for row in rows) == total.thinned == before.due.thinned == 4
    assert sum(row["freed_bytes"] for row in rows) == total.freed_bytes
    thin(ledger, TERMS, at=NIGHT)
    assert ledger.value("SELECT count(*) FROM thinnings") == len(rows)


def test_the_page_says_what_is_kept_and_what_is_due(
    few: tuple[Ledger, dict[dt.date, str]],
) -> None:
    ledger, kinds = few
    days = list(kinds)

    before = list(retention_lines(retention(ledger, TERMS), TERMS))
    worked(ledger)
    after = [line.split() for line in retention_lines(retention(ledger, TERMS), TERMS)]

    assert before[0].split()[:2] == ["whole", "46"]
    assert before[1].startswith("due     40 to pack without loss, 4 to thin: about ")
    assert before[1].endswith("; at most 60 after each session")
    shown = {line[0]: line for line in after}
    assert shown["packed"][1] == "40"
    assert shown["thinned"][1] == "4"
    assert shown["whole"][1:2] + shown["whole"][-3:] == ["2", str(days[-2]), "to", str(days[-1])]
    assert shown["due"] == ["due", "nothing"]


def test_young_snapshots_are_left_alone(tmp_path: Path) -> None:
    kinds = {TODAY - dt.timedelta(days=age): "idle" for age in (366, 365, 61, 60)}
    with filled(tmp_path / "steward.db", kinds) as ledger:
        worked(ledger)

        found = {(TODAY - day).days: kept for day, (kept, _) in stored(ledger).items()}
    assert found == {366: "thinned", 365: "spare", 61: "spare", 60: None}


def test_a_thousand_years_keep_all(tmp_path: Path) -> None:
    kinds = {TODAY - dt.timedelta(days=age): "idle" for age in (4000, 2000, 0)}
    with filled(tmp_path / "steward.db", kinds) as ledger:
        done = worked(ledger, replace(TERMS, thin_days=36_500))

        assert done == Thinned()
        assert all(found == text_of(day) for day, (_, found) in stored(ledger).items())


def idle_day(ledger: Ledger, day: dt.date) -> str:
    judge(ledger, TERMS)
    kept: str = ledger.value("SELECT retention FROM snapshots WHERE session = ?", (str(day),))
    return kept


def order(ledger: Ledger, day: dt.date) -> None:
    begin(ledger, dt.date(2020, 1, 1))
    execute(ledger, open_condor(f"{day}:condor:balanced", session=day), *OPENING_PRICES)


def held(ledger: Ledger, day: dt.date) -> None:
    with ledger.writing("a position") as database:
        database.execute(
            "INSERT INTO positions (session, structure_id, label, kind, slot, expiry, quantity) "
            "VALUES (?, 'a', 'VIX 18C', 'residual', '', '2026-08-19', 1)",
            (str(day),),
        )


def settled(ledger: Ledger, day: dt.date) -> None:
    order(ledger, dt.date(2020, 1, 2))
    fact = settlement(CALL, 4, "1.00", structure_id="2020-01-02:condor:balanced")
    ledger.record_settlement(replace(fact, session=day))


def book_lost(ledger: Ledger, day: dt.date) -> None:
    with ledger.writing("no book") as database:
        database.execute("UPDATE decisions SET book = NULL WHERE session = ?", (str(day),))


def damaged(ledger: Ledger, day: dt.date) -> None:
    with ledger.writing("damage") as database:
        database.execute("UPDATE decisions SET body = x'00' WHERE session = ?", (str(day),))


def planned(ledger: Ledger, day: dt.date) -> None:
    with ledger.writing("an order that was never committed") as database:
        database.execute(
            "UPDATE decisions SET body = ? WHERE session = ?", (bodies("traded")[0], str(day))
        )


def book_of(**facts: Any) -> Callable[[Ledger, dt.date], None]:
    """Change the book that was decided for, and nothing else."""

    def cause(ledger: Ledger, day: dt.date) -> None:
        book = replace(books()["idle"], **facts)
        with ledger.writing("another book") as database:
            database.execute(
                "UPDATE decisions SET book = ? WHERE session = ?", (pack(book, Book), str(day))
            )

    return cause


LOTS = (builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4),)
CAUSES = {
    "an order": order,
    "a position": held,
    "a settlement": settled,
    "no book": book_lost,
    "a decision that cannot be read": damaged,
    "an order that was never committed": planned,
    "a lot": book_of(lots=LOTS),
    "a condor": book_of(condors=(builders.condor(),)),
    "an order in flight": book_of(in_flight=("2020-01-02:alvh:near:buy_hedge",)),
    "a lock": book_of(locked=True),
}


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_each_of_these_alone_keeps_a_session_whole(tmp_path: Path, cause: Any) -> None:
    day = TODAY - dt.timedelta(days=700)
    with filled(tmp_path / "steward.db", {day: "idle"}) as ledger:
        cause(ledger, day)

        assert idle_day(ledger, day) == "kept"


def test_without_any_of_them_it_is_spare(tmp_path: Path) -> None:
    day = TODAY - dt.timedelta(days=700)
    with filled(tmp_path / "steward.db", {day: "idle"}) as ledger:
        assert idle_day(ledger, day) == "spare"


def test_a_rehearsal_of_a_session_that_traded_is_spare_and_the_session_is_not(
    tmp_path: Path,
) -> None:
    day = TODAY - dt.timedelta(days=700)
    with filled(tmp_path / "steward.db", {day: "traded"}) as ledger:
        ledger.save_snapshot(replace(builders.market(), session=day), dry=True)
        judge(ledger, TERMS)

        rows = ledger.rows("SELECT dry, retention FROM snapshots ORDER BY dry")
    assert [tuple(row) for row in rows] == [(0, "kept"), (1, "spare")]


class Watched:
    """A database of which a copy is kept as each statement leaves it: what a kill would leave."""

    def __init__(self, database: sqlite3.Connection, path: Path, folder: Path) -> None:
        self._database, self._path, self._folder = database, path, folder
        self.statements = 0
        self.copies: list[Path] = []
        self._left: tuple[bytes, ...] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, query: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor = self._database.execute(query, parameters)
        if not query.startswith("SELECT"):
            self.statements += 1
            self._copy()
        return cursor

    def executemany(self, query: str, rows: Any) -> None:
        for row in rows:
            self.execute(query, row)

    def _copy(self) -> None:
        """Copy the file and its log, unless they are as they were."""
        files = [self._path, self._path.with_name(f"{self._path.name}-wal")]
        left = tuple(file.read_bytes() for file in files)
        if left == self._left:
            return
        self._left = left
        folder = self._folder / f"{len(self.copies):03d}"
        folder.mkdir(mode=0o700)
        for file, found in zip(files, left, strict=True):
            (folder / file.name).write_bytes(found)
            (folder / file.name).chmod(0o600)
        self.copies.append(folder / self._path.name)


def test_killed_after_any_statement_the_ledger_is_whole_and_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ledger.retention.PACK", 5)
    days = [day - dt.timedelta(days=728) for day in sessions(14)]
    kinds = dict.fromkeys(days, "traded") | {days[1]: "idle", days[3]: "dry", days[5]: "held"}
    with filled(tmp_path / "steward.db", kinds) as ledger:
        ledger._database.execute(
            "PRAGMA cache_size = 20"
        )  # so that pages are written before COMMIT
        watched = Watched(ledger._database, ledger.path, tmp_path)
        ledger._database = watched  # type: ignore[assignment]
        worked(ledger)
        final = {day: kept for day, (kept, _) in stored(ledger).items()}

    assert watched.statements > len(kinds)
    assert len(watched.copies) > 10
    for number, copy in enumerate(watched.copies):
        with closing(sqlite3.connect(copy)) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
            packs = raw.execute("SELECT count(*) FROM snapshot_packs").fetchone()[0]
            packed = raw.execute("SELECT count(pack_id) FROM snapshots").fetchone()[0]
            assert packed == 5 * packs
        with Ledger.open_read_only(copy) as left:
            for day, (kept, found) in stored(left).items():
                assert found == text_of(day) or (kept, kinds[day]) in {
                    ("thinned", "idle"),
                    ("thinned", "dry"),
                }
        if number % 8 == 0:
            with Ledger.open(copy, durable=False) as again:
                worked(again)
                assert {day: kept for day, (kept, _) in stored(again).items()} == final


@pytest.mark.parametrize(("kind", "packed", "thinned"), [("idle", 40, 3), ("held", 40, 4)])
def test_a_damaged_snapshot_is_named_once_and_holds_up_no_other(
    few: tuple[Ledger, dict[dt.date, str]], kind: str, packed: int, thinned: int
) -> None:
    ledger, kinds = few
    day = of_kind(kinds, kind)[0]
    with ledger.writing("damage") as database:
        database.execute("UPDATE snapshots SET body = x'00' WHERE session = ?", (str(day),))

    for _ in range(3):
        thin_after_session(SnapshotSettings(), ledger, TODAY, at=NIGHT)

    (row,) = ledger.rows("SELECT session, kind, detail FROM incidents")
    assert (row["session"], row["kind"]) == (str(TODAY), "THINNING_FAILED")
    assert row["detail"].startswith(f"snapshot of {day}: MarketSnapshot: cannot be unpacked")
    assert ledger.value("SELECT body FROM snapshots WHERE session = ?", (str(day),)) == b"\0"
    assert ledger.value("SELECT count(*) FROM snapshots WHERE pack_id IS NOT NULL") == packed
    assert ledger.value("SELECT count(*) FROM snapshots WHERE retention = 'thinned'") == thinned


def test_a_failure_is_an_incident_and_ends_nothing(
    few: tuple[Ledger, dict[dt.date, str]],
) -> None:
    ledger, _ = few
    with ledger.writing("damage") as database:
        database.execute("DROP TABLE thinnings")

    thin_after_session(SnapshotSettings(), ledger, TODAY, at=NIGHT)

    (row,) = ledger.rows("SELECT session, kind, detail FROM incidents")
    assert (row["session"], row["kind"]) == (str(TODAY), "THINNING_FAILED")
    assert "no such table: thinnings" in row["detail"]


def test_a_pack_gives_back_each_text_and_nothing_else() -> None:
    texts = [json.dumps({"n": n, "text": "a\nb"}).encode() for n in range(3)]

    body = pack_together(texts)

    assert [text_in_pack(body, place) for place in range(3)] == texts
    with pytest.raises(LedgerError, match="a pack of 3 snapshots: has no place 3"):
        text_in_pack(body, 3)
    with pytest.raises(LedgerError, match="cannot be unpacked"):
        text_in_pack(body[:-4], 0)
    with pytest.raises(LedgerError, match="a text has several lines"):
        pack_together([b"{\n}"])
