"""A whole session, told to a real server: what happened, in time, and never in its way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from harness import stage
from typed import edit

from bot.core.decision import Action
from bot.notify.notifier import notifying
from bot.notify.targets import VARIABLE
from heard import listening

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from click.testing import Result


def test_the_fills_and_the_day_of_each_session_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.notify.notifier.GOODBYE_SECONDS", 120.0)

    async def play() -> list[str]:
        async with stage(tmp_path) as found:
            with notifying(found.project.settings, tmp_path):
                await found.run()
                await found.run()
            sold = next(
                record.intent
                for record in found.ledger.intent_records()
                if record.intent.action is Action.OPEN_CONDOR
            )
            (fill,) = (
                fill for fill in found.ledger.fills_of(sold.intent_id) if fill.contract is None
            )
            return [
                f": open_condor {sold.structure_id}, +1 at a credit of {-fill.price:.2f}",
                *(
                    f"{mark.session} done, calm: NAV {mark.nav_usd:,.0f} USD, condor "
                    for mark in found.ledger.marks()
                ),
            ]

    with listening() as heard:
        monkeypatch.setenv(VARIABLE, heard.url)
        expected = asyncio.run(play())

    told = "\n".join(heard.texts)
    assert len(expected) == 3
    assert [words for words in expected if words not in told] == []
    assert "DU1234567" not in told


def test_a_server_that_never_answers_does_not_hold_up_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.notify.notifier.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("bot.notify.notifier.GOODBYE_SECONDS", 0.01)

    async def play() -> bool:
        async with stage(tmp_path) as found:
            with notifying(found.project.settings, tmp_path):
                now = found.gateway.world.now
                found.ledger.incident("A_TEST", session=None, at=now, detail="before the session")
                assert await asyncio.to_thread(silent.came.acquire, timeout=60)
                outcome = await found.run()
        return bool(outcome.executed)

    with listening(hangs=True) as silent:
        monkeypatch.setenv(VARIABLE, silent.url)
        traded = asyncio.run(play())

        assert traded
        assert not silent.may_answer.is_set()  # the first message hangs to this moment
        assert len(silent.messages) == 1


def test_a_test_message_is_sent_on_demand(
    project: Path, monkeypatch: pytest.MonkeyPatch, steward_here: Callable[..., Result]
) -> None:
    with listening() as heard:
        monkeypatch.setenv(VARIABLE, heard.url)
        well = steward_here("notify", "--test", "-p", project)
        heard.status = 500
        unwell = steward_here("notify", "--test", "-p", project)

    assert well.exit_code == 0, well.output
    assert "target 1 (json): taken" in well.stdout
    assert heard.texts[0].startswith("steward (paper): test\n")
    assert unwell.exit_code == 1
    assert "target 1 (json): NOT taken" in unwell.stdout
    assert "s3cret" not in well.output + unwell.output


def test_who_is_not_set_up_is_told_how(
    project: Path, monkeypatch: pytest.MonkeyPatch, steward_here: Callable[..., Result]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    (project / "who").write_text("json://here\n", encoding="utf-8")
    (project / "who").chmod(0o644)
    nobody = steward_here("notify", "--test", "-p", project)
    edit(project, "notify", urls_file="who")
    open_to_all = steward_here("notify", "--test", "-p", project)

    assert (nobody.exit_code, open_to_all.exit_code) == (2, 2)
    assert nobody.stderr == "nobody is told: set STEWARD_NOTIFY_URLS, or notify.urls_file\n"
    assert "type `chmod 600" in open_to_all.stderr
