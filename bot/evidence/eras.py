"""The two days that divide the history: when the hedge could be bought, and when choosing ends."""

from __future__ import annotations

import datetime as dt
from typing import Final

TRADEABLE: Final = dt.date(2006, 7, 17)
"""From here on VIX options, VX and VIX3M are recorded: before, the hedge could not be bought."""

SPLIT: Final = dt.date(2015, 1, 1)
"""Parameters are chosen before it and reported from it on."""
