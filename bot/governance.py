"""Who may change the strategy: the rules in force, and the ones proposed (methodology, 10).

- The ledger says which rules are in force: the newest version that was adopted. The first start
  adopts ``config/rules.toml`` as it is.
- From then on the file is a *proposal* wherever it differs. The bot says once that it waits, and
  goes on with the adopted rules. It does the same with a file that cannot be read as rules.
- A person adopts a proposal, with a reason. It is in force from the next session on: a session
  that has begun keeps the rules that it began with, also after a restart.
- A version of steward that knows more keys than the one before completes the adopted rules with
  the defaults of the new keys, and records that as a version of its own. A version that cannot
  read the adopted rules at all refuses to go on: it never guesses.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.config import canonical_text, fingerprint, load_rules, read_canonical
from bot.core.errors import ConfigError, LedgerError
from bot.core.rules import Rules
from bot.ledger.store import Ledger
from bot.ledger.versions import ConfigVersion
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from bot.core.model import Session

log = get_logger(__name__)

KIND: Final = "rules"
FIRST_START: Final = "first start"
COMPLETED: Final = "completed: keys that this version of steward added are at their defaults"
SHOWN: Final = 12
"""Characters of a hash that people are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Rules and the hash that decisions made by them carry."""

    rules: Rules
    sha256: str

    @classmethod
    def read(cls, path: Path) -> InForce:
        """Read the file at `path`; see ``bot.config.load_rules``."""
        rules, sha256 = load_rules(path)
        return cls(rules=rules, sha256=sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One key whose value differs between the rules in force and the proposal."""

    key: str
    adopted: object
    proposed: object


def adopted_rules(ledger: Ledger) -> InForce | None:
    """Return the rules in force; ``None`` before the first start.

    Keys that they do not have, because this version added them, are at their defaults.

    Raises
    ------
    ConfigError
        If this version cannot read them.
    """
    version = ledger.config_in_force(KIND)
    return None if version is None else rules_of(ledger, version.sha256)


def rules_of(ledger: Ledger, sha256: str) -> InForce:
    """Return the rules that a decision was made by.

    Raises
    ------
    LedgerError
        If they were never adopted.
    ConfigError
        If this version cannot read them.
    """
    source = f"rules {sha256[:SHOWN]} of the ledger"
    return InForce(rules=read_canonical(ledger.load_config(sha256), source), sha256=sha256)


def adopted_at(path: Path) -> InForce | None:
    """Return the rules in force by the ledger at `path`; ``None`` if it cannot say."""
    try:
        with Ledger.open_read_only(path) as ledger:
            return adopted_rules(ledger)
    except LedgerError:
        return None


def rules_for(  # noqa: PLR0913 - a session and its two sets of rules
    ledger: Ledger,
    session: Session,
    *,
    dry: bool,
    first: Rules,
    path: Path,
    at: dt.datetime,
) -> InForce:
    """Return the rules by which `session` is decided, and say once what waits for a person.

    Parameters
    ----------
    ledger
        Open for writing.
    session, dry
        The session about to begin, or to go on.
    first
        Adopted if nothing was adopted before.
    path
        ``config/rules.toml``, looked at for a proposal.
    at
        The time.

    Raises
    ------
    ConfigError
        If this version cannot read the rules in force.
    """
    in_force = _completed(ledger, at) or _first_start(ledger, first, at)
    _announce(ledger, in_force.rules, path, session=session, at=at)
    begun = ledger.rules_of_session(session, dry=dry)
    return in_force if begun is None else rules_of(ledger, begun)


def _first_start(ledger: Ledger, rules: Rules, at: dt.datetime) -> InForce:
    return _record(ledger, rules, at=at, reason=FIRST_START)


def _completed(ledger: Ledger, at: dt.datetime) -> InForce | None:
    """Return the adopted rules, recorded anew if this version added keys to them."""
    adopted = adopted_rules(ledger)
    if adopted is None or fingerprint(adopted.rules) == adopted.sha256:
        return adopted
    log.warning("rules.completed", before=adopted.sha256[:SHOWN])
    return _record(ledger, adopted.rules, at=at, reason=COMPLETED)


def _record(
    ledger: Ledger, rules: Rules, *, at: dt.datetime, reason: str, by_person: bool = False
) -> InForce:
    made = InForce(rules=rules, sha256=fingerprint(rules))
    ledger.save_config(
        KIND, canonical_text(rules), sha256=made.sha256, at=at, reason=reason, by_person=by_person
    )
    log.info("rules.in_force", sha256=made.sha256[:SHOWN], reason=reason)
    return made


def _announce(
    ledger: Ledger, adopted: Rules, path: Path, *, session: Session, at: dt.datetime
) -> None:
    """Say that the file differs from the rules in force, or is at fault; each version once."""
    try:
        proposed = load_rules(path)
    except ConfigError as error:
        text = f"the adopted rules go on; {'; '.join(error.faults)}"
        _once(ledger, "RULES_FAULTY", text, session=session, at=at)
        return
    found = changes(adopted, proposed[0])
    if found:
        keys = ", ".join(change.key for change in found)
        text = f"{proposed[1][:SHOWN]} waits, the adopted rules go on; it changes {keys}"
        _once(ledger, "RULES_PROPOSED", text, session=session, at=at)


def _once(ledger: Ledger, code: str, text: str, *, session: Session, at: dt.datetime) -> None:
    if not ledger.has_alert(code, text):
        log.warning(code.lower(), text=text)
        ledger.alert(code, text, session=session, at=at)


def changes(adopted: Rules, proposed: Rules) -> tuple[RuleChange, ...]:
    """Return every key whose value differs, in the order of the rules."""
    return _differences(dict(values_of(adopted)), dict(values_of(proposed)))


def values_of(rules: Rules) -> Iterator[tuple[str, object]]:
    """Yield each key as it is written, ``condor.balanced.put``, with its value."""
    return _leaves("", json.loads(json.dumps(dataclasses.asdict(rules))))


def values_named(rules: Rules, name: str | None) -> tuple[tuple[str, object], ...]:
    """Return the values of a table of the rules, or of each key of a name; all for ``None``.

    Raises
    ------
    ConfigError
        If nothing is called so.
    """
    values = tuple(values_of(rules))
    if name is None:
        return values
    found = tuple((key, value) for key, value in values if f".{name}." in f".{key}.")
    if not found:
        tables = ", ".join(dict.fromkeys(key.partition(".")[0] for key, _ in values))
        raise ConfigError((f"no rule is called {name!r}; there are {tables}, and what is in them",))
    return found


def _leaves(prefix: str, tree: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The rules in force, those that wait, and on what they differ."""

    adopted: Rules
    proposed: Rules
    changes: tuple[RuleChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Which rules are in force, and what waits.

    Parameters
    ----------
    version
        The version in force; ``None`` before the first start.
    history
        Every version, oldest first.
    proposed
        The file as it is; ``None`` where it is at fault.
    waiting
        What adopting it would change.
    faults
        What is wrong with the file.
    """

    version: ConfigVersion | None
    history: tuple[ConfigVersion, ...]
    proposed: InForce | None
    waiting: tuple[RuleChange, ...]
    faults: tuple[str, ...]


def standing(ledger: Ledger | None, path: Path) -> Standing:
    """Return which rules are in force by `ledger`, if there is one, and what `path` proposes."""
    proposed: InForce | None = None
    faults: tuple[str, ...] = ()
    try:
        proposed = InForce.read(path)
    except ConfigError as error:
        faults = error.faults
    history = ledger.config_history(KIND) if ledger else ()
    version = history[-1] if history else None
    return Standing(
        version=version,
        history=history,
        proposed=proposed,
        waiting=_changes_of(version.text, proposed.rules) if version and proposed else (),
        faults=faults,
    )


def proposal(ledger: Ledger, path: Path) -> Proposed:
    """Return the rules in force and those that `path` proposes in their place.

    Raises
    ------
    ConfigError
        If the file is at fault or changes nothing, or nothing is in force yet.
    """
    adopted, file = adopted_rules(ledger), InForce.read(path)
    if adopted is None:
        raise ConfigError((f"{ledger.path}: nothing is in force yet: the first start adopts",))
    found = changes(adopted.rules, file.rules)
    if not found:
        text = f"{path}: proposes nothing: rules {file.sha256[:SHOWN]} are in force already"
        raise ConfigError((text,))
    return Proposed(adopted=adopted.rules, proposed=file.rules, changes=found)


def adopt(ledger: Ledger, path: Path, *, reason: str, at: dt.datetime) -> tuple[RuleChange, ...]:
    """Put the proposal at `path` in force from the next session on; return what it changes.

    Raises
    ------
    ConfigError
        If there is no reason, the file is at fault, or it changes nothing.
    LedgerError
        If the ledger refuses.
    """
    if not reason.strip():
        raise ConfigError(("--reason: missing: an adoption needs a reason; nothing was adopted",))
    proposed, sha256 = load_rules(path)
    version = ledger.config_in_force(KIND)
    if version is None:
        raise ConfigError((f"{ledger.path}: nothing is in force yet: the first start adopts",))
    found = _changes_of(version.text, proposed)
    if version.sha256 == sha256 or not found:
        text = f"{path}: proposes nothing: rules {sha256[:SHOWN]} are in force already"
        raise ConfigError((text,))
    _record(ledger, proposed, at=at, reason=reason.strip(), by_person=True)
    return found


def _changes_of(text: str, proposed: Rules) -> tuple[RuleChange, ...]:
    """Compare with a version that this program may not be able to read as rules any more."""
    before = dict(values_of(Rules())) | dict(_leaves("", json.loads(text)))
    return _differences(before, dict(values_of(proposed)))


def _differences(before: dict[str, object], after: dict[str, object]) -> tuple[RuleChange, ...]:
    return tuple(
        RuleChange(key=key, adopted=before.get(key), proposed=after.get(key))
        for key in after | before
        if before.get(key) != after.get(key)
    )
