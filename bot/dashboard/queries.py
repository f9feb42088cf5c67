"""Saved queries of the ledger, for Datasette: what is asked often and no page of ours shows."""

from __future__ import annotations

from typing import Final

_DENIALS: Final = """
SELECT code, count(*) AS verdicts, sum(passed = 0) AS denied,
       round(100.0 * sum(passed = 0) / count(*), 1) AS denied_pct
FROM verdicts JOIN decisions ON decisions.id = decision_id
WHERE dry = 0 GROUP BY code ORDER BY denied DESC
"""
_ENTRIES: Final = """
SELECT substr(session, 1, 7) AS month, count(*) AS intents, sum(state = 'filled') AS filled,
       sum(state = 'denied') AS denied, sum(state = 'cancelled') AS cancelled
FROM intents WHERE action = 'open_condor' GROUP BY month ORDER BY month DESC
"""
_HEDGE: Final = """
SELECT session, units_held, units_required, hedge_pnl_usd, hedge_value_usd
FROM marks ORDER BY session DESC
"""
_SLOW: Final = """
SELECT session, min(at) AS began, max(at) AS ended,
       round((julianday(max(at)) - julianday(min(at))) * 86400) AS seconds
FROM phases JOIN sessions ON sessions.id = session_id WHERE dry = 0
GROUP BY session ORDER BY seconds DESC
"""
_SIGNAL: Final = """
SELECT decisions.session, value FROM signals JOIN decisions ON decisions.id = decision_id
WHERE dry = 0 AND name = :name ORDER BY decisions.session DESC
"""
QUERIES: Final = {
    "gates_that_deny": {"title": "Which gates deny how often", "sql": _DENIALS},
    "entries_by_month": {"title": "Entries by month", "sql": _ENTRIES},
    "hedge_by_session": {"title": "Hedge units and profit by session", "sql": _HEDGE},
    "longest_sessions": {"title": "Sessions by the time they took", "sql": _SLOW},
    "signal_by_session": {"title": "One signal through time (vix, spx_rsi, ...)", "sql": _SIGNAL},
}
"""By the name that stands in their address."""
