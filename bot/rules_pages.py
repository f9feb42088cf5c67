"""What ``steward rules`` and ``steward decide-again`` print: pages of 100 columns, and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from bot.governance import SHOWN, values_named
from bot.replay import Comparison
from bot.review.layout import heading, line, section, table
from bot.review.session import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from bot.core.rules import Rules
    from bot.governance import RuleChange, Standing
    from bot.ledger.versions import ConfigVersion
    from bot.replay import Difference, Replayed

TOLD: Final = 20
"""Differences of one session that are told where every session is decided again."""


def standing_page(standing: Standing, rules: Rules, name: str | None = None) -> RenderableType:
    """Return the rules in force, or those of a name, who put them there, and what waits.

    Raises
    ------
    ConfigError
        If no rule is called `name`.
    """
    return Group(*_standing(standing, values_named(rules, name)))


def _standing(standing: Standing, named: Iterable[tuple[str, object]]) -> Iterable[RenderableType]:
    version = standing.version
    yield heading(f"steward · rules · {_named(version)}")
    made = table("version", "in force from (UTC)", "by", "reason")
    for each in standing.history:
        by = "person" if each.by_person else "steward"
        made.add_row(each.sha256[:SHOWN], each.adopted_at[:19], by, Text(each.reason))
    if standing.history:
        yield from section("Versions", made)
    values = table("key", "value")
    for key, value in named:
        values.add_row(key, Text(json.dumps(value)))
    yield from section("Values", values)
    yield from _waiting(standing)


def _named(version: ConfigVersion | None) -> str:
    if version is None:
        return "nothing in force: the first start adopts the file"
    return f"{version.sha256[:SHOWN]} in force"


def _waiting(standing: Standing) -> Iterable[RenderableType]:
    if standing.faults:
        yield from section("The file is at fault; the adopted rules go on", *standing.faults)
    elif standing.waiting:
        yield from section("A proposal waits", _changes(standing.waiting))
    else:
        yield line("\nno proposal waits")


def changes_page(standing: Standing) -> RenderableType:
    """Return what the file proposes to change."""
    return Group(heading(f"steward · rules · {_named(standing.version)}"), *_waiting(standing))


def _changes(found: Sequence[RuleChange]) -> RenderableType:
    made = table("key", ">in force", ">proposed")
    for change in found:
        made.add_row(change.key, json.dumps(change.adopted), json.dumps(change.proposed))
    return made


def standing_json(standing: Standing, rules: Rules | None = None, name: str | None = None) -> str:
    """Return the standing as JSON: keys do not change between versions.

    Raises
    ------
    ConfigError
        If no rule is called `name`.
    """
    history = [_version(each) for each in standing.history]
    found = {
        "in_force": history[-1] if history else None,
        "history": history,
        "proposed_sha256": standing.proposed.sha256 if standing.proposed else None,
        "waiting": [asdict(change) for change in standing.waiting],
        "faults": list(standing.faults),
    }
    return to_json(found if rules is None else found | {"values": dict(values_named(rules, name))})


def _version(version: ConfigVersion) -> dict[str, object]:
    found = asdict(version)
    del found["text"]
    return found


def review_page(sessions: Sequence[Replayed], changed: Sequence[RuleChange]) -> RenderableType:
    """Return what a proposal would have decided differently."""
    return Group(*_review(sessions, changed))


def _review(
    sessions: Sequence[Replayed], changed: Sequence[RuleChange]
) -> Iterable[RenderableType]:
    differing = [each for each in sessions if any(map(_tells, each.differences))]
    slight = [str(each.session) for each in sessions if each.differences and each not in differing]
    thinned = sum(each.comparison is Comparison.THINNED for each in sessions)
    reviewed = len(sessions) - thinned
    yield heading(f"steward · rules · {len(differing)} of {reviewed} sessions would differ")
    yield from section("Proposed", _changes(changed))
    for replayed in differing:
        yield from section(str(replayed.session), _differences(replayed.differences))
    if slight:
        yield line(
            f"\nin figures only, no order and no gate with them: {len(slight)} sessions, "
            f"{slight[0]} to {slight[-1]}; --json lists them"
        )
    if thinned:
        yield line(f"\nthinned, as nothing was traded, and not reviewed: {thinned} sessions")
    yield line(
        "\nBoth sides are decided by the code of now, on the quotes that were asked for then: "
        "strikes that only the proposal would have asked for are unknown"
    )


def _differences(found: Sequence[Difference]) -> RenderableType:
    """Return what changes the trade: intents and verdicts that turn; the rest is counted."""
    made = table("", "what", "in force", "proposed")
    told = [each for each in found if _tells(each)]
    for each in told:
        made.add_row(Text(each.part, style="dim"), *map(Text, (each.name, each.before, each.after)))
    rest = len(found) - len(told)
    return Group(made, line(f"{rest} further figures differ: --json lists them" if rest else ""))


def _tells(found: Difference) -> bool:
    turned = found.part == "verdicts" and found.name.endswith(" passed")
    return turned or found.part in {"intents", "regime"}


def review_json(sessions: Sequence[Replayed], changed: Sequence[RuleChange]) -> str:
    """Return a review as JSON, with every difference."""
    return to_json(
        {
            "changes": [asdict(change) for change in changed],
            "sessions": [asdict(each) for each in sessions],
        }
    )


def again_json(sessions: Sequence[Replayed]) -> str:
    """Return what came of deciding sessions again as JSON."""
    return to_json({"sessions": [asdict(each) for each in sessions]})


def again_lines(sessions: Sequence[Replayed], *, limit: int | None = None) -> Iterable[str]:
    """Yield what came of deciding sessions again: each difference, and the counts.

    Parameters
    ----------
    sessions
        As they were decided again.
    limit
        Differences told of one session; ``None`` for all of them.
    """
    for replayed in sessions:
        if replayed.comparison is Comparison.OTHER_VERSION:
            text = f"decided by version {replayed.decision_version}, not compared"
            yield f"{replayed.session}: {text}"
        if replayed.comparison is Comparison.THINNED:
            yield f"{replayed.session}: thinned, as nothing was traded; not compared"
        for each in replayed.differences[:limit]:
            text = f"{each.part} {each.name}: was {each.before}, is {each.after}"
            yield f"{replayed.session}: {text}"
        left = 0 if limit is None else len(replayed.differences) - limit
        if left > 0:
            again = f"`steward decide-again {replayed.session}` shows all"
            yield f"{replayed.session}: … and {left} more ({again})"
    counts = {kind: sum(each.comparison is kind for each in sessions) for kind in Comparison}
    thinned = counts[Comparison.THINNED]
    yield (
        f"{len(sessions)} decided again: {counts[Comparison.SAME]} identical, "
        f"{counts[Comparison.DIFFERENT]} different, "
        f"{counts[Comparison.OTHER_VERSION]} of another decision version"
        f"{f', {thinned} thinned' if thinned else ''}"
    )
