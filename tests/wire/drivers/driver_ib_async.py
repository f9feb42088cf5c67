"""Runs the wire scenarios with ib_async."""

from __future__ import annotations

import ib_async
from ib_scenarios import run

if __name__ == "__main__":
    run(ib_async)
