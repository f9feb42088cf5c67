"""The hash of the code on which the result of a replay depends: what a replay imports, no more.

Whatever a module reaches by its imports counts, in functions too; what it only names for the type
checker does not. So a page, a claim or a table may be rewritten while a sweep runs, and neither
its results nor those of before are lost; a line of what decides, prices or measures is another
code. `NAMES_ONLY` are not followed: they make no number.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.core.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS: Final = ("bot", "strategies")
ROOTS: Final = (
    "bot.evidence.bootstrap",
    "bot.evidence.engine",
    "bot.evidence.history_load",
    "bot.evidence.outcome",
)
"""What a replay of a sweep runs: a history is read and resampled, replayed, and summed up."""

NAMES_ONLY: Final = frozenset({"bot.config"})
"""Gives the rules their hash, by which tables are told apart."""


@functools.cache
def code_stamp() -> str:
    """Return the SHA-256 of the code that a result depends on."""
    digest = hashlib.sha256()
    for name, path in sorted(deciding_code(*ROOTS).items()):
        digest.update(name.encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def deciding_code(*roots: str) -> dict[str, Path]:
    """Return the file of each of our modules that `roots` import, however far away, by name.

    Raises
    ------
    EvidenceError
        If a root is no module of ours.
    """
    found: dict[str, Path] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        path = _file(name)
        if name in found or name in NAMES_ONLY or path is None:
            continue
        found[name] = path
        todo += [each for each in _imports(path) if each.split(".")[0] in OURS]
        todo += _packages(name)
    if missing := sorted(set(roots) - set(found)):
        raise EvidenceError(f"{', '.join(missing)}: not among the installed modules")
    return found


def _packages(name: str) -> list[str]:
    """Return the packages that a module lies in: their code runs first."""
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def _imports(path: Path) -> set[str]:
    """Return what a file imports when it runs; of a name taken from a package, both."""
    found: set[str] = set()
    for node in _running(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those for the type checker."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield from _running(child)


def _file(name: str) -> Path | None:
    """Return the file of a module of ours; ``None`` where the name is none."""
    top, *rest = name.split(".")
    path = _folder(top).joinpath(*rest)
    files = (path / "__init__.py", path.with_suffix(".py"))
    return next((each for each in files if each.is_file()), None)


def _folder(package: str) -> Path:
    """Return the folder of an installed package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EvidenceError(f"the package {package} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))
