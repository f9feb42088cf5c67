"""What the bot leaves on its machine: no port, no secret, nothing that others may read."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typed import STEWARD, edit, steward

from bot.demo import point_at

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY_ACCOUNT = "DU9182736"
CANARY_SECRET = "s3cr3t-canary-0f9e8d"  # noqa: S105 - a canary
CANARY_URL = f"https://127.0.0.1:9/{CANARY_SECRET}"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project beside a simulated gateway that runs through a session each five seconds."""
    assert steward("init", tmp_path).returncode == 0
    command = [*STEWARD, "gateway", "--port", "0", "--scenario", "calm", "--seed", "3"]
    with subprocess.Popen(
        [*command, "--account", CANARY_ACCOUNT], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            point_at(tmp_path, json.loads(line)["port"])
            edit(tmp_path, "broker", account=CANARY_ACCOUNT)
            yield tmp_path
        finally:
            process.terminate()


def one_session(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one session in a process of its own; its last line names the ports it opened."""
    program = Path(__file__).with_name("watched_session.py")
    done = subprocess.run(
        [sys.executable, str(program), str(project)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_bot_opens_no_listening_port(project: Path) -> None:
    done = one_session(project)

    assert done.stdout.splitlines()[-1] == "bound [] listening []"


def test_fault_62_neither_account_nor_secret_is_left_but_in_the_config(project: Path) -> None:
    edit(project, "health", ping_url=CANARY_URL)

    done = one_session(project, STEWARD_PING_URL=CANARY_URL, CANARY=CANARY_SECRET)
    shown = [
        steward(command, "-p", project, CANARY=CANARY_SECRET)
        for command in ("status", "review", "backup", "check")
    ]

    said = "".join(each.stdout + each.stderr for each in (done, *shown))
    left = {"console": said} | dict(texts(project))
    assert {"steward.db", "steward.jsonl"} <= {Path(name).name for name in left}
    for secret in (CANARY_ACCOUNT, CANARY_ACCOUNT[2:], CANARY_SECRET):
        assert [name for name, text in left.items() if secret in text] == []


def texts(project: Path) -> Iterator[tuple[str, str]]:
    """Yield everything that was written outside of the config, and what a ledger unpacks to."""
    for path in project.rglob("*"):
        if path.is_file() and path.parent.name != "config":
            yield str(path), path.read_bytes().decode("latin-1")
            if path.suffix == ".db":
                yield f"{path} unpacked", unpacked(path)


def unpacked(path: Path) -> str:
    database = sqlite3.connect(path)
    bodies = database.execute("SELECT body FROM snapshots UNION ALL SELECT body FROM decisions")
    found = [zlib.decompress(body).decode() for (body,) in bodies]
    books = database.execute("SELECT book FROM decisions WHERE book IS NOT NULL").fetchall()
    found += [zlib.decompress(book).decode() for (book,) in books]
    database.close()
    assert len(found) >= 3
    return "".join(found)


def test_whatever_the_bot_writes_is_for_its_owner_only(project: Path) -> None:
    before = os.umask(0)
    try:
        one_session(project)
        steward("backup", "-p", project)
    finally:
        os.umask(before)

    modes = {
        str(path.relative_to(project)): stat.S_IMODE(path.stat().st_mode)
        for path in project.rglob("*")
    }
    assert {"ledger/steward.db", "logs/steward.jsonl", "logs/reports", "backups"} <= set(modes)
    expected = {name: 0o700 if (project / name).is_dir() else 0o600 for name in modes}
    assert modes == expected
