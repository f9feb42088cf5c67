"""A recording in progress: parts of a chain, one for each series, until all of them are there.

``.recording-SPX-2025-01-07/`` holds a manifest and one Parquet file for each series that is done.
Each comes into being whole, so that a recording which was killed has series that are done and
series that are not, and nothing in between.

**Resume or discard.** The next start goes on where it stood, if it is the same session and no more
than `RESUME_WITHIN` has passed since the last part: quotes of one chain belong to one time of day.
Otherwise all of it is discarded, and the recording begins anew. A chain is a capture only when
every series is there; its parts are then removed.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.core.errors import RecordedDataError
from bot.data.chain_files import SUFFIX, file_name, read_rows, write_rows
from bot.data.chain_quality import SeriesName, facts_of
from bot.files import private_folder, replace_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.data.chain_files import CaptureFacts, QuotedOption

PARTS: Final = ".recording-"
MANIFEST: Final = "manifest.json"
FORMAT: Final = "steward-recording-1"
RESUME_WITHIN: Final = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The chain of one underlying on one session, on its way into one file.

    Parameters
    ----------
    path
        The file that it will be.
    underlying, session
        What is recorded.
    begun
        When its first part was asked for (UTC, the gateway's clock).
    """

    path: Path
    underlying: str
    session: dt.date
    begun: dt.datetime

    @property
    def parts(self) -> Path:
        """The folder of what is done so far."""
        return self.path.with_name(f"{PARTS}{self.path.stem}")

    def done(self) -> frozenset[SeriesName]:
        """Return the series that are recorded."""
        return frozenset(_series_name(part) for part in self.parts.glob(f"*{SUFFIX}"))

    def keep(self, series: SeriesName, options: Sequence[QuotedOption], *, at: dt.datetime) -> None:
        """Keep a series that was read at `at`.

        Raises
        ------
        RecordedDataError
            If it cannot be written.
        """
        root, expiry = series
        write_rows(self.parts / f"{root}-{expiry}{SUFFIX}", options, None)
        _write_manifest(self, last=at)

    def finish(
        self, *, quote_session: str, spot: float | None, source: str
    ) -> tuple[CaptureFacts, tuple[QuotedOption, ...]]:
        """Put the parts together into the file, and remove them.

        Returns
        -------
        tuple
            What the file says of itself, and its rows.

        Raises
        ------
        RecordedDataError
            If a part cannot be read, or the file not be written.
        """
        parts = sorted(self.parts.glob(f"*{SUFFIX}"), key=_series_name)
        options = tuple(option for part in parts for option in read_rows(part))
        facts = facts_of(
            options,
            underlying=self.underlying,
            session=self.session,
            quote_session=quote_session,
            captured_at=self.begun.isoformat(timespec="seconds"),
            spot=spot,
            source=source,
        )
        write_rows(self.path, options, facts)
        self.discard()
        return facts, options

    def discard(self) -> None:
        """Remove everything that is done so far."""
        shutil.rmtree(self.parts, ignore_errors=True)


def begin(folder: Path, underlying: str, session: dt.date, *, at: dt.datetime) -> Recording:
    """Begin a recording, or go on with the one that was interrupted.

    Raises
    ------
    RecordedDataError
        If the chain of that session is recorded already, or the folder cannot be written.
    """
    path = folder / file_name(underlying, session)
    if path.exists():
        raise RecordedDataError(f"{path} is there already: name another folder, or remove it")
    anew = Recording(path=path, underlying=underlying, session=session, begun=at)
    found = _interrupted(anew, at)
    if found is not None:
        return found
    _discard_all(folder, underlying)
    try:
        private_folder(anew.parts)
        _write_manifest(anew, last=at)
    except OSError as fault:
        raise RecordedDataError(f"{anew.parts} cannot be written: {fault}") from fault
    return anew


def _interrupted(anew: Recording, at: dt.datetime) -> Recording | None:
    """Return the recording of the same session that can be gone on with, if there is one."""
    try:
        facts = json.loads((anew.parts / MANIFEST).read_text(encoding="utf-8"))
        begun, last = (dt.datetime.fromisoformat(facts[name]) for name in ("begun", "last"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if facts.get("format") != FORMAT or not dt.timedelta(0) <= at - last <= RESUME_WITHIN:
        return None
    return Recording(path=anew.path, underlying=anew.underlying, session=anew.session, begun=begun)


def _discard_all(folder: Path, underlying: str) -> None:
    for parts in folder.glob(f"{PARTS}{underlying}-*"):
        shutil.rmtree(parts, ignore_errors=True)


def _write_manifest(recording: Recording, *, last: dt.datetime) -> None:
    facts = {"format": FORMAT, "begun": recording.begun.isoformat(), "last": last.isoformat()}
    replace_text(recording.parts / MANIFEST, json.dumps(facts) + "\n")


def _series_name(part: Path) -> SeriesName:
    """Return the series of a part: ``SPXW-2025-01-17.parquet``."""
    root, _, expiry = part.stem.partition("-")
    return root, dt.date.fromisoformat(expiry)
