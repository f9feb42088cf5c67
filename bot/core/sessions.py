"""Sessions and expiries of SPX and VIX options; calendar tables are passed in."""

from __future__ import annotations
