"""Recorded sessions decided again, by the same pure ``decide`` that decided them.

- *Again* (``decide_again``): the stored snapshot and book under the stored rules give the stored
  decision, to the last bit, in every process and on every day. A session that another decision
  version decided is named and not compared: its rules in code were others.
- *Under a proposal* (``review_proposal``): the same snapshots and books under other rules. Both
  sides are decided by the code of now, so that only the rules differ. The quotes are those that
  were asked for then: strikes that only the proposal would have asked for are not among them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bot.core.decide import DECISION_VERSION
from bot.core.decision import Decision
from bot.core.errors import NotInLedgerError
from bot.core.model import Session
from bot.governance import rules_of
from strategies import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bot.core.rules import Rules
    from bot.ledger.observations import Decided
    from bot.ledger.store import Ledger

ABSENT: Final = "absent"


class Comparison(StrEnum):
    """What came of deciding a session again."""

    SAME = "same"
    DIFFERENT = "different"
    OTHER_VERSION = "other decision version"
    THINNED = "thinned"
    """Nothing was traded, and its quotes are not kept any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing on which two decisions differ.

    Parameters
    ----------
    part
        Field of the decision: ``signals``, ``verdicts``, ``intents``.
    name
        Which of it: a signal, a gate with its subject, an intent, and which field of it.
    before, after
        What the one and the other say; ``absent`` where one has no such thing.
    """

    part: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One session decided again, and on what it differs."""

    session: Session
    decision_version: int
    comparison: Comparison
    differences: tuple[Difference, ...] = ()


def decide_again(ledger: Ledger, session: Session) -> Replayed:
    """Decide a recorded session again and hold the result against what was decided.

    Raises
    ------
    LedgerError
        If the session was not decided, or its inputs cannot be read.
    """
    version = ledger.decision_version(session)
    if version != DECISION_VERSION:
        return Replayed(
            session=session, decision_version=version, comparison=Comparison.OTHER_VERSION
        )
    stored = ledger.load_decided(session)
    if stored.thinned:
        return Replayed(session=session, decision_version=version, comparison=Comparison.THINNED)
    rules = rules_of(ledger, stored.rules_sha256).rules
    found = tuple(differences(stored.decision, decide(stored.snapshot, stored.book, rules)))
    return Replayed(
        session=session,
        decision_version=version,
        comparison=Comparison.DIFFERENT if found else Comparison.SAME,
        differences=found,
    )


def decide_all_again(ledger: Ledger, session: Session | None = None) -> tuple[Replayed, ...]:
    """Decide one recorded session again, or all of them.

    Raises
    ------
    NotInLedgerError
        If there is none.
    LedgerError
        If its inputs cannot be read.
    """
    sessions = ledger.decided_sessions()
    if not sessions:
        raise NotInLedgerError(f"{ledger.path}: holds no decided session yet")
    if session is None:
        return tuple(decide_again(ledger, each) for each in sessions)
    if session not in sessions:
        newest = max(sessions)
        raise NotInLedgerError(f"session {session}: was not decided; the newest is {newest}")
    return (decide_again(ledger, session),)


def review_proposal(
    ledger: Ledger, *, adopted: Rules, proposed: Rules, last: int
) -> Iterator[Replayed]:
    """Decide the last recorded sessions under both rules; yield what differs in each.

    Parameters
    ----------
    ledger
        Open to read.
    adopted, proposed
        The rules in force, and those that wait.
    last
        How many sessions.

    Raises
    ------
    LedgerError
        If no session was decided yet, or its inputs cannot be read.
    """
    sessions = ledger.decided_sessions()[-last:]
    if not sessions:
        raise NotInLedgerError(
            f"{ledger.path}: holds no decided session yet; nothing can be reviewed"
        )
    for session in sessions:
        stored = ledger.load_decided(session)
        if stored.thinned:
            yield Replayed(
                session=session,
                decision_version=DECISION_VERSION,
                comparison=Comparison.THINNED,
            )
            continue
        found = tuple(differences(_under(stored, adopted), _under(stored, proposed)))
        yield Replayed(
            session=session,
            decision_version=DECISION_VERSION,
            comparison=Comparison.DIFFERENT if found else Comparison.SAME,
            differences=found,
        )


def _under(stored: Decided, rules: Rules) -> Decision:
    """Decide what was recorded under `rules`, whose rate takes the place of the recorded one."""
    return decide(replace(stored.snapshot, rate=rules.rate), stored.book, rules)


def differences(before: Decision, after: Decision) -> Iterator[Difference]:
    """Yield everything on which two decisions differ, field by field."""
    for field in fields(Decision):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new:
            name_of = _NAMES.get(field.name)
            if name_of is None:
                yield from _of_whole(field.name, "", old, new)
            else:
                yield from _of_items(field.name, old, new, name_of=name_of)


_NAMES: Final[Mapping[str, Callable[[Any], str]]] = {
    "signals": lambda signal: str(signal.name),
    "verdicts": lambda verdict: f"{verdict.code} {verdict.subject}",
    "intents": lambda intent: str(intent.intent_id),
}
"""How the items of a field are named."""


def _of_items(
    part: str, before: Iterable[object], after: Iterable[object], *, name_of: Callable[[Any], str]
) -> Iterator[Difference]:
    """Yield what differs between two rows of items, each held against the one of its name."""
    old, new = _by_name(before, name_of), _by_name(after, name_of)
    for name in old | new:
        if name in old and name in new:
            for found in _of_whole(part, "", old[name], new[name]):
                yield replace(found, name=f"{name} {found.name}")
        else:
            sides = [_text(each[name]) if name in each else ABSENT for each in (old, new)]
            yield Difference(part=part, name=name, before=sides[0], after=sides[1])
    if [*old] != [*new] and old.keys() == new.keys():
        order = [", ".join(each) for each in (old, new)]
        yield Difference(part=part, name="order", before=order[0], after=order[1])


def _of_whole(part: str, name: str, before: Any, after: Any) -> Iterator[Difference]:  # noqa: ANN401 - any fact
    """Yield what differs between two values: leaf by leaf as far as both are built alike."""
    if before == after:
        return
    if is_dataclass(before) and type(before) is type(after):
        for field in fields(before):
            old, new = getattr(before, field.name), getattr(after, field.name)
            yield from _of_whole(part, f"{name}.{field.name}".lstrip("."), old, new)
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _of_whole(part, f"{name}[{place}]", old, new)
    else:
        yield Difference(part=part, name=name, before=_text(before), after=_text(after))


def _by_name(items: Iterable[object], name_of: Callable[[Any], str]) -> dict[str, Any]:
    """Return the items by name; those of one name are numbered."""
    seen = Counter[str]()
    found: dict[str, object] = {}
    for item in items:
        name = name_of(item)
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} #{seen[name]}"] = item
    return found


def _text(value: object) -> str:
    """Write a value: verdicts and intents in their own words, the rest as Python does."""
    words = getattr(value, "text", None)
    if callable(words):
        return str(words())
    quantity, action = getattr(value, "quantity", None), getattr(value, "action", None)
    return repr(value) if action is None else f"{action} {quantity} at {value.mid}"  # type: ignore[attr-defined]
