"""Kills the bot at many boundaries, one after the other, and says what was not exactly once.

    python tests/crash/campaign.py --kills 1000 --folder build/crash

The plan of trials is fixed: all four kinds of boundaries in turn, spread over the whole session;
every third trial kills the recovery too. What is done is kept in the folder, so that a campaign
that was interrupted goes on where it stood; ``--anew`` begins again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its threads do not survive a fork
sys.path.insert(0, str(Path(__file__).parent))

from boundaries import COMMIT, KINDS, ORDER, RECEIVE, SEND, Stop
from trial import VENUES, Trial, run_trial, warm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GOLDEN = 0.618
"""Share of the way from one point of a spread to the next: never close to the former ones."""

MOST_FAULTS = 50
"""After so many a campaign ends: there is something to mend first."""

IN_RECOVERY = {COMMIT: 40, ORDER: 2, SEND: 35, RECEIVE: 19}
"""How many boundaries of each kind the shortest recovery has, or a little more."""


@dataclass(slots=True)
class Campaign:
    """What has been done up to now.

    Parameters
    ----------
    lengths
        Boundaries of each kind in a whole session, by venue.
    trials
        How many trials are done.
    kills
        Kills delivered, by the kind of their boundary.
    in_recovery
        Those of them that hit a recovery.
    faults
        Departures from the invariants, with their trial.
    """

    lengths: dict[str, dict[str, int]] = field(default_factory=dict)
    trials: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    in_recovery: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """Kills delivered."""
        return sum(self.kills.values())

    @property
    def summary(self) -> str:
        """What was done and found, in one line."""
        return (
            f"{self.killed} kills ({self.in_recovery} of a recovery) in {self.trials} trials, "
            f"by boundary {self.kills}: {len(self.faults)} faults"
        )

    def save(self, path: Path) -> None:
        """Keep it, so that it can go on."""
        text = json.dumps({name: getattr(self, name) for name in self.__slots__}, indent=1)
        path.with_suffix(".new").write_text(text + "\n", encoding="utf-8")
        path.with_suffix(".new").replace(path)


def load(path: Path) -> Campaign:
    """Return the campaign that was kept at `path`, or a new one."""
    if not path.exists():
        return Campaign()
    return Campaign(**json.loads(path.read_text(encoding="utf-8")))


def spread(index: int, length: int) -> int:
    """Return the `index`-th of the numbers 1 to `length`, in an order that leaps about."""
    stride = max(1, round(length * GOLDEN))
    while gcd(stride, length) > 1:
        stride += 1
    return index * stride % length + 1


def planned(index: int, lengths: Mapping[str, Mapping[str, int]]) -> Trial:
    """Return the `index`-th trial of every campaign."""
    turn, place = divmod(index, len(KINDS))
    kind, venue = KINDS[place], tuple(VENUES)[turn % len(VENUES)]
    number = spread(turn, lengths[venue][kind])
    stops = [Stop(kind=kind, number=number, torn=turn // 2 % 2 == 1)]
    if index % 3 == 0:
        again = KINDS[turn % len(KINDS)]
        stops.append(Stop(kind=again, number=spread(turn, IN_RECOVERY[again])))
    return Trial(venue=venue, stops=tuple(stops))


def measured(folder: Path) -> dict[str, dict[str, int]]:
    """Return how many boundaries a session has that nobody disturbs."""
    found = {}
    for venue in VENUES:
        verdict = run_trial(Trial(venue=venue), anew(folder / venue))
        if verdict.faults:
            raise SystemExit(f"undisturbed, with fills {venue}: {verdict.faults}")
        found[venue] = dict(Counter(verdict.met))
    return found


def anew(folder: Path) -> Path:
    """Return `folder`, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def advance(campaign: Campaign, kills: int, folder: Path) -> Iterator[Campaign]:
    """Carry out trials until so many kills are delivered; what failed leaves its folder behind."""
    warm(anew(folder / "warm"))
    campaign.lengths = campaign.lengths or measured(folder)
    for index in count(campaign.trials):
        if campaign.killed >= kills or len(campaign.faults) >= MOST_FAULTS:
            return
        trial, place = planned(index, campaign.lengths), folder / f"trial-{index}"
        verdict = run_trial(trial, anew(place))
        campaign.kills = dict(Counter(campaign.kills) + Counter(verdict.kills))
        campaign.in_recovery += max(0, len(verdict.kills) - 1)
        campaign.faults += [f"{index} {trial}: {fault}" for fault in verdict.faults]
        campaign.trials = index + 1
        if not verdict.faults:
            shutil.rmtree(place)
        yield campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--anew", action="store_true")
    options = parser.parse_args()
    folder = options.folder.absolute()
    if options.anew:
        anew(folder)
    folder.mkdir(parents=True, exist_ok=True)
    campaign = load(folder / "state.json")
    for each in advance(campaign, options.kills, folder):
        each.save(folder / "state.json")
        sys.stderr.write(f"\r{each.killed}/{options.kills} kills")
    sys.stdout.write(f"\n{campaign.summary}\n" + "".join(f"{each}\n" for each in campaign.faults))
    return 1 if campaign.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
