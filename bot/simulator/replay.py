"""Recorded answers of a real gateway, given again where the same is asked.

A difference between the real gateway and this one becomes a test: what `steward probe --record`
wrote is played back, and the bot runs into what really happened. The rest of the world stays
simulated. Replayed are market data, contract details, option parameters, market rules, bars, and
what-if orders; live orders are not, for a recording cannot know whether one still works.

"The same" is a request with the same fields but for its id and for contract numbers, which no
two gateways need to share. A what-if is the same for any combo, or option, on the same
underlying by the same route. Asked more often than recorded, the last answer is given again.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.data.wire_recording import Sender, WireMessage, WireRecording
from bot.simulator.orders_in import read_place_order
from bot.simulator.wire import VERSIONED, Fields, Message, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.simulator.connection import Connection

Key: TypeAlias = tuple[int, tuple[str, ...]]
"""What is asked: the request's number, and what tells it from others of that number."""

LOWEST_VERSION: Final = 164
"""Server version from which on ids stand where they are read here."""

RECORDED_ACCOUNT: Final = "DU0000001"
"""What stands for the first account in a recording."""

ENDS: Final = {Request.CANCEL_MARKET_DATA, Request.CANCEL_HISTORICAL_DATA}

CON_ID: Final[Mapping[int, int]] = {
    Request.MARKET_DATA: 1,
    Request.CONTRACT_DETAILS: 1,
    Request.HISTORICAL_DATA: 1,
    Request.OPTION_PARAMETERS: 4,
}
"""Where the contract number stands in a request, counted from its id."""

ID_FIELD: Final[Mapping[int, int]] = {
    Message.TICK_PRICE: 2,
    Message.TICK_SIZE: 2,
    Message.TICK_GENERIC: 2,
    Message.TICK_STRING: 2,
    Message.OPTION_COMPUTATION: 1,
    Message.TICK_PARAMETERS: 1,
    Message.MARKET_DATA_TYPE: 2,
    Message.TICK_SNAPSHOT_END: 2,
    Message.CONTRACT_DETAILS: 1,
    Message.CONTRACT_DETAILS_END: 2,
    Message.OPTION_PARAMETERS: 1,
    Message.OPTION_PARAMETERS_END: 1,
    Message.MARKET_RULE: 1,
    Message.HISTORICAL_DATA: 1,
    Message.OPEN_ORDER: 1,
    Message.ERROR: 2,
}
"""Where the id of the request stands in its answers."""


class Replay:
    """Answers from a recording.

    Parameters
    ----------
    recording
        What was said.
    account
        What is told in the place of the recorded account.
    """

    def __init__(self, recording: WireRecording, account: str) -> None:
        self._account = account
        self._answers = _index(recording)
        self._given: dict[Key, int] = defaultdict(int)
        self._open: set[tuple[Connection, str]] = set()

    def answer(self, client: Connection, number: int, body: Sequence[str]) -> bool:
        """Tell `client` what was answered to the same request; return whether there was one."""
        if number in ENDS and (client, body[0]) in self._open:
            self._open.discard((client, body[0]))
            return True
        key = _key(number, body, client.version)
        if key is None or key not in self._answers:
            return False
        answers = self._answers[key]
        messages = answers[min(self._given[key], len(answers) - 1)]
        self._given[key] += 1
        self._open.add((client, body[0]))
        for message in messages:
            client.send_fields(*self._rewritten(message, body[0]))
        return True

    def _rewritten(self, message: WireMessage, request_id: str) -> list[str]:
        told = [self._account if text == RECORDED_ACCOUNT else text for text in message.fields]
        told[0], told[ID_FIELD[message.number]] = message.fields[0], request_id
        return told


def _index(recording: WireRecording) -> dict[Key, list[list[WireMessage]]]:
    """Return the answers to each recorded request, in the order in which it was made."""
    answers: dict[Key, list[list[WireMessage]]] = defaultdict(list)
    asked: dict[str, list[WireMessage]] = {}
    for message in recording.messages:
        if message.sender is Sender.GATEWAY:
            asked.get(_id_of(message), []).append(message)
            continue
        number = message.number
        body = message.fields[2:] if number in VERSIONED else message.fields[1:]
        key = _key(number, body, recording.server_version)
        if key is not None:
            asked[body[0]] = []
            answers[key].append(asked[body[0]])
    return {key: found for key, lists in answers.items() if (found := [a for a in lists if a])}


def _id_of(message: WireMessage) -> str:
    position = ID_FIELD.get(message.number)
    return message.fields[position] if position is not None else ""


def _key(number: int, body: Sequence[str], version: int) -> Key | None:
    """Return what is asked; ``None`` for what is never replayed."""
    if number == Request.PLACE_ORDER:
        placed = read_place_order(Fields(list(body)), version)
        contract = placed.contract
        kind = (contract.symbol, contract.sec_type, contract.exchange)
        return (number, kind) if placed.what_if else None
    if number == Request.MARKET_RULE:
        return number, (body[0],)
    if number not in CON_ID:
        return None
    return number, tuple(
        text for place, text in enumerate(body) if place not in {0, CON_ID[number]}
    )
