"""The state of the hedge's layers at a decision, as rows."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bot.core.book import Layer
from bot.core.decision import LayerFigures
from bot.ledger.text import optional_decimal_text

if TYPE_CHECKING:
    import sqlite3

    from bot.ledger.connection import Connection

_FIELDS: Final = tuple(field.name for field in dataclasses.fields(LayerFigures))
_MONEY: Final = frozenset(name for name in _FIELDS if name.endswith("_usd"))
CENT: Final = Decimal("0.01")


def insert_layers(
    database: sqlite3.Connection, decision_id: int | None, layers: tuple[LayerFigures, ...]
) -> None:
    """Keep the layers of a decision, amounts to the cent."""
    columns = ("decision_id", *_FIELDS, "drift")
    database.executemany(
        f"INSERT INTO hedge_layers ({', '.join(columns)}) "  # noqa: S608 - names of ours
        f"VALUES ({', '.join('?' * len(columns))})",
        [
            (decision_id, *(_written(name, getattr(each, name)) for name in _FIELDS), each.drift)
            for each in layers
        ],
    )


def layer_rows(ledger: Connection, decision_id: int) -> tuple[LayerFigures, ...]:
    """Return the layers of a decision, the near one first."""
    rows = ledger.rows("SELECT * FROM hedge_layers WHERE decision_id = ?", (decision_id,))
    found = [LayerFigures(**{name: _read(name, row[name]) for name in _FIELDS}) for row in rows]
    return tuple(sorted(found, key=lambda each: list(Layer).index(each.layer)))


def _written(name: str, value: Any) -> Any:  # noqa: ANN401 - any column
    if name in _MONEY:
        amount = None if value is None else Decimal(str(value)).quantize(CENT)
        return optional_decimal_text(amount)
    return value.value if isinstance(value, Layer) else value


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - any column
    if name == "layer":
        return Layer(value)
    return float(value) if name in _MONEY and value is not None else value
