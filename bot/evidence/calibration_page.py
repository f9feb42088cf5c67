"""What a calibration found, beside the numbers in use."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.evidence.calibration import fit_spx, fit_vix
from bot.evidence.observed_files import chain_observations, vix_call_observations
from bot.surfaces.spx_surface import FITTED as SPX_FITTED
from bot.surfaces.vix_surface import FITTED as VIX_FITTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.evidence.history import History


def calibration_lines(folder: Path, history: History) -> Iterator[str]:
    """Return one line for each free number: its name, the value found, the value in use.

    Parameters
    ----------
    folder
        With ``option_chains/`` and the sheet of the VXTH index.
    history
        Of the same sessions.

    Raises
    ------
    RecordedDataError
        If the data cannot be read.
    """
    calls = vix_call_observations(folder, history)
    found = fit_vix(chain_observations(folder, history, "VIX"), calls, history)
    yield from _lines("VIX", asdict(found), asdict(VIX_FITTED))
    smile = fit_spx(chain_observations(folder, history, "SPX"), history)
    yield from _lines("SPX", asdict(smile), asdict(SPX_FITTED))


def _lines(surface: str, found: dict[str, object], used: dict[str, object]) -> Iterator[str]:
    yield f"{surface}: found, in use"
    for name, value in found.items():
        yield f"  {name:<14} {_shown(value):<36} {_shown(used[name])}"


def _shown(value: object) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return " ".join(f"{each:.3f}" for each in values)
