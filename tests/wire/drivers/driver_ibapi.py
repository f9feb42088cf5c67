"""Runs the wire scenarios with IB's own ibapi; they are those of ``ib_scenarios.py``."""

from __future__ import annotations

import json
import logging
import sys
import traceback

from ibapi_data import DataScenarios
from ibapi_orders import OrderScenarios


class Scenarios(DataScenarios, OrderScenarios):
    """All of them."""


def main() -> None:
    """Run the scenarios named on standard input, each against its port; print their facts."""
    logging.disable(logging.CRITICAL)
    scenarios, facts = Scenarios(), {}
    for name, port in json.load(sys.stdin).items():
        try:
            facts[name] = getattr(scenarios, name)(port)
        except Exception:  # noqa: BLE001 - a scenario that fails is a fact, told with its trace
            facts[name] = {"failed": traceback.format_exc()}
        finally:
            scenarios.close()
    json.dump(facts, sys.stdout)


if __name__ == "__main__":
    main()
