"""A digest of the code that decides a result, so that a result of other code is never taken for today's."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from nver import fingerprint
from nver.heads.build import HEADS

_PACKAGE = Path(__file__).parents[1]
_DECIDING = ("nver.training.cross_validate", "nver.training.one_fold", "nver.training.protocols")
_OF_SEARCH = ("nver.training.search", "nver.search")
_FOLLOWED = ("nver.heads.", "nver.evaluation.", "nver.kernels.")
_DATA_ALONE = ("nver.heads.specs", "nver.heads.spec", "nver.heads.estimators", "nver.heads.build")
"""A head's settings are in the experiment; one more head in the tables changes nothing for the others."""


@functools.cache
def of_training(kind: str, *, searches: bool = False) -> str:
    """SHA-256 of what trains a kind of head: its module, the loop, folds and scores, and what those import.

    With ``searches``, also of what chooses settings.

    Comments, docstrings and layout do not count.

    >>> of_training("fcn") == of_training("cnn")
    False
    """
    own = (
        ["nver.training.estimators"]
        if kind == "sklearn"
        else [HEADS[kind].split(":")[0], "nver.training.fit"]
    )
    waiting = [*own, *_DECIDING, *(_OF_SEARCH if searches else ())]
    met: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in met or name in _DATA_ALONE:
            continue
        tree = _tree(_path(name))
        met[name] = ast.dump(tree)
        waiting += [other for other in _imported(tree) if other.startswith(_FOLLOWED)]
    return fingerprint.of_data(met)


def _path(module: str) -> Path:
    """Of its source; for a package, the folder."""
    place = _PACKAGE.joinpath(*module.split(".")[1:])
    return place if place.is_dir() else place.with_suffix(".py")


def _tree(path: Path) -> ast.Module:
    """A module without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
    return tree


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules of nver that a module imports from, or takes out of a package."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.module or not node.module.startswith("nver"):
            continue
        if _path(node.module).is_dir():
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield node.module
