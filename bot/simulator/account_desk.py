"""The account as clients see it: values, portfolio, positions, profit and loss.

Everything is a *feed*: rows that are told once in full, and again when they change. Changes are
looked for when a position moves and, as at the broker, every three minutes; profit and loss
whenever time has moved. As at the broker, a position's contract carries no
exchange, average costs are USD a contract with the commission in them, and a position that is
gone is told once with quantity 0.

Only the first account of the settings trades. Others are listed and have no rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.simulator.contracts import contract_fields, wire_date
from bot.simulator.errors import RequestRefusedError
from bot.simulator.hours import NEW_YORK
from bot.simulator.orders import PositionEvent
from bot.simulator.wire import Field, Message, Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.simulator.account import PortfolioLine
    from bot.simulator.connection import Connection, Handler
    from bot.simulator.instruments import Instrument
    from bot.simulator.orders import Event
    from bot.simulator.wire import Fields
    from bot.simulator.world import World

Row: TypeAlias = tuple[Message, tuple[Field, ...]]
"""One message: its number and what stands behind it."""

FeedKey: TypeAlias = tuple[Request, int]
"""Which feed of a client: the request that opened it, and its id (0 where it has none)."""

Values: TypeAlias = Mapping[str, tuple[str, str]]
"""The account page: (value, currency) by key."""


PERIOD: Final = dt.timedelta(minutes=3)
"""How often a page is told anew while no position moves."""

EACH_MOMENT: Final = frozenset({Request.PNL, Request.PNL_SINGLE})


@dataclass(slots=True)
class Feed:
    """Rows of one client.

    Parameters
    ----------
    rows
        Makes all rows as of now, each under a name of its own.
    """

    rows: Callable[[], dict[str, Row]]
    told: dict[str, Row] = field(default_factory=dict)

    def tell(self, client: Connection) -> None:
        """Tell the rows that the client does not know as they are."""
        for name, row in self.rows().items():
            if self.told.get(name) != row:
                self.told[name] = row
                message, fields = row
                client.send(message, *fields)


class AccountDesk:
    """Serves the account.

    Parameters
    ----------
    world
        The account and its time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._feeds: dict[Connection, dict[FeedKey, Feed]] = {}
        self._moment: Values | None = None
        """Values of the account while all feeds are told of one instant."""
        self._told_at = world.now

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers of this desk by request number."""
        return {
            Request.ACCOUNT_UPDATES: self.account_updates,
            Request.ACCOUNT_UPDATES_MULTI: self.account_updates_multi,
            Request.ACCOUNT_SUMMARY: self.account_summary,
            Request.POSITIONS: self.positions,
            Request.POSITIONS_MULTI: self.positions_multi,
            Request.PNL: self.pnl,
            Request.PNL_SINGLE: self.pnl_single,
            Request.CANCEL_ACCOUNT_UPDATES_MULTI: self._cancel(Request.ACCOUNT_UPDATES_MULTI),
            Request.CANCEL_ACCOUNT_SUMMARY: self._cancel(Request.ACCOUNT_SUMMARY),
            Request.CANCEL_POSITIONS: self._cancel(Request.POSITIONS, by_id=False),
            Request.CANCEL_POSITIONS_MULTI: self._cancel(Request.POSITIONS_MULTI),
            Request.CANCEL_PNL: self._cancel(Request.PNL),
            Request.CANCEL_PNL_SINGLE: self._cancel(Request.PNL_SINGLE),
        }

    def forget(self, client: Connection) -> None:
        """End all feeds of a client that is gone."""
        self._feeds.pop(client, None)

    def refresh(self) -> None:
        """Tell of time that has passed."""
        if self._world.now - self._told_at >= PERIOD:
            self._tell_all()
            return
        for client, feeds in self._feeds.items():
            for (request, _), feed in feeds.items():
                if request in EACH_MOMENT:
                    feed.tell(client)

    def _tell_all(self) -> None:
        """Tell every feed what changed."""
        if not self._feeds:
            return
        self._told_at = self._world.now
        self._moment = self._values()
        try:
            for client, feeds in self._feeds.items():
                for feed in feeds.values():
                    feed.tell(client)
        finally:
            self._moment = None

    def tell(self, events: Iterable[Event]) -> None:
        """Tell the feeds what a trade or a settlement changed, positions that are gone first."""
        moved = [event for event in events if isinstance(event, PositionEvent)]
        for event in moved:
            if event.quantity == 0:
                self._tell_gone(event.instrument)
        if moved:
            self._tell_all()

    def _tell_gone(self, instrument: Instrument) -> None:
        """Let position feeds say once that a position is gone."""
        name, row = _position_name(instrument), self._position_row(instrument)
        for client, feeds in self._feeds.items():
            for (request, req_id), feed in feeds.items():
                if feed.told.pop(name, None) is not None:
                    multi = request is Request.POSITIONS_MULTI
                    message, fields = self._multi_row(row, req_id) if multi else row
                    client.send(message, *fields)

    # -- requests --------------------------------------------------------------------------

    def account_updates(self, client: Connection, fields: Fields) -> None:
        """Tell account values and portfolio and keep them up to date, or stop doing so."""
        subscribe, account = fields.flag(), fields.text()
        if not subscribe:
            self._of(client).pop((Request.ACCOUNT_UPDATES, 0), None)
            return
        rows = self._page_rows if self._trades(-1, account) else _no_rows
        self._open(client, (Request.ACCOUNT_UPDATES, 0), rows)
        now = self._world.now.astimezone(NEW_YORK)
        client.send(Message.ACCOUNT_TIME, 1, f"{now:%H:%M}")
        client.send(Message.ACCOUNT_DOWNLOAD_END, 1, account or self._world.account.account_id)

    def account_updates_multi(self, client: Connection, fields: Fields) -> None:
        """Tell the account's values by request id and keep them up to date."""
        req_id, account = fields.integer(), fields.text()

        def rows() -> dict[str, Row]:
            head = (1, req_id, self._world.account.account_id, "")
            return {
                key: (Message.ACCOUNT_UPDATE_MULTI, (*head, key, value, currency))
                for key, (value, currency) in self._values().items()
            }

        trades = self._trades(req_id, account)
        self._open(client, (Request.ACCOUNT_UPDATES_MULTI, req_id), rows if trades else _no_rows)
        client.send(Message.ACCOUNT_UPDATE_MULTI_END, 1, req_id)

    def account_summary(self, client: Connection, fields: Fields) -> None:
        """Tell the tags asked for and keep them up to date."""
        req_id, _group, tags = fields.integer(), fields.text(), fields.text().split(",")

        def rows() -> dict[str, Row]:
            values = self._values()
            head = (1, req_id, self._world.account.account_id)
            return {
                tag: (Message.ACCOUNT_SUMMARY, (*head, tag, *values[tag]))
                for tag in tags
                if tag in values
            }

        self._open(client, (Request.ACCOUNT_SUMMARY, req_id), rows)
        client.send(Message.ACCOUNT_SUMMARY_END, 1, req_id)

    def positions(self, client: Connection, _fields: Fields) -> None:
        """Tell all positions and keep them up to date."""
        self._open(client, (Request.POSITIONS, 0), self._position_rows)
        client.send(Message.POSITIONS_END, 1)

    def positions_multi(self, client: Connection, fields: Fields) -> None:
        """Tell all positions by request id and keep them up to date."""
        req_id, account = fields.integer(), fields.text()

        def rows() -> dict[str, Row]:
            positions = self._position_rows().items()
            return {name: self._multi_row(row, req_id) for name, row in positions}

        trades = self._trades(req_id, account)
        self._open(client, (Request.POSITIONS_MULTI, req_id), rows if trades else _no_rows)
        client.send(Message.POSITION_MULTI_END, 1, req_id)

    def pnl(self, client: Connection, fields: Fields) -> None:
        """Tell the day's profit and keep it up to date."""
        req_id, account = fields.integer(), fields.text()

        def rows() -> dict[str, Row]:
            pnl = self._world.account.pnl()
            amounts = (pnl.daily, pnl.unrealized, pnl.realized)
            return {"pnl": (Message.PNL, (req_id, *map(float, amounts)))}

        trades = self._trades(req_id, account)
        self._open(client, (Request.PNL, req_id), rows if trades else _no_rows)

    def pnl_single(self, client: Connection, fields: Fields) -> None:
        """Tell the profit of one position and keep it up to date."""
        req_id, _account, _model, con_id = fields.integer(), *fields.take(2), fields.integer()

        def rows() -> dict[str, Row]:
            lines = self._world.account.portfolio()
            return {
                _position_name(line.instrument): (Message.PNL_SINGLE, (req_id, *_single(line)))
                for line in lines
                if line.instrument.con_id == con_id
            }

        self._open(client, (Request.PNL_SINGLE, req_id), rows)

    # -- feeds -----------------------------------------------------------------------------

    def _of(self, client: Connection) -> dict[FeedKey, Feed]:
        return self._feeds.setdefault(client, {})

    def _open(self, client: Connection, key: FeedKey, rows: Callable[[], dict[str, Row]]) -> None:
        feed = Feed(rows)
        self._of(client)[key] = feed
        feed.tell(client)

    def _cancel(self, request: Request, *, by_id: bool = True) -> Handler:
        def handler(client: Connection, fields: Fields) -> None:
            self._of(client).pop((request, fields.integer() if by_id else 0), None)

        return handler

    def _trades(self, req_id: int, account: str) -> bool:
        """Return whether it is the account that trades.

        Raises
        ------
        RequestRefusedError
            If it is none of the gateway's accounts.
        """
        if account not in {"", "All", *self._world.settings.accounts}:
            text = f"Error validating request. Invalid account code '{account}'"
            raise RequestRefusedError(req_id, 321, text)
        return account in {"", "All", self._world.account.account_id}

    # -- rows ------------------------------------------------------------------------------

    def _values(self) -> Values:
        return self._moment or self._world.account.values(self._world.now)

    def _page_rows(self) -> dict[str, Row]:
        account = self._world.account.account_id
        values: dict[str, Row] = {
            key: (Message.ACCOUNT_VALUE, (2, key, value, currency, account))
            for key, (value, currency) in self._values().items()
        }
        portfolio = {
            f"portfolio {line.instrument.con_id}": _portfolio_row(line, account)
            for line in self._world.account.portfolio()
        }
        return values | portfolio

    def _position_rows(self) -> dict[str, Row]:
        return {
            _position_name(line.instrument): self._position_row(line.instrument)
            for line in self._world.account.positions()
        }

    def _position_row(self, instrument: Instrument) -> Row:
        line = self._world.account.position(instrument)
        contract = contract_fields(replace(instrument, exchange=""))
        amounts = (line.quantity, float(line.avg_cost))
        return Message.POSITION, (3, self._world.account.account_id, *contract, *amounts)

    @staticmethod
    def _multi_row(row: Row, req_id: int) -> Row:
        """Return a position as the row of a request: version, id, the same, model code."""
        _version, *rest = row[1]
        return Message.POSITION_MULTI, (1, req_id, *rest, "")


def _no_rows() -> dict[str, Row]:
    return {}


def _position_name(instrument: Instrument) -> str:
    return f"position {instrument.con_id}"


def _portfolio_row(line: PortfolioLine, account: str) -> Row:
    instrument = line.instrument
    contract: tuple[Field, ...] = (
        instrument.con_id,
        instrument.symbol,
        instrument.sec_type,
        wire_date(instrument.last_trade),
        instrument.strike,
        instrument.right,
        instrument.multiplier,
        "CBOE" if instrument.sec_type == "OPT" else instrument.primary_exchange,
        instrument.currency,
        instrument.local_symbol,
        instrument.trading_class,
    )
    market = (line.market_price, line.market_value, line.avg_cost)
    profit = (line.unrealized_pnl, line.realized_pnl)
    amounts = map(float, (*market, *profit))
    return Message.PORTFOLIO_VALUE, (8, *contract, line.quantity, *amounts, account)


def _single(line: PortfolioLine) -> tuple[Field, ...]:
    """Return position, day's profit (realized and open), open, realized profit, and value."""
    day = line.unrealized_pnl + line.realized_pnl
    amounts = (day, line.unrealized_pnl, line.realized_pnl, line.market_value)
    return (line.quantity, *map(float, amounts))
