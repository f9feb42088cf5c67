"""Shows that the running bot is well: heartbeat, systemd, a dead-man's switch, Prometheus.

Nothing of it can stop the bot: what cannot be told is logged, once for each kind until it can
be told again. The bot opens no port; whoever wants its figures reads a file.

The dead-man's switch is asked only while all is well. Silence is its alarm.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import urllib.request
from typing import TYPE_CHECKING, Final

from bot.clock import WallClock
from bot.files import replace_text
from bot.heartbeat import Heartbeat, heartbeat_path, write_heartbeat
from bot.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.project import Project

log = get_logger(__name__)

PING_TIMEOUT_SECONDS: Final = 10.0
IDLE_PING_SECONDS: Final = 3600.0


def notify(*facts: str) -> bool:
    """Tell systemd ``READY=1``, ``WATCHDOG=1``, ``STATUS=…`` or ``STOPPING=1``.

    The protocol is that of ``sd_notify(3)``: one datagram to the socket that ``NOTIFY_SOCKET``
    names, where an ``@`` stands for the zero byte of an abstract address.

    Returns
    -------
    bool
        Whether it was told: without systemd there is nobody to tell.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto("\n".join(facts).encode(), name)
    return True


class Pulse:
    """Tells everybody who wants to know.

    Parameters
    ----------
    project
        Where to write, and whom to ask.
    """

    def __init__(self, project: Project) -> None:
        self._folder = project.folder
        self._settings = project.settings.health
        self._path = heartbeat_path(project.settings.ledger.path)
        self._failing: set[str] = set()
        self._pinged_at = WallClock().now()
        self._pings: set[asyncio.Task[None]] = set()

    def beat(self, beat: Heartbeat, figures: dict[str, float]) -> None:
        """Tell of one heartbeat.

        Parameters
        ----------
        beat
            How the bot is.
        figures
            More to be told to Prometheus, by name without ``steward_``.
        """
        with self._tolerated("heartbeat"):
            write_heartbeat(self._path, beat)
        with self._tolerated("prometheus"):
            if self._settings.prometheus_file:
                path = self._folder / self._settings.prometheus_file
                replace_text(path, exposition(beat, figures), mode=0o644)
        with self._tolerated("systemd"):
            notify("WATCHDOG=1", f"STATUS={status_text(beat)}")
        idle = (beat.at - self._pinged_at).total_seconds()
        if idle >= IDLE_PING_SECONDS and is_well(beat):
            self.ping()

    def ready(self) -> None:
        """Tell systemd that the bot is up."""
        with self._tolerated("systemd"):
            notify("READY=1")

    def stopping(self) -> None:
        """Leave a last heartbeat, and tell systemd."""
        with self._tolerated("heartbeat"):
            last = Heartbeat(at=WallClock().now(), pid=os.getpid(), state="stopped")
            write_heartbeat(self._path, last)
        with self._tolerated("systemd"):
            notify("STOPPING=1")

    def ping(self) -> None:
        """Ask the dead-man's switch, in a thread of its own."""
        if not self._settings.ping_url:
            return
        self._pinged_at = WallClock().now()
        task = asyncio.get_running_loop().create_task(self._ping())
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)

    async def _ping(self) -> None:
        """Ask once; the address is a secret, so of a failure only its kind is logged."""
        with self._tolerated("ping"):
            await asyncio.to_thread(_get, self._settings.ping_url)

    @contextlib.contextmanager
    def _tolerated(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as fault:
            if what not in self._failing:
                log.warning("health.not_told", what=what, fault=type(fault).__name__)
            self._failing.add(what)
        else:
            self._failing.discard(what)


def _get(url: str) -> None:
    """Ask `url`, which the configuration allows to be https or this machine only."""
    with urllib.request.urlopen(url, timeout=PING_TIMEOUT_SECONDS) as answer:  # noqa: S310 - see above
        answer.read(1)


def is_well(beat: Heartbeat) -> bool:
    """Whether nothing keeps the bot from its next session, and the last one was done and kept."""
    return beat.fault is None and beat.trouble is None and not beat.alarmed


def status_text(beat: Heartbeat) -> str:
    """Return one line for ``systemctl status``."""
    if beat.fault:
        return f"{beat.state}: {beat.fault.splitlines()[0]}"
    if beat.gateway_absent_since:
        return f"{beat.state}: no gateway since {beat.gateway_absent_since:%Y-%m-%d %H:%M} UTC"
    if beat.next_wake and beat.state == "waiting":
        return f"waiting for {beat.next_session}, decided at {beat.next_wake:%Y-%m-%d %H:%M} UTC"
    return beat.state


def exposition(beat: Heartbeat, figures: dict[str, float]) -> str:
    """Return the figures in the text format of Prometheus, version 0.0.4."""
    gauges = {
        "heartbeat_timestamp_seconds": beat.at.timestamp(),
        "well": float(is_well(beat)),
        "in_session": float(beat.state == "session"),
        "gateway_up": float(beat.gateway_absent_since is None),
        **({"next_wake_timestamp_seconds": beat.next_wake.timestamp()} if beat.next_wake else {}),
        **figures,
    }
    lines = [
        f"# TYPE steward_{name} gauge\nsteward_{name} {value:.17g}"
        for name, value in sorted(gauges.items())
    ]
    return "\n".join(lines) + "\n"
