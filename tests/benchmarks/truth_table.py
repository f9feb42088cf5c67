"""Write ``tests/unit/core/implied_vol_truth.csv``: volatilities to 40 digits, for the unit test.

``PYTHONPATH=.:tests .venv/bin/python tests/benchmarks/truth_table.py`` after ``make rivals``. The
contracts are a few of the SPX chain and of the VIX grid, of which the price determines the
volatility; numbers are written so that they are read back to the last bit.
"""

from __future__ import annotations

import csv
from dataclasses import fields, replace

from bench_truth import ROOT, determined, every, truth
from option_chains import OptionChain, spx_chain, vix_grid

TABLE = ROOT / "tests" / "unit" / "core" / "implied_vol_truth.csv"
HEADS = ("price", "forward", "strike", "years", "discount", "call", "iv")


def main() -> None:
    """Write the table."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADS)
        for chain, step in ((spx_chain(), 167), (vix_grid(), 197)):
            writer.writerows(_rows(every(chain, step)))


def _rows(chain: OptionChain) -> list[tuple[float, ...]]:
    chosen = determined(chain)
    some = replace(
        chain, **{each.name: getattr(chain, each.name)[chosen] for each in fields(chain)}
    )
    columns = (some.price, *some.market[:4], some.call.astype(int))
    solved = truth(some, ROOT / ".venv-truth" / "bin" / "python")
    return list(zip(*(each.tolist() for each in (*columns, solved)), strict=True))


if __name__ == "__main__":
    main()
