"""``steward explain``: one session from every input to what became of every intent."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from bot.core.decision import OrderIntent, Verdict
from bot.core.errors import NotInLedgerError
from bot.core.model import Session
from bot.ledger.decision_rows import DecisionRow, decision_row
from bot.ledger.intent_rows import IntentRow, intent_rows
from bot.ledger.journal import ProvenanceRow
from bot.review.format import clock, observed, points
from bot.review.inputs import Input, inputs_of
from bot.review.layout import heading, line, section, table
from bot.review.session import session_run, to_json
from bot.review.shocks import shock_grid
from bot.review.words import sentence, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from bot.ledger.observations import Decided
    from bot.ledger.store import Ledger

NEAR = 0.5
"""How alike a gate that exists must be to one that does not, to be named instead (0 to 1)."""
NEVER_COMMITTED = "never committed: the cycle did not come to it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with its inputs and its consequences.

    Parameters
    ----------
    session, dry, decision
        What was decided, and when.
    inputs
        What it was decided from.
    unknown
        Names of the inputs of the signals that were unknown.
    verdicts
        Those asked for: of one gate, or all.
    intended
        What the decision wanted, in the order of execution.
    intents
        What was committed in the session, with all that became of it.
    provenance
        What the data was made from, in simulation.
    """

    session: Session
    dry: bool
    decision: DecisionRow
    inputs: tuple[Input, ...]
    unknown: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    intended: tuple[OrderIntent, ...]
    intents: tuple[IntentRow, ...]
    provenance: tuple[ProvenanceRow, ...]


def explain(
    ledger: Ledger, session: Session | None = None, *, gate: str | None = None
) -> Explanation:
    """Gather a session.

    Parameters
    ----------
    ledger
        Open to read.
    session
        Which; the newest one when none is named.
    gate
        Keep the verdicts of this code only.

    Raises
    ------
    NotInLedgerError
        There is no such session, it was not decided, or no verdict of it has that code.
    """
    session, run = session_run(ledger, session)
    dry = run.dry
    stored, decision = ledger.load_decided(session, dry=dry), decision_row(ledger, session, dry=dry)
    if decision is None:
        raise NotInLedgerError(f"session {session}: was not decided")
    return Explanation(
        session=session,
        dry=dry,
        decision=decision,
        inputs=inputs_of(stored.snapshot, stored.book, thinned=stored.thinned),
        unknown=_unknown(stored),
        verdicts=_of_gate(decision, gate),
        intended=stored.decision.intents,
        intents=intent_rows(ledger, session),
        provenance=ledger.provenance(session),
    )


def _unknown(stored: Decided) -> tuple[str, ...]:
    found = {signal.name: signal.value for signal in stored.decision.signals}.get("unknown")
    return tuple(name for name in str(found or "").split(",") if name)


def _of_gate(decision: DecisionRow, gate: str | None) -> tuple[Verdict, ...]:
    found = tuple(each for each in decision.verdicts if gate in {None, each.code})
    if not found:
        codes = sorted({each.code for each in decision.verdicts})
        near = difflib.get_close_matches(str(gate).upper(), codes, cutoff=NEAR)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise NotInLedgerError(
            f"--gate {gate}: no verdict of the session; {meant}"
            f"`steward explain` shows its {len(codes)} gates"
        )
    return found


def explain_json(found: Explanation) -> str:
    """Return an explanation as JSON: keys do not change between versions."""
    verdicts = [asdict(each) | {"words": sentence(each)} for each in found.verdicts]
    intended = [asdict(each) | {"net": str(each.mid)} for each in found.intended]
    decision = asdict(found.decision)
    del decision["verdicts"]
    parts: dict[str, Any] = asdict(found)
    return to_json(parts | {"decision": decision, "verdicts": verdicts, "intended": intended})


def explain_page(found: Explanation, *, gate: str | None = None) -> RenderableType:
    """Return an explanation as pages of 100 columns; with a gate, only what it said."""
    if gate is not None:
        return Group(_title(found), *_verdicts(found.verdicts))
    return Group(*_page(found))


def _title(found: Explanation) -> RenderableType:
    regime = f"regime {found.decision.regime}{' · DRY RUN' if found.dry else ''}"
    return heading(f"steward · why {found.session} was decided so · {regime}")


def _page(found: Explanation) -> Iterable[RenderableType]:
    decision = found.decision
    yield _title(found)
    yield line(
        f"decided {clock(decision.decided_at)} UTC",
        f"rules {decision.rules_sha256[:12]}",
        f"decision version {decision.decision_version}",
    )
    yield from _inputs(found)
    yield from _signals(found)
    yield from _verdicts(found.verdicts)
    if decision.stress is not None:
        yield from shock_grid(decision.stress)
    yield from _intents(found)
    made = table("", "data", "from")
    for row in found.provenance:
        made.add_row(Text(row.provenance, style="dim"), row.subject, Text(row.detail, style="dim"))
    if found.provenance:
        yield from section("What the data was made from", made)


def _inputs(found: Explanation) -> Iterable[RenderableType]:
    made = table("", "input", ">value", "")
    for each in found.inputs:
        style = "yellow" if each.value is None else ""
        value = Text(observed(each.value), style=style)
        made.add_row(Text(each.group, style="dim"), each.name, value, Text(each.detail))
    unknown = ", ".join(found.unknown) or "none"
    yield from section("Inputs", made, line(f"unknown to the signals: {unknown}"))


def _signals(found: Explanation) -> Iterable[RenderableType]:
    made = table("signal", "value")
    for signal in found.decision.signals:
        made.add_row(signal.name, Text(observed(signal.value)))
    yield from section("Signals", made)


def _verdicts(verdicts: Sequence[Verdict]) -> Iterable[RenderableType]:
    """Yield each code with what it asks, and under it what it said of each subject."""
    grouped = defaultdict[str, list["Verdict"]](list)
    for each in verdicts:
        grouped[each.code].append(each)
    denied = sum(not each.passed for each in verdicts)
    title = f"Verdicts: {len(verdicts) - denied} passed, {denied} did not"
    yield from section(f"{title} (a rule about something held acts where it passes)")
    for code, mine in grouped.items():
        yield Text.assemble("  ", (code, "bold"), (f" passes when {words_of(code)}", "dim"))
        yield Padding(_said(mine), (0, 0, 0, 4))


def _said(verdicts: Sequence[Verdict]) -> RenderableType:
    made = table("", "", "", "")
    made.show_header = False
    for column, width in zip(made.columns, (3, 28, 26, 26), strict=True):
        column.min_width = width
        column.no_wrap = False
    for each in verdicts:
        word = Text("yes", style="green") if each.passed else Text("no", style="bold red")
        seen = f"seen {_spaced(observed(each.observed))}"
        bound = "no bound" if each.limit is None else f"bound {_spaced(observed(each.limit))}"
        made.add_row(word, each.subject, Text(seen), Text(bound))
    return made


def _spaced(text: str) -> str:
    """Let a list of words break after its commas."""
    return re.sub(r",(?=[a-z])", ", ", text)


def _intents(found: Explanation) -> Iterable[RenderableType]:
    committed = {each.intent_id: each for each in found.intents}
    if not found.intended and not committed:
        yield from section("Intents", line("none"))
    for intent in found.intended:
        row = committed.pop(intent.intent_id, None)
        yield from section(intent.intent_id, *_wanted(intent), *_became(row, dry=found.dry))
    for row in committed.values():
        yield from section(f"{row.intent_id}, not of the decision", *_became(row, dry=found.dry))


def _wanted(intent: OrderIntent) -> Iterable[RenderableType]:
    legs = ", ".join(f"{leg.ratio:+d} {leg.contract.label()}" for leg in intent.legs)
    ladder = " ".join(points(step) for step in intent.ladder.steps)
    yield Text(f"{intent.purpose.value}: {intent.reason}, {intent.quantity} x {legs}")
    after = f"after {intent.after}" if intent.after else ""
    yield line(f"mid {points(intent.mid)}", f"ladder {ladder}", after)


def _became(row: IntentRow | None, *, dry: bool) -> Iterable[RenderableType]:
    if row is None:
        yield line("previewed only: a dry run" if dry else NEVER_COMMITTED)
        return
    numbers = ", ".join(f"{each.order_id}/{each.perm_id}" for each in row.orders)
    yield line(f"order {row.order_ref}", f"numbers {numbers}" if numbers else "never sent")
    made = table("at", "what", "price", "")
    for at, what, price, detail in sorted(_course(row), key=lambda step: step[0]):
        made.add_row(clock(at), what, price, Text(detail, style="dim"))
    yield made


def _course(row: IntentRow) -> Iterable[tuple[str, str, str, str]]:
    """Yield each state, event and fill, with its time."""
    for state in row.states:
        yield state.at, f"intent {state.state}", "", state.detail
    for event in row.events:
        price = "" if event.price is None else points(event.price)
        yield event.at, f"order {event.kind} {event.status}".rstrip(), price, event.detail
    for fill in row.fills:
        cost = "unknown" if fill.commission_usd is None else f"{fill.commission_usd:.2f}"
        text = f"{fill.quantity:+d} {fill.leg}"
        yield fill.at, "fill", points(fill.price), f"{text}, commission {cost}"
