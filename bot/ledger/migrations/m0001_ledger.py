"""Every table of the first version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite_utils import Database

_RUNS_AND_SESSIONS: Final = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        version TEXT NOT NULL,
        mode TEXT NOT NULL,
        account TEXT NOT NULL,
        started_at TEXT NOT NULL,
        ended_at TEXT,
        outcome TEXT
    ) STRICT
    """,
    """
    CREATE TABLE config_versions (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        text TEXT NOT NULL,
        adopted_at TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX config_versions_by_hash ON config_versions (sha256)",
    """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        session TEXT NOT NULL,
        dry INTEGER NOT NULL CHECK (dry IN (0, 1)),
        run_id INTEGER NOT NULL REFERENCES runs (id),
        started_at TEXT NOT NULL,
        finished_at TEXT,
        outcome TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX sessions_once ON sessions (session) WHERE dry = 0",
    "CREATE INDEX sessions_by_day ON sessions (session, dry)",
    """
    CREATE TABLE phases (
        session_id INTEGER NOT NULL REFERENCES sessions (id),
        phase TEXT NOT NULL,
        at TEXT NOT NULL,
        detail TEXT NOT NULL CHECK (json_valid(detail)),
        PRIMARY KEY (session_id, phase)
    ) STRICT
    """,
)

_DECISIONS: Final = (
    """
    CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY,
        session TEXT NOT NULL,
        dry INTEGER NOT NULL CHECK (dry IN (0, 1)),
        taken_at TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX snapshots_by_day ON snapshots (session, dry)",
    """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY,
        session TEXT NOT NULL,
        dry INTEGER NOT NULL CHECK (dry IN (0, 1)),
        decided_at TEXT NOT NULL,
        decision_version INTEGER NOT NULL,
        regime TEXT NOT NULL,
        rules_sha256 TEXT NOT NULL,
        body BLOB NOT NULL,
        book BLOB
    ) STRICT
    """,
    "CREATE INDEX decisions_by_day ON decisions (session, dry)",
    """
    CREATE TABLE signals (
        decision_id INTEGER NOT NULL REFERENCES decisions (id),
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL CHECK (json_valid(value)),
        PRIMARY KEY (decision_id, position)
    ) STRICT
    """,
    """
    CREATE TABLE verdicts (
        decision_id INTEGER NOT NULL REFERENCES decisions (id),
        position INTEGER NOT NULL,
        code TEXT NOT NULL,
        subject TEXT NOT NULL,
        observed TEXT NOT NULL CHECK (json_valid(observed)),
        bound TEXT NOT NULL CHECK (json_valid(bound)),
        passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
        PRIMARY KEY (decision_id, position)
    ) STRICT
    """,
)

_TRADES: Final = (
    """
    CREATE TABLE structures (
        structure_id TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('condor', 'lot')),
        slot TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('planned', 'open', 'closed')),
        cash_usd TEXT NOT NULL,
        commissions_usd TEXT NOT NULL,
        planned_in TEXT NOT NULL,
        changed_in TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX structures_open ON structures (structure_id) WHERE state = 'open'",
    "CREATE INDEX structures_by_change ON structures (changed_in)",
    """
    CREATE TABLE intents (
        id INTEGER PRIMARY KEY,
        intent_id TEXT NOT NULL UNIQUE,
        order_ref TEXT NOT NULL UNIQUE CHECK (length(order_ref) <= 20),
        session TEXT NOT NULL,
        structure_id TEXT NOT NULL REFERENCES structures (structure_id),
        purpose TEXT NOT NULL,
        action TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        mid TEXT NOT NULL,
        floor TEXT NOT NULL,
        reason TEXT NOT NULL,
        state TEXT NOT NULL,
        committed_at TEXT NOT NULL,
        body TEXT NOT NULL CHECK (json_valid(body))
    ) STRICT
    """,
    "CREATE INDEX intents_by_session ON intents (session)",
    "CREATE INDEX intents_by_structure ON intents (structure_id)",
    """
    CREATE INDEX intents_live ON intents (state)
    WHERE state IN ('committed', 'sent', 'working', 'unknown')
    """,
    """
    CREATE TABLE intent_states (
        id INTEGER PRIMARY KEY,
        intent_id TEXT NOT NULL REFERENCES intents (intent_id),
        state TEXT NOT NULL,
        at TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX intent_states_by_intent ON intent_states (intent_id)",
    """
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        order_ref TEXT NOT NULL REFERENCES intents (order_ref),
        order_id INTEGER NOT NULL,
        perm_id INTEGER NOT NULL,
        client_id INTEGER NOT NULL,
        at TEXT NOT NULL,
        UNIQUE (order_ref, order_id, perm_id)
    ) STRICT
    """,
    "CREATE INDEX orders_by_number ON orders (order_id)",
    "CREATE INDEX orders_by_perm_id ON orders (perm_id)",
    """
    CREATE TABLE order_events (
        id INTEGER PRIMARY KEY,
        order_ref TEXT NOT NULL REFERENCES intents (order_ref),
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        price TEXT,
        filled REAL,
        remaining REAL,
        detail TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX order_events_by_ref ON order_events (order_ref)",
)

_FILLS: Final = (
    """
    CREATE TABLE fills (
        id INTEGER PRIMARY KEY,
        family TEXT NOT NULL,
        revision INTEGER NOT NULL,
        intent_id TEXT NOT NULL REFERENCES intents (intent_id),
        order_ref TEXT NOT NULL REFERENCES intents (order_ref),
        contract TEXT CHECK (contract IS NULL OR json_valid(contract)),
        quantity INTEGER NOT NULL,
        price TEXT NOT NULL,
        at TEXT NOT NULL,
        superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)),
        commission_known INTEGER NOT NULL DEFAULT 0 CHECK (commission_known IN (0, 1)),
        UNIQUE (family, revision)
    ) STRICT
    """,
    "CREATE INDEX fills_by_intent ON fills (intent_id)",
    """
    CREATE INDEX fills_without_commission ON fills (id)
    WHERE commission_known = 0 AND contract IS NOT NULL AND superseded = 0
    """,
    """
    CREATE TABLE commissions (
        family TEXT NOT NULL,
        revision INTEGER NOT NULL,
        usd TEXT NOT NULL,
        PRIMARY KEY (family, revision)
    ) STRICT
    """,
    """
    CREATE TABLE settlements (
        structure_id TEXT NOT NULL REFERENCES structures (structure_id),
        label TEXT NOT NULL,
        contract TEXT NOT NULL CHECK (json_valid(contract)),
        session TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        value_points TEXT NOT NULL,
        PRIMARY KEY (structure_id, label)
    ) STRICT
    """,
    "CREATE INDEX settlements_by_session ON settlements (session)",
)

_MARKS: Final = (
    """
    CREATE TABLE marks (
        session TEXT PRIMARY KEY,
        at TEXT NOT NULL,
        nav_usd TEXT,
        shadow_nav_usd TEXT,
        cash_usd TEXT,
        condor_value_usd TEXT,
        hedge_value_usd TEXT,
        hedge_mid_value_usd TEXT,
        hedge_pnl_usd TEXT,
        condor_pnl_usd TEXT,
        commissions_usd TEXT NOT NULL,
        broker_nav_usd TEXT,
        gross_width_usd REAL NOT NULL,
        units_required INTEGER NOT NULL,
        units_held INTEGER NOT NULL,
        unknown_marks INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE positions (
        session TEXT NOT NULL,
        structure_id TEXT NOT NULL,
        label TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('condor', 'lot', 'residual')),
        slot TEXT NOT NULL,
        expiry TEXT NOT NULL,
        opened TEXT,
        quantity INTEGER NOT NULL,
        entry_points TEXT,
        mark_points TEXT,
        PRIMARY KEY (session, structure_id, label)
    ) STRICT
    """,
    """
    CREATE TABLE breadth (
        source TEXT NOT NULL,
        session TEXT NOT NULL,
        advances REAL NOT NULL,
        declines REAL NOT NULL,
        PRIMARY KEY (source, session)
    ) STRICT
    """,
    """
    CREATE TABLE alerts (
        id INTEGER PRIMARY KEY,
        session TEXT,
        at TEXT NOT NULL,
        code TEXT NOT NULL,
        text TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX alerts_by_session ON alerts (session)",
    """
    CREATE TABLE incidents (
        id INTEGER PRIMARY KEY,
        session TEXT,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX incidents_by_session ON incidents (session)",
    """
    CREATE TABLE provenance (
        session TEXT NOT NULL,
        subject TEXT NOT NULL,
        provenance TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (session, subject, provenance, detail)
    ) STRICT
    """,
)


def ledger(database: Database) -> None:
    """Create every table of the first version."""
    for statement in (*_RUNS_AND_SESSIONS, *_DECISIONS, *_TRADES, *_FILLS, *_MARKS):
        database.execute(statement)
    database.execute("PRAGMA user_version = 1")
