"""Keeps an answer that comes too late from being taken for the answer to the next request.

Open orders, completed orders, positions, account values and the time are asked for without a
number: the client library knows one request of each kind, and whatever end arrives next ends it.
After a time-out that would be the answer of before, cut short by the new one. As the gateway
answers one kind in the order in which it was asked, the end that is still owed is discarded,
with all that came before it. Where it never comes, the next answer of that kind is discarded in
its place and its request times out: a new connection begins anew, a wrong answer is never taken.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.broker.client import IB

log = get_logger(__name__)


class LateAnswers:
    """Counts the ends that are owed to nobody on one client.

    Parameters
    ----------
    client
        Whose ends are heard from now on, before the library acts on them.
    """

    def __init__(self, client: IB) -> None:
        self._wrapper = client.wrapper
        self._owed: Counter[str] = Counter()
        self._end: Callable[..., object] = client.wrapper._endReq  # noqa: SLF001 - it has no name for it
        setattr(client.wrapper, "_endReq", self._ended)  # noqa: B010 - on this one client only

    def forgo(self, request: Awaitable[object]) -> None:
        """Note that nobody waits for the answer to `request` any more.

        Requests with a number of their own are left alone: no other request has it.
        """
        futures = self._wrapper._futures  # noqa: SLF001 - as above
        for key, future in futures.items():
            if future is request and isinstance(key, str):
                self._owed[key] += 1

    def _ended(self, key: object, result: object = None, success: bool = True) -> None:  # noqa: FBT001, FBT002 - the library's signature
        if isinstance(key, str) and self._owed[key]:
            self._owed[key] -= 1
            log.warning("answer.late", request=key)
            future = self._wrapper._futures.get(key)  # noqa: SLF001 - as above
            if future is not None and not future.done():
                self._wrapper._results[key] = []  # noqa: SLF001 - as above
                return
        self._end(key, result, success)
