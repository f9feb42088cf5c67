"""The keys of what is printed as JSON are those that are written down."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from bot.review.explain import Explanation
from bot.review.session import SessionReview
from bot.review.status import Status

TEXT = (Path(__file__).parents[2] / "docs" / "looking.md").read_text(encoding="utf-8")
ADDED = {"review": ["shock_coverage", "note"]}
"""Keys that the text of JSON has besides the fields."""


@pytest.mark.parametrize(
    ("command", "shape"),
    [("status", Status), ("review", SessionReview), ("explain", Explanation)],
)
def test_the_keys_of_json_are_those_written_down(command: str, shape: type) -> None:
    row = re.search(rf"(?m)^\| `steward {command} --json` \| (.*) \|$", TEXT)
    fields = [field.name for field in dataclasses.fields(shape)]

    assert row is not None
    assert re.findall(r"`(\w+)`", row.group(1)) == [*fields, *ADDED.get(command, [])]
