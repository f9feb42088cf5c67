"""What the client library is told, so that it reads the wire as it is meant."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

from bot.broker.client import new_client

if TYPE_CHECKING:
    from collections.abc import Iterator

EXECUTION = (
    *("11", "-1", "5"),
    *("1", "VIX", "OPT", "20260818", "20", "C", "100", "SMART", "USD", "VIX", "VIX"),
    *("0001.01.01", "{at}", "DU1234567", "CBOE", "BOT", "4", "1.6", "77", "17"),
    *("0", "4", "1.6", "reference", "", "", "", "1"),
)


@pytest.fixture
def in_tokyo() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize("at", ["20260724-19:31:02", "20260724 15:31:02 America/New_York"])
def test_the_time_of_an_execution_does_not_depend_on_where_the_bot_runs(at: str) -> None:
    client = new_client(throttled=False)
    client.client.decoder.serverVersion = 176

    client.client.decoder.interpret([field.format(at=at) for field in EXECUTION])

    (fill,) = client.fills()
    assert fill.execution.time == dt.datetime(2026, 7, 24, 19, 31, 2, tzinfo=dt.UTC)
