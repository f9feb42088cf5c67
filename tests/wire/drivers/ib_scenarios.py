"""The scenarios of the wire suite for ib_insync and its successor ib_async, which share an API.

Run as a program of the library's own environment: ``driver_ib_insync.py`` and
``driver_ib_async.py`` bind the library. A scenario connects to a gateway of its own and returns
facts; it judges nothing.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Any

from ib_data import DataScenarios
from ib_orders import OrderScenarios


class Scenarios(DataScenarios, OrderScenarios):
    """All of them."""


class UndecodableMessages(logging.Handler):
    """Collects what the library's decoder could not read: it logs and goes on."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.endswith(".Decoder"):
            self.texts.append(self.format(record))


def run(library: Any) -> None:
    """Run the scenarios named on standard input, each against its port; print their facts.

    A name may end in ``@`` and a word that tells two runs of one scenario apart.
    """
    undecodable = UndecodableMessages()
    logging.basicConfig(handlers=[undecodable], level=logging.ERROR)
    scenarios, facts = Scenarios(library), {}
    for name, port in json.load(sys.stdin).items():
        try:
            facts[name] = getattr(scenarios, name.partition("@")[0])(port)
        except Exception:  # noqa: BLE001 - a scenario that fails is a fact, told with its trace
            facts[name] = {"failed": traceback.format_exc()}
        finally:
            scenarios.close()
        if undecodable.texts:
            facts[name] = {"failed": "\n".join(undecodable.texts)}
            undecodable.texts.clear()
    json.dump(facts, sys.stdout)
