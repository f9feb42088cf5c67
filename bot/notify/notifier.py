"""Looks into the ledger every few seconds, in a thread of its own, and tells what is new.

Nothing of trading waits for it, calls it, or knows of it: it reads what was committed, over a
connection that cannot write. What it cannot tell is logged, once for each kind until it can be
told again, and stops nothing.

- All news since the last message are one message. One that no target took is tried again, ever
  more slowly, with what has come in meanwhile.
- ``notify.per_hour`` bounds the messages; what is over it waits and is told together.
- The same news within ``notify.repeat_hours`` is told once, also across restarts.
- A ledger that is looked at for the first time has told everything that it holds.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.clock import WallClock
from bot.core.errors import ConfigError, LedgerError
from bot.ledger.news import TABLES, news_since, positions
from bot.ledger.store import Ledger
from bot.logs import get_logger
from bot.notify.message import compose, masked
from bot.notify.state import FILE_NAME, Told, read_told, write_told
from bot.notify.targets import addresses, targets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.notify.targets import Target
    from bot.settings import Settings

log = get_logger(__name__)

LOOK_SECONDS: Final = 5.0
GOODBYE_SECONDS: Final = 15.0
"""How long the end waits for the last message."""

FIRST_RETRY_SECONDS: Final = 30.0
LONGEST_RETRY_SECONDS: Final = 900.0


@contextlib.contextmanager
def notifying(settings: Settings, folder: Path) -> Iterator[None]:
    """Tell the news of the ledger while the block runs, and those of its end.

    Parameters
    ----------
    settings
        Where the ledger is, and ``[notify]``.
    folder
        The project's.
    """
    notifier = Notifier(settings, folder)
    notifier.start()
    try:
        yield
    finally:
        notifier.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """When to try next after messages that nobody took."""

    failures: int = 0
    not_before: dt.datetime | None = None

    def failed(self, now: dt.datetime) -> Attempt:
        """Return the next attempt: twice as far off as the one before, up to a quarter hour."""
        wait = min(FIRST_RETRY_SECONDS * 2.0 ** min(self.failures, 16), LONGEST_RETRY_SECONDS)
        return Attempt(failures=self.failures + 1, not_before=now + dt.timedelta(seconds=wait))


class Notifier:
    """Tells the news of one ledger.

    Parameters
    ----------
    settings
        Where the ledger is, and ``[notify]``.
    folder
        The project's.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._path = settings.ledger.path
        self._kept = self._path.with_name(FILE_NAME)
        self._targets: tuple[Target, ...] = ()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._attempt = Attempt()
        self._failing: set[str] = set()
        self._told: Told | None = None

    def start(self) -> None:
        """Begin, unless nobody is to be told; what the ledger holds now is no news."""
        with self._tolerated("targets"):
            found = addresses(self._settings.notify, self._folder)
            if not found:
                return
            self._told = read_told(self._kept)
            if self._told is None:
                self._keep(Told(seen=self._positions()))
            self._thread = threading.Thread(
                target=self._run, args=(found,), name="notifier", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Tell the last news, and end; a target that hangs is not waited for."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(GOODBYE_SECONDS)

    def _run(self, found: tuple[str, ...]) -> None:
        with self._tolerated("targets"):
            self._targets = targets(found)
        while self._targets and not self._ended.wait(LOOK_SECONDS):
            self.look()
        if self._targets:
            self._attempt = Attempt()
            self.look()

    def look(self) -> None:
        """Tell what is new, if there is anything and it may be told now."""
        with self._tolerated("news"):
            now = WallClock().now()
            if self._attempt.not_before is not None and now < self._attempt.not_before:
                return
            with Ledger.open_read_only(self._path) as ledger:
                seen = positions(ledger)
                self._tell(ledger, seen, now)

    def _tell(self, ledger: Ledger, seen: dict[str, int], now: dt.datetime) -> None:
        settings, told = self._settings.notify, self._told or Told(seen=seen)
        found = news_since(ledger, told.seen) if seen != told.seen else ()
        forget = dt.timedelta(hours=settings.repeat_hours)
        about = (item for item in found if item.kind in settings.about)
        items = told.fresh(about, now, forget=forget)
        if not items:
            self._keep(told.moved(seen))
            return
        if not told.may_send(now, per_hour=settings.per_hour):
            return
        title, body = compose(items, mode=self._settings.broker.mode)
        if self._deliver(title, body):
            self._attempt = Attempt()
            self._keep(told.after(items, seen, now, forget=forget))
        else:
            self._attempt = self._attempt.failed(now)

    def _deliver(self, title: str, body: str) -> bool:
        """Send to every target; return whether one of them took it."""
        seconds = self._settings.notify.timeout_seconds
        taken = []
        for target in self._targets:
            taken.append(target.tell(title, body, seconds=seconds))
            self._note(target.name, well=taken[-1], fault="not taken in time")
        return any(taken)

    def _keep(self, told: Told) -> None:
        if told != self._told:
            self._told = told
            write_told(self._kept, told)

    def _positions(self) -> dict[str, int]:
        """Return how far the ledger is; one that is still to be made is at its beginning."""
        if not self._path.exists():
            return dict.fromkeys(TABLES, 0)
        with Ledger.open_read_only(self._path) as ledger:
            return positions(ledger)

    @contextlib.contextmanager
    def _tolerated(self, what: str) -> Iterator[None]:
        """Log what cannot be told instead of ending; a fault names no address."""
        try:
            yield
        except (LedgerError, ConfigError, OSError, ValueError) as fault:
            self._note(what, well=False, fault=masked(str(fault)))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it must not reach trading
            self._note(what, well=False, fault=type(fault).__name__)
        else:
            self._note(what, well=True, fault="")

    def _note(self, what: str, *, well: bool, fault: str) -> None:
        if well:
            self._failing.discard(what)
        elif what not in self._failing:
            self._failing.add(what)
            log.warning("notify.not_told", what=what, fault=fault)
