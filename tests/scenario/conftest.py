"""Fixtures of the scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.defaults import write_defaults

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with the default configuration."""
    write_defaults(tmp_path)
    return tmp_path
