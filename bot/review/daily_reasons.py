"""Why a day went as it did, in few lines: the market, the rules that acted, the gates that held.

A gate that passed is only counted. The rules about a structure that is held act where they pass;
what would have let them act and did not is told with the gates.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.text import Text

from bot.review.format import observed
from bot.review.layout import line, section, table
from bot.review.reasons import is_of_held, name_of
from bot.review.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from bot.core.decision import Verdict
    from bot.core.model import Session
    from bot.ledger.decision_rows import DecisionRow

LEAVE: Final = frozenset(
    {"EXIT_IN_FLIGHT", "LAST_TRADE", "PRICE_UNKNOWN", "LAST_SESSION", "LOT_QUOTE"}
)
"""Rules about something held that let it act; every other one of a condor or a lot acts."""

MARKET: Final = {
    "vix": "VIX",
    "vix_over_vix3m": "VIX/VIX3M",
    "macd_histogram": "MACD histogram",
    "spx_rsi": "RSI",
    "breadth": "breadth",
    "stress_score": "stress score",
}
"""Signals that say in one line what the market is like."""

_BETWEEN_WORDS: Final = re.compile(r"(?<=[A-Za-z_]),(?=[A-Za-z])")
"""Commas after which a list of words may break."""

NAMED: Final = 2
"""Structures that are named behind a rule; the rest are counted."""


def market_line(decision: DecisionRow) -> RenderableType:
    """Return the market as the decision saw it, in one line."""
    values = {signal.name: signal.value for signal in decision.signals}
    known = (f"{word} {observed(values[name])}" for name, word in MARKET.items() if name in values)
    return line(*known)


def acted(decision: DecisionRow) -> Iterable[RenderableType]:
    """Yield each rule that acted on condors and lots, in words, and on which."""
    found = [each for each in decision.verdicts if each.passed and acts(each)]
    if found:
        made = _in_words(found, "rule", "acts since · on what: seen / bound")
        yield from section("Rules that acted on what is held", made)


def held_back(decision: DecisionRow, session: Session) -> Iterable[RenderableType]:
    """Yield each gate that did not pass, in words, with what it saw and its bound."""
    gates = [each for each in decision.verdicts if not acts(each) and not is_of_engine(each)]
    denied = sorted((each for each in gates if not each.passed), key=is_of_held)
    passed = line(f"{len(gates) - len(denied)} verdicts passed: `steward explain {session}`")
    made = _in_words(denied, "gate", "passes when · of what: seen / bound")
    yield from section("Gates that did not pass", *((made, passed) if denied else (passed,)))


def _in_words(verdicts: Sequence[Verdict], *columns: str) -> RenderableType:
    """Return one line for each code: its words, what was seen, and the bound."""
    grouped = defaultdict[str, list["Verdict"]](list)
    for each in verdicts:
        grouped[each.code].append(each)
    made = table(*columns)
    made.columns[0].no_wrap = True
    for code, mine in grouped.items():
        made.add_row(code, Text.assemble(words_of(code), " · ", (of_each(mine), "dim")))
    return made


def acts(verdict: Verdict) -> bool:
    """Whether it is a rule about something held that acts where it passes."""
    kind = verdict.subject.partition(":")[0]
    return is_of_held(verdict) and kind in {"condor", "lot"} and verdict.code not in LEAVE


def is_of_engine(verdict: Verdict) -> bool:
    """Whether it is of the second engine's condors."""
    return verdict.subject.startswith("engine:")


def of_each(verdicts: Sequence[Verdict]) -> str:
    """Say what was seen of each subject; subjects of which the same was seen stand together."""
    seen = defaultdict[str, list[str]](list)
    for each in verdicts:
        bound = "" if each.limit is None else f" / {observed(each.limit)}"
        seen[f"{observed(each.observed)}{bound}"].append(name_of(each))
    told = [f"{_names(names)}{text}" for text, names in list(seen.items())[:NAMED]]
    more = [f"and {len(seen) - NAMED} more"] if len(seen) > NAMED else []
    return _BETWEEN_WORDS.sub(", ", "; ".join(told + more))


def _names(names: Sequence[str]) -> str:
    known = [name for name in names if name]
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return f"{', '.join(known[:NAMED])}{more}: " if known else ""
