"""The configuration as shipped, and ``write_defaults`` that lays it into a project folder.

``config/`` of the checkout holds the same files, to be edited; these here stay as they are.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from bot.core.errors import ConfigError
from bot.files import create_private, private_folder

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("steward.toml", "rules.toml", "events.toml", "macro.csv", "README.md")


def write_defaults(folder: Path) -> tuple[Path, ...]:
    """Write the default ``config/`` into `folder`; what exists there is left as it is.

    Returns
    -------
    tuple[Path, ...]
        The files that were written, in order.

    Raises
    ------
    ConfigError
        If the folder cannot be written.
    """
    config = folder / "config"
    try:
        private_folder(config)
        return tuple(config / name for name in FILES if _written(config / name))
    except OSError as error:
        message = f"{config}: cannot be written: {error.strerror}: choose another folder"
        raise ConfigError((message,)) from error


def _written(path: Path) -> bool:
    """Write the default of that name, unless the file is there."""
    if path.exists():
        return False
    create_private(path)
    path.write_bytes((resources.files(__package__) / path.name).read_bytes())
    return True
