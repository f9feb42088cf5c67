"""A folder of recorded data, two sessions small, written by hand."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FIRST = dt.date(2025, 1, 6)
SECOND = dt.date(2025, 1, 8)
"""2025-01-07 was not recorded; 2025-01-09 was a day of mourning."""

CHAIN_HEADER = "root,expiry,strike,right,bid,ask,last,volume,open_interest,iv,delta\n"

SPX_CHAIN = CHAIN_HEADER + (
    "SPXW,2025-01-06,5950,C,25.0,25.5,,0,0,,\n"  # expires on the first session
    "SPXW,2025-02-14,5900,P,80.0,81.0,,0,0,,\n"
    "SPXW,2025-02-14,6000,C,70.0,71.0,,0,0,,\n"
    "SPXW,2025-02-14,6800,C,0,0.05,,0,0,,\n"
    "SPXW,2025-02-14,5901.25,C,1,2,,0,0,,\n"  # on no listed step
    "SPX,2025-03-21,6000,P,150.0,152.0,,0,0,,\n"
    "SPXW,2025-02-15,6000,P,1,2,,0,0,,\n"  # a Saturday
)
VIX_CHAIN = CHAIN_HEADER + (
    "VIX,2025-01-22,18,C,1.20,1.30,,0,0,,\n"
    "VIX,2025-01-22,18,P,1.60,1.70,,0,0,,\n"
    "VIX,2025-07-16,20,C,3.00,3.20,,0,0,,\n"
)
INDEX_HEADER = (
    "file,underlying,session_date,quote_session,captured_at_et,spot_in_file,rows,expiries,"
    "min_dte,max_dte,par_expiry,parity_forward,flags\n"
)
SPX_LINE = "spx/{day}.csv.gz,SPX,{day},{when},{day} 17:30,5970.0,7,3,0,74,2025-02-05,6000.0,\n"
VIX_LINE = "vix/{day}.csv.gz,VIX,{day},rth_close,{day} 16:00,16.0,3,2,16,191,,,\n"


def write_recorded(folder: Path, *, when: str = "rth_close", vix: bool = False) -> Path:
    """Write chains and histories; return the folder of the chains.

    `when` is the quote session of the SPX captures; `vix` records VIX chains instead of SPX ones.
    """
    chains = folder / "option_chains"
    name, line, text = ("vix", VIX_LINE, VIX_CHAIN) if vix else ("spx", SPX_LINE, SPX_CHAIN)
    (chains / name).mkdir(parents=True)
    lines = [line.format(day=day, when=when) for day in (FIRST, SECOND)]
    (chains / "index.csv").write_text(INDEX_HEADER + "".join(lines))
    for day in (FIRST, SECOND):
        (chains / name / f"{day}.csv.gz").write_bytes(gzip.compress(text.encode()))
    write_histories(folder)
    return chains


def write_histories(folder: Path) -> None:
    """Write the daily histories: SPX, VIX and rates on all days, the rest on the first."""
    (folder / "spx_daily.csv").write_text(
        "date,open,high,low,close\n"
        "2025-01-03,5891.1,5949.3,5888.7,5942.5\n"
        "2025-01-06,5982.8,6021.0,5960.0,5975.4\n"
        "2025-01-07,5993.3,6000.7,5890.7,5909.0\n"
        "2025-01-08,5910.7,5927.9,5874.8,5918.3\n"
        "2025-01-10,5890.4,5890.4,5807.8,5827.0\n"
        "2025-02-14,6115.5,6127.5,6107.6,6114.6\n"
        "2025-03-21,5630.7,5670.8,5603.1,5667.6\n"
    )
    (folder / "vix_daily.csv").write_text(
        "date,open,high,low,close,spx_session\n"
        "2025-01-03,17.5,17.9,16.0,16.13,True\n"
        "2025-01-06,16.3,16.5,15.7,16.04,True\n"
        "2025-01-07,16.0,18.3,15.9,17.82,True\n"
        "2025-01-08,17.9,19.5,17.5,17.70,True\n"
        "2025-01-22,15.1,15.3,14.6,15.10,True\n"
    )
    (folder / "vol_indices_daily.csv").write_text(
        "date,vix9d,vix3m,vix6m,vvix,skew\n2025-01-06,14.5,18.6,,96.4,165.0\n"
    )
    (folder / "rates_daily.csv").write_text("date,dgs1mo,dgs3mo\n2025-01-03,4.4,4.36\n")
    (folder / "vx_futures_by_expiry.csv.gz").write_bytes(
        gzip.compress(
            b"date,expiry,settle\n"
            b"2025-01-06,2025-01-22,16.80\n2025-01-06,2025-02-19,17.55\n2025-01-06,2025-03-18,17.95\n"
        )
    )
    (folder / "nyse_breadth_daily.csv.gz").write_bytes(
        gzip.compress(b"date,advances,declines\n2025-01-06,1500,1200\n")
    )
