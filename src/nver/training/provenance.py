"""What a result says about where it was made: versions, commit, machine."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

_PACKAGES = ("nver", "torch", "numpy", "scikit-learn")


DECIDING = ("nver", "torch", "scikit-learn")
"""Packages that a result depends on: of another version of these it is another result."""


def deciding(*, searches: bool) -> tuple[str, ...]:
    """Those of ``DECIDING``, and the package that settings are searched with."""
    return (*DECIDING, "optuna") if searches else DECIDING


def software(*, searches: bool = False) -> dict[str, str]:
    """Versions of all that may decide a number, and the commit of nver where it is known."""
    commit = _commit()
    return {
        "python": platform.python_version(),
        **{
            name: metadata.version(name) for name in dict.fromkeys((*_PACKAGES, *deciding(searches=searches)))
        },
        **({"commit": commit} if commit else {}),
    }


def machine() -> dict[str, str | int]:
    """What it ran on."""
    return {
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the checkout that nver is imported from, ``-dirty`` when it has changes; else None."""
    here = Path(__file__).parent
    # Installed below somebody else's checkout, nver is not a tracked file of it.
    if _git(here, "ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return _git(here, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(where: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(where), *arguments],  # noqa: S607 - git is wherever the user has it
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
