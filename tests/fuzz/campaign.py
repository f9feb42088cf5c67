"""Fuzz until enough frames were damaged; go on where it stood.

Towards the bot and towards the gateway, quotes into decisions and configuration into the loaders,
in rounds that have a seed each. What was done is written into the folder, so that a campaign
which was ended goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz_configs import ConfigFuzz
from fuzz_quotes import QuoteFuzz
from fuzz_worlds import bench

CLIENT, GATEWAY = 50_000, 50_000
DECISIONS, FILES = 50, 500
"""Of one round."""


def main() -> None:
    asked = _arguments()
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = asked.folder / "fuzz.json"
    done: Counter[str] = Counter()
    if path.is_file() and not asked.anew:
        done.update(json.loads(path.read_text()))
    while done["frames"] < asked.frames:
        began = time.monotonic()
        done.update(_round(asked.seed + done["rounds"]))
        done["seconds"] += round(time.monotonic() - began)
        path.write_text(json.dumps(done, indent=1, sort_keys=True))
        _say(done, asked.frames)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="in both directions together")
    parser.add_argument("--seed", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--anew", action="store_true", help="forget what was done before")
    return parser.parse_args()


def _round(seed: int) -> dict[str, int]:
    with bench() as place:
        client = place.towards_client(CLIENT, seed=seed)
        gateway = place.towards_gateway(GATEWAY, seed=seed)
        if place.complaints:
            raise RuntimeError(f"seed {seed}: the event loop complains: {place.complaints[:3]}")
    quotes = QuoteFuzz(seed)
    quotes.run(DECISIONS)
    with tempfile.TemporaryDirectory() as folder:
        configs = ConfigFuzz(Path(folder), seed)
        configs.run(FILES)
    return _counts(client, gateway, quotes=quotes, configs=configs)


def _counts(client: Any, gateway: Any, *, quotes: QuoteFuzz, configs: ConfigFuzz) -> dict[str, int]:
    return {
        "rounds": 1,
        "frames": client.frames + gateway.frames,
        "frames towards the bot": client.frames,
        "frames towards the gateway": gateway.frames,
        "connections that the gateway ended": gateway.hung_up,
        "decisions": quotes.decisions,
        "odd quotes": quotes.quotes,
        "intents": quotes.intents,
        "files": configs.files,
        "files that load": configs.loaded,
        "switches at halt": configs.halts,
    } | {f"questions: {name}": count for name, count in client.outcomes.items()}


def _say(done: Counter[str], wanted: int) -> None:
    sys.stdout.write(
        f"{done['frames']} of {wanted} frames ({done['frames towards the bot']} towards the bot, "
        f"{done['frames towards the gateway']} towards the gateway), {done['odd quotes']} odd "
        f"quotes in {done['decisions']} decisions, {done['files']} files, {done['seconds']} s: "
        "0 hangs, 0 invalid orders\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
