"""One recorded chain in one Parquet file, which describes itself.

A row is one option: ``root, expiry, strike, right`` and what was quoted for it, in index points;
``quoted_at`` is in UTC. A cell that is null is unknown, with one exception that the venue makes
too: no bid beside an ask means that nobody bids. A row with neither is kept, and is no quote.

The facts of the capture lie in the file's own metadata, as JSON under ``steward``. A file comes
into being whole: it is written beside its name, flushed to the disk, and renamed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.core.errors import RecordedDataError
from bot.data.captures import (
    QUOTE_SESSIONS,
    REACH,
    Capture,
    Quotes,
    RecordedSeries,
    Sizes,
    series_of,
)
from bot.files import private_folder, replace_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORMAT: Final = "steward-chain-1"
SUFFIX: Final = ".parquet"
METADATA_KEY: Final = b"steward"
TRADED_ROOTS: Final = frozenset({"SPX", "SPXW", "VIX", "VIXW"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedOption:
    """One option of a chain, as it was quoted.

    Parameters
    ----------
    root
        Trading class: ``"SPX"``, ``"SPXW"``, ``"VIX"`` or ``"VIXW"``.
    expiry
        Date of settlement.
    strike
        Points.
    right
        ``"C"`` or ``"P"``.
    bid, ask, last
        Points; ``None`` is unknown, but for a bid beside an ask, which nobody then makes.
    bid_size, ask_size, volume, open_interest
        Contracts.
    iv, delta
        As the source computed them, decimal.
    quoted_at
        When it was read (UTC), where the source says.
    feed
        ``"live"``, ``"frozen"`` or ``"delayed"``, where the source says.
    """

    root: str
    expiry: dt.date
    strike: float
    right: str
    bid: float | None
    ask: float | None
    last: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    volume: float | None = None
    open_interest: float | None = None
    iv: float | None = None
    delta: float | None = None
    quoted_at: dt.datetime | None = None
    feed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFacts:
    """What a file says about itself; see ``bot.data.captures.Capture`` for the fields."""

    underlying: str
    session: dt.date
    quote_session: str
    captured_at: str
    spot: float | None
    expiries: int
    max_dte: int
    parity_forward: float | None
    parity_expiry: dt.date | None
    flags: tuple[str, ...]
    two_sided: bool
    source: str


def file_name(underlying: str, session: dt.date) -> str:
    """Return the name of the file of a capture: ``SPX-2025-01-07.parquet``."""
    return f"{underlying}-{session}{SUFFIX}"


def write_rows(path: Path, options: Sequence[QuotedOption], facts: CaptureFacts | None) -> None:
    """Write the options of a chain, or of a part of one, whole or not at all.

    Parameters
    ----------
    path
        The file; one that exists is replaced.
    options
        Its rows.
    facts
        Of the capture; ``None`` for a part, which is no capture.

    Raises
    ------
    RecordedDataError
        If it cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415 - 0.2 s, only where Parquet is used
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    names = [field.name for field in dataclasses.fields(QuotedOption)]
    columns = {name: [getattr(option, name) for option in options] for name in names}
    metadata = {} if facts is None else {METADATA_KEY: json.dumps(_plain(facts)).encode()}
    table = pa.table(columns, schema=_schema().with_metadata(metadata))
    content = io.BytesIO()
    pq.write_table(table, content)
    try:
        private_folder(path.parent)
        replace_bytes(path, content.getvalue())
    except OSError as fault:
        raise RecordedDataError(f"{path} cannot be written: {fault}") from fault


def read_rows(path: Path) -> tuple[QuotedOption, ...]:
    """Read every row of a file.

    Raises
    ------
    RecordedDataError
        If it is missing, damaged, or no chain of ours.
    """
    names = [field.name for field in dataclasses.fields(QuotedOption)]
    columns = _columns(path, names)
    return tuple(
        QuotedOption(**dict(zip(names, values, strict=True)))
        for values in zip(*(columns[name] for name in names), strict=True)
    )


def read_capture(path: Path) -> Capture:
    """Read what a file says about itself.

    Raises
    ------
    RecordedDataError
        If it is missing, damaged, or no capture.
    """
    metadata, rows = _metadata(path)
    try:
        facts = _facts(json.loads(metadata[METADATA_KEY]))
    except (KeyError, TypeError, ValueError) as fault:
        raise RecordedDataError(f"{path}: is no recorded chain ({FORMAT}): {fault!r}") from fault
    return Capture(
        path=path,
        underlying=facts.underlying,
        session=facts.session,
        quote_session=facts.quote_session,
        captured_at=facts.captured_at,
        spot=facts.spot,
        rows=rows,
        expiries=facts.expiries,
        max_dte=facts.max_dte,
        parity_forward=facts.parity_forward,
        parity_expiry=facts.parity_expiry,
        flags=facts.flags,
        two_sided=facts.two_sided,
    )


def read_series(path: Path) -> tuple[RecordedSeries, ...]:
    """Read the quotes of a capture, nearest expiry first; 0.0 where nobody bids or offers.

    Raises
    ------
    RecordedDataError
        If it is missing, damaged, or holds what is no option or no price.
    """
    names = ("root", "expiry", "strike", "right", "bid", "ask", "bid_size", "ask_size")
    columns = _columns(path, names)
    found: dict[tuple[str, dt.date], Quotes] = defaultdict(dict)
    sizes: dict[tuple[str, dt.date], Sizes] = defaultdict(dict)
    lines = zip(*(columns[name] for name in names), strict=True)
    for row, (root, expiry, strike, right, bid, ask, *contracts) in enumerate(lines, start=1):
        if root not in TRADED_ROOTS or right not in {"C", "P"}:
            raise RecordedDataError(f"{path}, row {row}: {root!r} {right!r} is no option of ours")
        if bid is None and ask is None:
            continue
        prices = (bid or 0.0, ask or 0.0)
        if not (strike > 0 and min(prices) >= 0 and max(prices) < float("inf")):
            raise RecordedDataError(f"{path}, row {row}: {strike:g} at {prices}: must be >= 0")
        found[root, expiry][strike, right] = prices
        of_bid, of_ask = (int(size) if size else None for size in contracts)
        if of_bid or of_ask:
            sizes[root, expiry][strike, right] = (of_bid, of_ask)
    if not found:
        raise RecordedDataError(f"{path}: no quotes")
    ordered = sorted(found, key=lambda key: key[::-1])
    return tuple(series_of(*key, found[key], sizes[key]) for key in ordered)


def _schema() -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa  # noqa: PLC0415 - as above

    kinds = {"root": pa.string(), "expiry": pa.date32(), "right": pa.string()}
    kinds["feed"] = pa.string()
    kinds["quoted_at"] = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            (field.name, kinds.get(field.name, pa.float64()))
            for field in dataclasses.fields(QuotedOption)
        ]
    )


def _columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    try:
        table = pq.read_table(path, columns=list(names))
        columns = {name: table.column(name) for name in names}
    except (OSError, KeyError, pa.ArrowException) as fault:
        raise RecordedDataError(f"{path}: cannot be read: {fault}") from fault
    schema = _schema()
    strange = [name for name in names if columns[name].type != schema.field(name).type]
    if strange:
        raise RecordedDataError(f"{path}: columns {strange} are not of the types of {FORMAT}")
    return {name: column.to_pylist() for name, column in columns.items()}


def _metadata(path: Path) -> tuple[dict[bytes, bytes], int]:
    """Return the metadata of a file, and its number of rows."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    try:
        found = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as fault:
        raise RecordedDataError(f"{path}: cannot be read: {fault}") from fault
    return found.metadata or {}, found.num_rows


def _plain(facts: CaptureFacts) -> dict[str, object]:
    texts = {"session": str(facts.session), "flags": list(facts.flags), "format": FORMAT}
    expiry = facts.parity_expiry and str(facts.parity_expiry)
    return dataclasses.asdict(facts) | texts | {"parity_expiry": expiry}


def _facts(found: dict[str, Any]) -> CaptureFacts:
    """Read the facts of a capture.

    Raises
    ------
    KeyError, TypeError, ValueError
        If one is missing, or cannot be.
    """
    if found.pop("format") != FORMAT:
        raise ValueError("another format")
    if found["underlying"] not in REACH or found["quote_session"] not in QUOTE_SESSIONS:
        raise ValueError(f"{found['underlying']!r}, {found['quote_session']!r}")
    expiry = found["parity_expiry"]
    dates = {
        "session": dt.date.fromisoformat(found["session"]),
        "parity_expiry": expiry and dt.date.fromisoformat(expiry),
    }
    return CaptureFacts(**(found | dates | {"flags": tuple(found["flags"])}))
