"""Files of the bot: private to their owner, replaced whole, refused where others could write.

What the bot writes is 0600, in folders that are 0700 when it makes them; a folder that exists
keeps its mode. What it obeys (configuration, ledger) must be out of the reach of other users:
the file itself, not a symbolic link, and neither it nor its folder writable by group or others.
Whoever can write the folder can put another file in place of the checked one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Final

WRITABLE_BY_OTHERS: Final = 0o022
BYTES_PER_MB: Final = 1_000_000


def distrust(path: Path) -> str | None:
    """Return why another user could decide what `path` says, with the remedy, or ``None``.

    A file that does not exist is no fault here.
    """
    if path.is_symlink():
        return f"is a symbolic link to {path.readlink()}: put the file itself there"
    for each in (path, path.absolute().parent):
        mode = each.stat().st_mode & 0o7777 if each.exists() else 0
        if mode & WRITABLE_BY_OTHERS:
            command = f"chmod go-w {shlex.quote(str(each.absolute()))}"
            return f"{each.name} can be written by others (mode {mode:04o}): type `{command}`"
    return None


def private_folder(path: Path) -> Path:
    """Make the folder for its owner only, unless it exists; return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def create_private(path: Path) -> None:
    """Create `path` as an empty file that only its owner can read, unless it exists.

    Raises
    ------
    OSError
        It cannot be made, or is a symbolic link.
    """
    private_folder(path.parent)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def replace_text(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write beside `path`, flush to disk, and rename over it: a reader sees all or nothing."""
    replace_bytes(path, text.encode(), mode=mode)


def replace_bytes(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write as ``replace_text`` does."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    flush(path.parent)


def flush(path: Path) -> None:
    """Wait until the file is on the disk; of a folder, until its renames are."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_mb(folder: Path) -> float:
    """Return the space that this user may still write in the folder's file system, in MB.

    Raises
    ------
    OSError
        It cannot be told.
    """
    return shutil.disk_usage(folder).free / BYTES_PER_MB
