"""Run the session of every trial in this process: ``one_session.py PROJECT``.

A fault that the bot knows ends it with status 3, one that it does not with a traceback.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from trial import SESSION

from bot.backup import open_ledger
from bot.core.errors import StewardError
from bot.logs import configure
from bot.project import load_project
from bot.session import run_session

KNOWN_FAULT = 3


def main(folder: Path) -> int:
    project = load_project(folder)
    configure(project.settings.logs, console=False)
    try:
        with open_ledger(project) as ledger:
            asyncio.run(run_session(project, ledger, SESSION))
    except StewardError as fault:
        sys.stderr.write(f"{type(fault).__name__}: {fault}\n")
        return KNOWN_FAULT
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
