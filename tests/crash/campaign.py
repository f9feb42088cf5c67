"""Kills the bot at many boundaries, one after the other, and says what was not exactly once.

    python tests/crash/campaign.py --kills 1000 --folder build/crash --jobs 2

The plan of trials is fixed: every kind of session with every way of filling, killed at
boundaries that are spread over the whole of it; every third trial kills the recovery too. What
is done is kept in the folder, so that a campaign that was interrupted goes on where it stood;
``--anew`` begins again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its threads do not survive a fork
sys.path.insert(0, str(Path(__file__).parent))

from boundaries import COMMIT, ORDER, RECEIVE, SEND, Stop
from scenes import SCENES, VENUES, Start, prepare
from trial import Trial, Verdict, run_trial
from workers import shared

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

GOLDEN = 0.618
"""Share of the way from one point of a spread to the next: never close to the former ones."""

MOST_FAULTS = 50
"""After so many a campaign ends: there is something to mend first."""

KINDS = (COMMIT, ORDER, RECEIVE, COMMIT, SEND, ORDER, COMMIT)
"""Kinds of boundaries in turn; most of what is sent asks for quotes, and is killed seldom."""

BLOCK = 35
"""Trials for which each scene keeps its way of filling, before they change."""

IN_RECOVERY = {COMMIT: 40, ORDER: 2, SEND: 35, RECEIVE: 19}
"""How many boundaries of each kind the shortest recovery has, or a little more."""


@dataclass(slots=True)
class Campaign:
    """What has been done up to now.

    Parameters
    ----------
    lengths
        Boundaries of each kind in a whole session, by scene and venue.
    trials
        How many trials are done.
    kills
        Kills delivered, by the kind of their boundary.
    scenes
        The same, by scene.
    in_recovery
        Those of them that hit a recovery.
    faults
        Departures from the invariants, with their trial.
    """

    lengths: dict[str, dict[str, int]] = field(default_factory=dict)
    trials: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    scenes: dict[str, int] = field(default_factory=dict)
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
            f"by boundary {self.kills}, by session {self.scenes}: {len(self.faults)} faults"
        )

    def note(self, trial: Trial, verdict: Verdict) -> None:
        """Take note of a trial."""
        self.kills = dict(Counter(self.kills) + Counter(verdict.kills))
        self.scenes = dict(Counter(self.scenes) + Counter([trial.scene] * len(verdict.kills)))
        self.in_recovery += max(0, len(verdict.kills) - 1)
        self.faults += [f"{self.trials} {trial}: {fault}" for fault in verdict.faults]
        self.trials += 1

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


def stages(block: int) -> list[tuple[str, str]]:
    """Return the scenes with the way of filling that each has in a block of trials."""
    venues = tuple(VENUES)
    return [(scene, venues[(at + block + 1) % len(venues)]) for at, scene in enumerate(SCENES)]


def target(index: int) -> tuple[str, str, str]:
    """Return the scene and the way of filling of a trial, and the kind of boundary it stops at."""
    turn, place = divmod(index, len(SCENES))
    return *stages(index // BLOCK)[place], KINDS[(turn + place) % len(KINDS)]


def planned(index: int, lengths: Mapping[str, Mapping[str, int]]) -> Trial:
    """Return the `index`-th trial of every campaign: no boundary twice before each was once."""
    scene, venue, kind = target(index)
    length = lengths[f"{scene} {venue}"]
    former = sum(target(each) == (scene, venue, kind) for each in range(index))
    stop = Stop(kind=kind, number=spread(former + 1, length[kind]), torn=former % 2 == 1)
    turn, place = divmod(index, len(SCENES))
    if turn % 3 != place % 3:
        return Trial(scene=scene, venue=venue, stops=(stop,))
    again = KINDS[(turn + 2 * place) % len(KINDS)]
    early = stop.number * 3 < length[kind]  # then the recovery is as long as the session
    most = length[again] if early else IN_RECOVERY[again]
    second = Stop(kind=again, number=spread(former + place + 1, most))
    return Trial(scene=scene, venue=venue, stops=(stop, second))


def measure(stage: tuple[str, str], starts: Sequence[Start], folder: Path) -> dict[str, int]:
    """Return how many boundaries of each kind a session has that nobody disturbs."""
    scene, venue = stage
    verdict = carry_out(starts, folder / f"{scene}-{venue}", Trial(scene=scene, venue=venue))
    undone = SCENES[scene].does - set(verdict.did)
    if verdict.faults or (undone and venue == "whole"):
        raise RuntimeError(f"undisturbed {scene}, {venue}: {verdict.faults}, no {undone}")
    return dict(Counter(verdict.met))


def anew(folder: Path) -> Path:
    """Return `folder`, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def carry_out(starts: Sequence[Start], folder: Path, trial: Trial) -> Verdict:
    """Carry out `trial` in a new folder, which is left behind when it failed."""
    verdict = run_trial(trial, starts, anew(folder))
    if not verdict.faults:
        shutil.rmtree(folder)
    return verdict


def advance(campaign: Campaign, folder: Path, jobs: int) -> Generator[Campaign, None, None]:
    """Carry out trials without end, in blocks whose sessions are measured first."""
    starts = prepare(anew(folder / "start"))

    def tried(index: int) -> dict[str, object]:
        trial = planned(index, campaign.lengths)
        return asdict(carry_out(starts, folder / f"trial-{index}", trial))

    while True:
        block = campaign.trials // BLOCK
        fresh = [each for each in stages(block) if " ".join(each) not in campaign.lengths]
        found = shared(lambda stage: measure(stage, starts, folder), fresh, jobs)
        campaign.lengths |= {" ".join(stage): met for stage, met in zip(fresh, found, strict=True)}
        rest = range(campaign.trials, (block + 1) * BLOCK)
        for index, each in zip(rest, shared(tried, rest, jobs), strict=True):
            campaign.note(planned(index, campaign.lengths), Verdict(**each))
            yield campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--anew", action="store_true")
    options = parser.parse_args()
    folder = options.folder.absolute()
    if options.anew:
        anew(folder)
    folder.mkdir(parents=True, exist_ok=True)
    campaign = load(folder / "state.json")
    trials = advance(campaign, folder, options.jobs)
    while campaign.killed < options.kills and len(campaign.faults) < MOST_FAULTS:
        next(trials).save(folder / "state.json")
        sys.stderr.write(f"\r{campaign.killed}/{options.kills} kills")
    trials.close()
    sys.stdout.write(f"\n{campaign.summary}\n" + "".join(f"{each}\n" for each in campaign.faults))
    return 1 if campaign.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
