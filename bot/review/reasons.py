"""The reasons of a decision: its signals, its gates, and what would end each structure.

A gate is judged on one line: for the book as a whole, or with one cell for each tier or layer.
The rules about a structure that is held are told apart: there, to pass is to act.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.columns import Columns
from rich.text import Text

from bot.core.book import Layer, Tier
from bot.review.format import observed
from bot.review.layout import section, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from bot.core.decision import Verdict
    from bot.ledger.decision_rows import DecisionRow


def reasons(decision: DecisionRow) -> Iterable[RenderableType]:
    """Yield the sections that say why the decision is what it is."""
    signals = [
        Text.assemble((f"{signal.name} ", "dim"), observed(signal.value))
        for signal in decision.signals
    ]
    yield from section("Signals", Columns(signals, padding=(0, 3), column_first=True))
    gates = [verdict for verdict in decision.verdicts if not is_of_held(verdict)]
    denied = sum(not verdict.passed for verdict in gates)
    general = [verdict for verdict in gates if not name_of(verdict)]
    yield from section(f"Gates: {len(gates) - denied} passed, {denied} denied", _list(general))
    for kind, mine in _by_kind(verdict for verdict in gates if name_of(verdict)).items():
        yield from section(f"Gates of each {kind}, observed / bound", _by_code(mine))
    for kind, mine in _by_kind(filter(is_of_held, decision.verdicts)).items():
        title = _TITLES.get(kind, f"Rules for each {kind} held")
        yield from section(f"{title}, observed / bound", _by_structure(mine))


_TITLES: Final = {
    "shift": "Time-shift of a threatened condor",
    "engine": "What the engine waits for",
}


def name_of(verdict: Verdict) -> str:
    """Return the structure, tier or layer that is judged; empty for the book as a whole."""
    return verdict.subject.partition(":")[2]


def is_of_held(verdict: Verdict) -> bool:
    """Whether it is about a structure by its name, not about a tier, a layer or the book."""
    return bool(name_of(verdict)) and name_of(verdict) not in {*Tier, *Layer}


def _by_kind(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found = defaultdict[str, list["Verdict"]](list)
    for verdict in verdicts:
        found[verdict.subject.partition(":")[0]].append(verdict)
    return found


def _list(verdicts: Iterable[Verdict]) -> RenderableType:
    made = table("", "gate", "of", ">observed", ">bound")
    for column in made.columns[3:]:
        column.no_wrap = False
    for verdict in verdicts:
        made.add_row(
            Text("passed", style="green") if verdict.passed else Text("denied", style="bold red"),
            verdict.code,
            Text(verdict.subject, style="dim"),
            _breakable(observed(verdict.observed)),
            _breakable(_bound(verdict)),
        )
    return made


def _breakable(text: str) -> str:
    """Let a list of words break after its commas."""
    return text.replace(",", ", ") if any(map(str.isalpha, text.split(","))) else text


def _by_code(verdicts: Sequence[Verdict]) -> RenderableType:
    """Return one line for each gate, one cell for each tier or layer."""
    names = tuple(dict.fromkeys(map(name_of, verdicts)))
    made = table("gate", *(f">{name}" for name in names))
    rows = defaultdict[str, dict[str, Text]](dict)
    for verdict in verdicts:
        word = "" if verdict.passed else "denied"
        rows[verdict.code][name_of(verdict)] = _cell(verdict, word)
    made.columns[0].min_width = max(map(len, rows))
    for column in made.columns[1:]:
        column.no_wrap = False
    for code, row in rows.items():
        made.add_row(code, *(row.get(name, "") for name in names))
    return made


def _by_structure(verdicts: Sequence[Verdict]) -> RenderableType:
    """Return one line for each structure, with every rule on it."""
    made = table("", "")
    made.columns[1].no_wrap = False
    made.show_header = False
    rows = defaultdict[str, list[Text]](list)
    for verdict in verdicts:
        rule = Text.assemble(f"{verdict.code} ", _cell(verdict, "passed" if verdict.passed else ""))
        rows[name_of(verdict)].append(rule)
    for name, rules in rows.items():
        made.add_row(name, Text(" · ").join(rules))
    return made


def _bound(verdict: Verdict) -> str:
    """Write a bound; a rule that has none, and denies nothing by that, is off."""
    is_off = verdict.limit is None and (verdict.passed or is_of_held(verdict))
    return "off" if is_off else observed(verdict.limit)


def _cell(verdict: Verdict, word: str) -> Text:
    text = f"{observed(verdict.observed)} / {_bound(verdict)}"
    return Text.assemble((f"{word} ", "bold red"), text) if word else Text(text, style="dim")
