"""The project's own files, read once for the tests that hold its habits."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HOUSE", "PACKAGE", "Module", "calls", "files", "modules"]

HOUSE = Path(__file__).resolve().parents[2]
PACKAGE = HOUSE / "src" / "tansiq"

_NOT_OURS = {
    ".git",
    ".venv",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "__pycache__",
    "build",
    "dist",
}


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of ``src/tansiq``: its dotted name, path, text and syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def docstring(self) -> str:
        """The module's docstring, or nothing."""
        return ast.get_docstring(self.tree) or ""

    @property
    def is_migration(self) -> bool:
        """Whether Django wrote it."""
        return ".migrations" in self.name


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every Python module of the package."""
    out = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("tansiq", *path.relative_to(PACKAGE).with_suffix("").parts)
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        out.append(Module(name, path, text, ast.parse(text, filename=str(path))))
    return tuple(out)


def calls(tree: ast.AST, names: frozenset[str]) -> Iterator[ast.Call]:
    """The calls in ``tree`` to a function or class of one of these ``names``, plain or as an attribute."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if (isinstance(called, ast.Name) and called.id in names) or (
            isinstance(called, ast.Attribute) and called.attr in names
        ):
            yield node


@functools.cache
def files() -> tuple[Path, ...]:
    """Every text file of the repository that a contributor writes (what is built or fetched is left out)."""
    out = []
    for path in sorted(HOUSE.rglob("*")):
        parts = path.relative_to(HOUSE).parts
        if any(part in _NOT_OURS or part.endswith(".egg-info") for part in parts) or not path.is_file():
            continue
        if b"\0" not in path.read_bytes()[:4096]:
            out.append(path)
    return tuple(out)
