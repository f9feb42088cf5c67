"""Runs the wire scenarios with ib_insync."""

from __future__ import annotations

import ib_insync
from ib_scenarios import run

if __name__ == "__main__":
    run(ib_insync)
