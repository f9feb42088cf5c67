"""Whom to tell: Apprise addresses, which are secrets, and how one message is sent to each.

The addresses come from the environment variable `VARIABLE`, or from the file that
``notify.urls_file`` names, one on each line; ``#`` begins a comment. The file must be readable by
its owner only. An address never reaches a log, a message or the ledger: a target is called by its
number and the kind of its service.

Each message goes to each target in a thread of its own, with a deadline. A server that takes a
message and never answers, or answers without end, costs that thread and nothing else; until it has
ended, its target is told nothing more. The thread is a daemon, and Apprise sends in it and not in
its own pool: the interpreter would wait for the threads of a pool, and the bot would never end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.core.errors import ConfigError
from bot.files import distrust

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.settings import NotifySettings

VARIABLE: Final = "STEWARD_NOTIFY_URLS"
OTHERS: Final = 0o077


@dataclass(slots=True, kw_only=True)
class Target:
    """One address.

    Parameters
    ----------
    name
        As it may be shown: ``target 1 (json)``.
    service
        Of Apprise: sends a message, and says whether it was taken.
    """

    name: str
    service: Any
    _thread: threading.Thread | None = field(default=None, init=False)

    def tell(self, title: str, body: str, *, seconds: float) -> bool:
        """Send a message; return whether it was taken within the deadline."""
        if self._thread is not None and self._thread.is_alive():
            return False
        taken: list[bool] = []

        def send() -> None:
            with contextlib.suppress(Exception):  # a traceback of it could name the address
                taken.append(bool(self.service.notify(title=title, body=body)))

        self._thread = threading.Thread(target=send, name=self.name, daemon=True)
        self._thread.start()
        self._thread.join(seconds)
        return bool(taken and taken[0])


def addresses(settings: NotifySettings, folder: Path) -> tuple[str, ...]:
    """Return the addresses of the environment, or else of the file; none where neither is set.

    Raises
    ------
    ConfigError
        If the file is missing, or others could read it.
    """
    if text := os.environ.get(VARIABLE, "").strip():
        return tuple(text.split())
    if not settings.urls_file:
        return ()
    path = folder / Path(settings.urls_file).expanduser()
    try:
        _demand_private(path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", None) or "not UTF-8"
        raise ConfigError((f"notify.urls_file: {path}: cannot be read: {reason}",)) from fault
    kept = (line.strip() for line in lines)
    return tuple(line for line in kept if line and not line.startswith("#"))


def _demand_private(path: Path) -> None:
    """Refuse a file of secrets that others could read or replace.

    Raises
    ------
    ConfigError
        With the command that mends it.
    OSError
        If it is not there.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & OTHERS:
        text = f"can be read by others (mode {mode:04o}): type `chmod 600 {path}`"
        raise ConfigError((f"notify.urls_file: {path}: {text}",))
    if fault := distrust(path):
        raise ConfigError((f"notify.urls_file: {path}: {fault}",))


def targets(found: Iterable[str]) -> tuple[Target, ...]:
    """Return a target for each address.

    Raises
    ------
    ConfigError
        With the number of each address that Apprise does not know, never with the address.
    """
    found = tuple(found)
    if not found:
        return ()
    import apprise  # noqa: PLC0415 - 1.5 s with all of its services, and only where it is used

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it writes addresses
    here = apprise.AppriseAsset(async_mode=False, service_timeout=0)  # each needs its pool
    made: list[Target] = []
    faults: list[str] = []
    for number, address in enumerate(found, start=1):
        service = apprise.Apprise(asset=here)
        if service.add(address):
            kind = address.partition("://")[0]
            made.append(Target(name=f"target {number} ({kind})", service=service))
        else:
            faults.append(f"notify: address {number}: is none that Apprise knows")
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(made)
