"""Answers that are no: what a request is refused with."""

from __future__ import annotations

from typing import Final

from bot.core.errors import StewardError

NO_REQUEST: Final = -1
"""Id of an error that belongs to no request."""

NO_DEFINITION: Final = 200
NO_DEFINITION_TEXT: Final = "No security definition has been found for the request"


class RequestRefusedError(StewardError):
    """A request that the gateway answers with an error message.

    Parameters
    ----------
    req_id
        The request or order, or ``NO_REQUEST``.
    code, message
        As the client gets them.
    """

    def __init__(self, req_id: int, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.req_id = req_id
        self.code = code
        self.message = message
