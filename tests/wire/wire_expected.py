"""What every client library must find, written by hand, and where the libraries differ.

Prices come from ``fixed_market.py``. Fills: a limit at the natural price fills at once. The
condor opens at the natural credit 20.00 + 8.00 - 12.40 - 2.70 = 12.90 and closes at the natural
debit 20.40 + 8.40 - 12.00 - 2.50 = 14.30. Commissions: 0.65 USD a contract and the exchange's
fee, for a VIX option from 1.00 to 1.99 of premium 0.40, for SPX options 0.45.
"""

from __future__ import annotations

from typing import Any

UNIQUE = {
    "symbol": "VIX   260819C00020000",
    "last_trade": "20260818",
    "expiry": "20260819",
    "multiplier": "100",
    "exchanges": "SMART,CBOE",
    "rules": "110,110",
    "underlying": ["VIX", "IND"],
    "today": "20260720:0830-20260720:1515",
    "saturday": "20260725:CLOSED",
}

OPENING = [
    ["BAG", 0.0, "BOT", 1.0, -12.9],
    ["OPT", 6000.0, "BOT", 1.0, 12.4],
    ["OPT", 6100.0, "SLD", 1.0, 20.0],
    ["OPT", 6700.0, "SLD", 1.0, 8.0],
    ["OPT", 6800.0, "BOT", 1.0, 2.7],
]
CLOSING = [
    ["BAG", 0.0, "SLD", 1.0, -14.3],
    ["OPT", 6000.0, "SLD", 1.0, 12.0],
    ["OPT", 6100.0, "BOT", 1.0, 20.4],
    ["OPT", 6700.0, "BOT", 1.0, 8.4],
    ["OPT", 6800.0, "SLD", 1.0, 2.5],
]

ONE_CALL: dict[str, Any] = {
    "statuses": ["PendingSubmit", "PreSubmitted", "Submitted", "Filled"],
    "fill": ["OPT", 20.0, "BOT", 1.0, 1.6],
    "reference": ["steward", "steward"],
    "commission": 1.05,
    "time": "15:00:00",
    "average": 1.6,
}

EXPECTED: dict[str, dict[str, Any]] = {
    "connect_and_synchronise": {
        "version": 176,
        "accounts": ["DU1234567"],
        "notices": [2104, 2106, 2158],
        "positions": 0,
        "orders": 0,
    },
    "live_account": {"accounts": ["U1234567", "U7654321"]},
    "current_time": {"time": "2026-07-20 13:00:00"},
    "stepped_clock": {
        "before": "13:00:00",
        "still": "13:00:00",
        "after": "2026-07-21 13:01:30",
    },
    "busy_client_id": {"refused": True, "codes": [326], "first_still_connected": True},
    "unknown_message": {"heard": [[-1, 321]]},
    "account_values": {
        "values": {
            "NetLiquidation": "1000000.00",
            "TotalCashValue": "1000000.00",
            "ExcessLiquidity": "1000000.00",
            "InitMarginReq": "0.00",
        },
        "summary": "1000000.00",
    },
    "positions": {
        "quantity": 2.0,
        "contract": ["VIX   260819C00020000", ""],
        "cost": 161.05,
        "market_value": 310.0,
        "unrealized": -12.1,
    },
    # bought 2 at 1.60 with 2.10 of commission, marked at 1.75 after noon
    "profit_and_loss": {"daily": 27.9, "unrealized": 27.9},
    "contract_details_unique": UNIQUE,
    "contract_details_ambiguous": {"classes": ["SPX", "SPXW"]},
    "contract_details_absent": {"found": 0, "codes": [200]},
    "option_parameters": {
        "SMART SPX": [["20260820"], 241, "100"],
        "CBOE SPX": [["20260820"], 241, "100"],
        "SMART SPXW": [["20260820", "20260821"], 241, "100"],
        "CBOE SPXW": [["20260820", "20260821"], 241, "100"],
    },
    "market_rule": {"bands": [[0.0, 0.01], [3.0, 0.05]]},
    "unsupported_request": {"answer": 0, "codes": [162]},
    "snapshot_quotes": {"call": [1.5, 1.6, 10, 15], "type": 1, "future": [17.95, 18.05]},
    "index_quotes": {"spx": [6400.0, 6380.0], "advances_declines": [1600.0, 1200.0]},
    "streaming_quotes": {"before": [1.5, 1.6], "after": [1.7, 1.8]},
    # F 18, K 20, 95 %, 30.54 days (it settles beyond the sessions played, so the day after
    # counts): s = .95 sqrt(.083676) = .274805, d1 = ln(.9)/s + s/2 = -.246001, n(d1) = .387052;
    # gamma = n/(F s), vega = F n sqrt(T)/100, theta = -F n .95/(2 sqrt(T))/365
    "option_computations": {
        "iv": 0.95,
        "delta": 0.35,
        "underlying": 18.0,
        "ordered": True,
        "gamma": 0.078,
        "vega": 0.0202,
        "theta": -0.0313,
    },
    "nobody_bids": {"bid": [-1.0, 0], "ask": 0.05},
    "delayed_data": {"quote": [1.5, 1.6], "type": 3, "codes": [10167]},
    "not_subscribed": {"known": False, "codes": [354]},
    "line_limit": {"over": [101], "after_cancel": [101]},
    "historical_bars": {
        "bars": [
            ["2026-07-16", 6379.0, 6381.0, 6376.0, 6380.0],
            ["2026-07-17", 6380.0, 6382.0, 6377.0, 6381.0],
            ["2026-07-20", 6400.0, 6400.0, 6400.0, 6400.0],
        ],
        "none": 0,
        "codes": [162],
    },
    "fill_of_one_call": ONE_CALL,
    # the library hears the execution while it still believes the order to be on its way
    "executions_first": ONE_CALL,
    "modify": {"resting": "Submitted", "status": "Filled", "same": True},
    "cancel": {"status": "Cancelled", "codes": [202], "again": [10148, 10147], "open": 0},
    "reject": {"codes": [200, 201], "unknown": True, "dear": True},
    "what_if": {"initial": True, "after": True, "commission": True, "orders": 0},
    "combo_open_and_close": {
        "open": OPENING,
        "open_average": -12.9,
        "families": 1,
        "held": [[6000.0, 1.0], [6100.0, -1.0], [6700.0, -1.0], [6800.0, 1.0]],
        "close": CLOSING,
        "close_average": -14.3,
        "left": 0,
    },
    "partial_fill": {"status": "Submitted", "filled": 1.0, "remaining": 2.0},
    "open_orders_of_others": {"own": 0, "all": ["mine"]},
    "executions_after_reconnect": {
        "fills": [["OPT", 20.0, "BOT", 1.0, 1.6]],
        "references": ["steward"],
        "commissions": [1.05],
    },
    "completed_orders_after_reconnect": {
        "reference": "condor",
        "status": "Filled",
        "filled": 1.0,
        "legs": ["BUY", "SELL", "SELL", "BUY"],
        "price": -12.9,
    },
    "restored_order_sent_back": {"status": "Filled", "codes": []},
}

ROUND_TRIP: dict[str, Any] = {
    "contract": "VIX   260819C00020000",
    "rules": "110,110",
    "open": ["resting", 1.5, "DAY"],
    "same": True,
    "completed": ["filled", "Filled"],
    "executions": 5,
    "sent": 5,
}
"""Facts that are the same with every server version."""

DIFFERENCES: dict[tuple[str, str], dict[str, Any]] = {
    # it speaks no more than version 157
    ("ibapi", "connect_and_synchronise"): {"version": 157},
    # a bid or ask without a size is nobody's to it, and -1
    ("ib_async", "index_quotes"): {"advances_declines": [-1, -1]},
    # it has no status of its own before the gateway's first
    ("ibapi", "fill_of_one_call"): {"statuses": ["PreSubmitted", "Submitted", "Filled"]},
    ("ibapi", "executions_first"): {"statuses": ["PreSubmitted", "Submitted", "Filled"]},
}
"""Facts that one library finds otherwise: (library, scenario) and the facts that replace."""
