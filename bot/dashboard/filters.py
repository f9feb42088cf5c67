"""The filters of a page, as they come in an address: each is known, and so is each value."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from bot.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bot.core.model import Session


def demand(query: Mapping[str, str], known: Mapping[str, Collection[str]]) -> None:
    """Accept the filters of a page.

    Parameters
    ----------
    query
        As the browser sent it; an empty value is no filter.
    known
        Filters of the page with their values; none listed means any.

    Raises
    ------
    ConfigError
        A filter, or its value, is not known.
    """
    for name, value in query.items():
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ConfigError((f"{name}: is no filter of this page; it has {listed}",))
        if value and known[name] and value not in known[name]:
            listed = ", ".join(known[name])
            raise ConfigError((f"{name} = {value}: is not one of {listed}",))


def day(text: str) -> Session:
    """Read a session from an address.

    Raises
    ------
    ConfigError
        It is no date.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as fault:
        raise ConfigError((f"{text}: is no date; write one as 2026-08-21",)) from fault
