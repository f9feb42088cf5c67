"""Answers that are no: what a request is refused with."""

from __future__ import annotations

from typing import Final

from bot.core.errors import StewardError

NO_REQUEST: Final = -1
"""Id of an error that belongs to no request."""

NO_DEFINITION: Final = 200
NO_DEFINITION_TEXT: Final = "No security definition has been found for the request"

CLIENT_ID_BUSY: Final = 326
CLIENT_ID_BUSY_TEXT: Final = (
    "Unable to connect as the client id is already in use. Retry with a unique client id."
)

FARM_NOTICES: Final = (
    (2104, "Market data farm connection is OK:usopt"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)
"""What the gateway says of the line to the broker when a client starts."""

ID_DIGITS: Final = 10
"""Digits of the highest number of 32 bits."""


def is_id(text: str) -> bool:
    """Whether a field can be the number of a message or of a request."""
    return text.isdecimal() and len(text) <= ID_DIGITS


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
