"""Everything that the code assumes of a gateway, with the code that relies on it.

``docs/assumptions.md`` is written from this table, and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One assumption.

    Parameters
    ----------
    key
        Its name in the output.
    statement
        What is assumed.
    relied_on_by
        ``module:name`` of the code that would do wrong without it.
    tested_by
        What the probe does to find out.
    otherwise
        What happens where it does not hold, and what to do.
    """

    key: str
    statement: str
    relied_on_by: tuple[str, ...]
    tested_by: str
    otherwise: str


CONNECTION: Final = (
    Assumption(
        key="paper_account",
        statement="The gateway offers paper accounts only, the configured one among them.",
        relied_on_by=("bot.broker.session:guard_account",),
        tested_by="The account list that follows the connection.",
        otherwise="Nothing is sent: every command refuses. Log in to the paper account, or set "
        "`broker.account`.",
    ),
    Assumption(
        key="server_version",
        statement="The gateway agrees on server version 176.",
        relied_on_by=("bot.broker.client:new_client", "bot.simulator.wire:MAX_VERSION"),
        tested_by="The version that the handshake agreed on.",
        otherwise="An older gateway sends messages that were tested less: update it. The client "
        "library asks for no version above 176.",
    ),
    Assumption(
        key="clock",
        statement="The gateway's time is within 2 seconds of this machine's.",
        relied_on_by=("bot.cycle:preflight",),
        tested_by="reqCurrentTime, twice, a second apart.",
        otherwise="No entries are made. Set this machine's clock by NTP.",
    ),
    Assumption(
        key="client_id_exclusive",
        statement="A client id belongs to one connection: a second one is refused with 326.",
        relied_on_by=("bot.broker.session:connect",),
        tested_by="A second connection with the same client id, closed at once.",
        otherwise="Two programs could order under one name. Run one bot on an account.",
    ),
)

REFERENCE: Final = (
    Assumption(
        key="option_dates",
        statement="The broker dates options by their last trade: SPX, VIX and VIXW by the session "
        "before settlement, SPXW by the day itself.",
        relied_on_by=(
            "bot.broker.contracts:our_contract",
            "bot.broker.market_data:MarketData.series",
            "bot.core.sessions:expiry_of",
        ),
        tested_by="Contract details of one option of each class: the date, and realExpirationDate.",
        otherwise="Expiries would be a session off: settlement, DTE and rolls. Do not trade; "
        "correct `bot.core.sessions`.",
    ),
    Assumption(
        key="own_strikes",
        statement="One request for the calls of an expiry lists the strikes that exist in it.",
        relied_on_by=("bot.broker.market_data:MarketData.with_own_strikes",),
        tested_by="Contract details of the expiry that a condor would be sold in, without strike.",
        otherwise="Nothing can be planned: the snapshot has no chain, and every entry is denied.",
    ),
    Assumption(
        key="option_ticks",
        statement="SPX and SPXW move in 0.05 below 3.00 and in 0.10 from there, VIX in 0.01 and "
        "0.05, VIXW in 0.01.",
        relied_on_by=("bot.core.ticks:tick", "bot.core.plan:make_ladder"),
        tested_by="reqMarketRule, for the rule that each class names for the order exchange.",
        otherwise="Orders are refused with 110, or priced a tick too coarse. Correct the table.",
    ),
    Assumption(
        key="liquid_hours",
        statement="Regular hours of index options end at 16:15 New York, 13:15 on half days.",
        relied_on_by=("bot.calendars:trading_days", "bot.cycle:preflight"),
        tested_by="liquidHours of an SPX option against our calendar, on every day that it names.",
        otherwise="The bot would work while the market is shut, or stop early.",
    ),
    Assumption(
        key="expiry_day_close",
        statement="SPXW stops at 16:00 (13:00 on half days) on the day it expires.",
        relied_on_by=("bot.core.sessions:settlement_time",),
        tested_by="liquidHours of the nearest SPXW expiry on its own last day.",
        otherwise="Settlement would be looked for too early or too late on that day.",
    ),
    Assumption(
        key="vx_listing",
        statement="VX futures have trading class VX, are monthly, and are dated by their "
        "settlement.",
        relied_on_by=(
            "bot.broker.contracts:vx_contract",
            "bot.broker.market_data:MarketData.vx_curve",
        ),
        tested_by="Contract details of all VX futures: each date is a monthly VIX expiry.",
        otherwise="VIX options would be priced on no future, and no hedge is bought.",
    ),
)

DATA: Final = (
    Assumption(
        key="index_levels",
        statement="SPX, VIX, VIX9D, VIX3M, VVIX and SKEW have a live last.",
        relied_on_by=("bot.broker.market_data:MarketData.indexes",),
        tested_by="One market-data line for each.",
        otherwise="What is missing is unknown; its rules block entries. Subscribe to Cboe indexes.",
    ),
    Assumption(
        key="breadth",
        statement="The bid of AD-NYSE counts advancing issues, its ask declining ones.",
        relied_on_by=("bot.broker.market_data:MarketData.breadth_now",),
        tested_by="Both counts, their sum, and on a day that is decided their direction against "
        "that of SPX.",
        otherwise="Breadth would be false, or is unknown: the sector ETFs take its place after "
        "60 sessions. Subscribe to NYSE indexes.",
    ),
    Assumption(
        key="daily_bars",
        statement="At least 300 daily bars of SPX and VIX are available.",
        relied_on_by=(
            "bot.broker.market_data:MarketData.index_bars",
            "bot.doctor_gateway:BARS_NEEDED",
        ),
        tested_by="Two years of daily bars of each.",
        otherwise="RSI, MACD and realised volatility are unknown, and entries are blocked.",
    ),
    Assumption(
        key="sector_bars",
        statement="The eleven sector ETFs have at least 60 daily bars.",
        relied_on_by=("bot.broker.market_data:MarketData.sector_breadth",),
        tested_by="Two years of daily bars of each.",
        otherwise="Breadth has no fallback until 60 sessions of AD-NYSE are kept, and entries are "
        "blocked. Subscribe to US stocks.",
    ),
    Assumption(
        key="vx_history",
        statement="A VX future has daily bars, up to its last session, after it has settled too.",
        relied_on_by=("bot.broker.vx_history:vx_days",),
        tested_by="Daily bars of the future that settled last.",
        otherwise="The change of the VX slope and the volatility of its front are unknown: hedge "
        "layers are entered at the default pace, and the cash press never holds them back.",
    ),
    Assumption(
        key="spx_option_quotes",
        statement="SPX options have live two-sided quotes.",
        relied_on_by=("bot.broker.market_data:MarketData.options",),
        tested_by="Calls and puts at the money of the expiry that a condor would be sold in.",
        otherwise="No condor can be planned. Subscribe to OPRA for the live user, and share it.",
    ),
    Assumption(
        key="vix_option_quotes",
        statement="VIX calls have live two-sided quotes.",
        relied_on_by=("bot.broker.market_data:MarketData.options",),
        tested_by="Calls at the money of the near layer's expiry.",
        otherwise="No hedge can be bought, and so no condor sold. Subscribe to OPRA.",
    ),
    Assumption(
        key="vx_quotes",
        statement="VX futures have live two-sided quotes.",
        relied_on_by=("bot.broker.market_data:MarketData.vx_curve",),
        tested_by="A line for each listed future.",
        otherwise="VIX options cannot be priced. Subscribe to CFE.",
    ),
    Assumption(
        key="settlement_values",
        statement="The indexes SET and VRO have daily bars with the settlement values.",
        relied_on_by=("bot.reconcile:reconcile",),
        tested_by="Daily bars of both.",
        otherwise="Expired SPX (AM) and VIX options stay *settling* until a person books them.",
    ),
)

ORDERS: Final = (
    Assumption(
        key="read_only_off",
        statement="The API accepts orders.",
        relied_on_by=("bot.broker.orders:place",),
        tested_by="The trial order, and the what-if before it, are not refused with 321.",
        otherwise="Nothing can be sent. Switch *Read-Only API* off in the gateway's settings.",
    ),
    Assumption(
        key="what_if",
        statement="A what-if order is answered with its margins; an unset answer may come first.",
        relied_on_by=("bot.broker.orders:what_if", "bot.execution:margin_verdict"),
        tested_by="A what-if of the trial order.",
        otherwise="The margin is unknown, and every entry is denied.",
    ),
    Assumption(
        key="combo_routing",
        statement="A combo of four legs with one net price is accepted on `broker.order_exchange`.",
        relied_on_by=("bot.broker.contracts:combo_contract",),
        tested_by="The trial order: a one-lot condor at a credit that nobody pays.",
        otherwise='Condors are rejected. Try `broker.order_exchange = "CBOE"`.',
    ),
    Assumption(
        key="combo_tick",
        statement="Combos are priced in steps of 0.05.",
        relied_on_by=("bot.core.ticks:COMBO_TICK",),
        tested_by="The trial order has an odd number of nickels.",
        otherwise="Orders are refused with 110. Correct `bot.core.ticks`.",
    ),
    Assumption(
        key="acknowledgement",
        statement="An order is acknowledged by openOrder before orderStatus.",
        relied_on_by=("bot.broker.orders:WorkingOrder",),
        tested_by="The first messages about the trial order.",
        otherwise="Its permId is known later: after a crash in that moment it is found by "
        "orderRef only.",
    ),
    Assumption(
        key="open_order",
        statement="An open order comes back with its orderRef and permId.",
        relied_on_by=("bot.broker.orders:sweep", "bot.reconcile:reconcile"),
        tested_by="The trial order in the list of all open orders.",
        otherwise="Orders could not be recognised after a restart. Do not trade.",
    ),
    Assumption(
        key="client_id_kept",
        statement="An open order comes back under the client id that placed it.",
        relied_on_by=("bot.broker.orders:cancel_listed", "bot.broker.orders:is_at_work"),
        tested_by="The same list.",
        otherwise="What a former run left open could not be cancelled. Do not trade.",
    ),
    Assumption(
        key="modify",
        statement="A working order is changed in place by its own number, and keeps its permId.",
        relied_on_by=("bot.broker.orders:reprice",),
        tested_by="The trial order asks for more.",
        otherwise="Orders rest at their first price: few would fill.",
    ),
    Assumption(
        key="cancel",
        statement="A cancelled order leaves the open orders within 10 seconds.",
        relied_on_by=("bot.broker.orders:cancel", "bot.order_walk:work"),
        tested_by="One cancel of the trial order, and the list of all open orders.",
        otherwise="Intents end as UNKNOWN, and nothing more is sent in that session.",
    ),
    Assumption(
        key="completed_order",
        statement="A cancelled order is among the completed ones, with its orderRef and permId.",
        relied_on_by=("bot.broker.orders:sweep", "bot.reconcile:conclude_leftovers"),
        tested_by="The list of completed orders.",
        otherwise="An order that ended while nobody looked would count as expired.",
    ),
)

ASSUMPTIONS: Final = (*CONNECTION, *REFERENCE, *DATA, *ORDERS)


def assumptions_document() -> str:
    """Return ``docs/assumptions.md``."""
    groups = (
        ("Connection", CONNECTION),
        ("Contracts", REFERENCE),
        ("Market data", DATA),
        ("Orders", ORDERS),
    )
    return "\n".join([_INTRODUCTION, *(_section(*group) for group in groups)])


_INTRODUCTION: Final = """\
# What the code assumes of a gateway

The simulated gateway was made from documents and recordings, not from the real one. `steward
probe` tests each assumption below on your paper account in less than five minutes and says which
holds. Run it before the first session, with the bot stopped (it uses the bot's client id), during
regular hours (9:40 to 15:50 New York), and again after each update of the gateway.

Its one order is an iron condor of one lot, sold far out of the money at a credit of more than
half its width and many times its worth: nobody pays that. It is changed once, cancelled, and
looked for until it is gone, also when you stop the probe. `--no-orders` leaves it out; so does a
kill switch that is not `active`, a closed market, or a chain without quotes.

`steward probe --record FILE` writes the conversation with account ids replaced (`--redact WORD`
hides further words); balances and positions stay in it, so look through it before you share it.
`steward gateway --replay FILE` answers from such a file, which turns a difference into a test.

This file is written by `steward probe --list`.
"""


def _section(title: str, assumptions: tuple[Assumption, ...]) -> str:
    return "\n".join([f"## {title}", "", *map(_paragraph, assumptions)])


def _paragraph(assumption: Assumption) -> str:
    code = ", ".join(f"`{name}`" for name in assumption.relied_on_by)
    return (
        f"### {assumption.key}\n\n"
        f"{assumption.statement}\n\n"
        f"- Relied on by: {code}\n"
        f"- Tested by: {assumption.tested_by}\n"
        f"- Otherwise: {assumption.otherwise}\n"
    )
