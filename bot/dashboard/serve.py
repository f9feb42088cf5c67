"""Serving the dashboard: Datasette on the ledger, read-only, with our pages, behind the guard."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm

from bot.core.errors import ConfigError
from bot.dashboard import plugin
from bot.dashboard.guard import Door, Guard
from bot.dashboard.queries import QUERIES
from bot.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.dashboard.site import Site

NAME: Final = "steward"
DATABASE: Final = "ledger"
THEIR_FAULTS: Final = "datasette.handle_exception"
SETTINGS: Final = {
    "allow_download": False,
    "num_sql_threads": 2,
    "default_cache_ttl": 0,
    "truncate_cells_html": 200,
    "facet_suggest_time_limit_ms": 20,
    "force_https_urls": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the dashboard listens, and what its door asks for.

    Parameters
    ----------
    listening
        The open socket.
    url
        What a person types, with the token where one is asked for.
    door
        Names and token.
    """

    listening: socket.socket
    url: str
    door: Door


def listen(host: str, port: int, *, names: Iterable[str] = ()) -> Address:
    """Open the socket, and a door with a token unless only this machine can reach it.

    Parameters
    ----------
    host
        Address to listen on.
    port
        0 takes any that is free.
    names
        Further names by which browsers reach it: a proxy hands on what comes from elsewhere, so
        that one is enough to ask for a token on the loopback too.

    Raises
    ------
    ConfigError
        The address cannot be listened on.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as fault:
        reason = (fault.strerror or str(fault)).partition(" (while ")[0]
        remedy = "name another with --port or --host"
        raise ConfigError((f"{host}:{port}: {reason.lower()}; {remedy}",)) from fault
    taken = listening.getsockname()[1]
    further = frozenset(names)
    local = _is_loopback(host)
    token = None if local and not further else secrets.token_urlsafe(24)
    shown = f"[{host}]" if ":" in host else host
    known = {shown, *further, *(("localhost",) if local else ())}
    url = f"http://{shown}:{taken}/"
    return Address(
        listening=listening,
        url=url if token is None else f"{url}?token={token}",
        door=Door(names=_with_port(known, taken), token=token),
    )


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach it; a name other than localhost may be anything."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _with_port(names: Iterable[str], port: int) -> frozenset[str]:
    lower = [name.lower() for name in names]
    return frozenset(lower) | {f"{name}:{port}" for name in lower}


def application(site: Site, door: Door) -> Guard:
    """Return the dashboard of a project.

    Raises
    ------
    NotInLedgerError
        There is no ledger, or its schema is not the one of this version.
    """
    Ledger.open_read_only(site.ledger).close()
    if pm.get_plugin(NAME) is None:
        pm.register(plugin, name=NAME)
    if pm.get_plugin(THEIR_FAULTS) is not None:
        pm.unregister(name=THEIR_FAULTS)
    datasette = Datasette(settings=SETTINGS, metadata=metadata(), memory=False)
    datasette.add_database(Database(datasette, path=str(site.ledger)), name=DATABASE)
    datasette.steward_site = site
    return Guard(datasette.app(), door)


def metadata() -> dict[str, Any]:
    """Return what Datasette says of the ledger: its title and the saved queries."""
    about = "Everything the bot saw, decided and did; opened to read only."
    return {
        "title": "steward: the ledger",
        "databases": {DATABASE: {"description": about, "queries": dict(QUERIES)}},
    }


def serve(site: Site, address: Address) -> None:
    """Serve until interrupted."""
    config = uvicorn.Config(
        application(site, address.door),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[address.listening])
