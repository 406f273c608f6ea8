"""How far a command is, on stderr: a bar with the time left on a terminal, else lines now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from nver.cli.console import note

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """What a command tells."""

    def begin(self, title: str, *, unit: str) -> None:
        """Something else is counted from now on, at a speed of its own."""

    def __call__(self, done: float, total: float | None, /, *, doing: str = "", speed: str = "") -> None:
        """So much of so much is done (of None: nobody knows how much); the rest is shown beside it."""

    def say(self, text: str) -> None:
        """Something that stays when the bar has moved on."""


@contextmanager
def progress(title: str, *, unit: str = "clips") -> Iterator[Progress]:
    """A way to tell how far ``title`` is, counted in ``unit``."""
    if not sys.stderr.isatty():
        yield _Lines(title, unit)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.table import Column

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[beside]}", markup=False),
        TimeRemainingColumn(table_column=Column(min_width=len("0:00:00"))),
        TextColumn("left"),
    )
    with RichProgress(*columns, console=Console(stderr=True), speed_estimate_period=60) as bars:
        yield _Bar(bars, title, unit)


class _Bar:
    def __init__(self, bars: RichProgress, title: str, unit: str) -> None:
        self._bars = bars
        self._task = bars.add_task(title, total=None, beside="")
        self._title, self._unit = title, unit

    def begin(self, title: str, *, unit: str) -> None:
        self._title, self._unit = title, unit
        self._bars.reset(self._task, description=title, beside="")

    def __call__(self, done: float, total: float | None, /, *, doing: str = "", speed: str = "") -> None:
        beside = ", ".join(part for part in (_amount(done, total, self._unit), speed) if part)
        self._bars.update(
            self._task, completed=done, total=total, description=doing or self._title, beside=beside
        )

    def say(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)


class _Lines:
    def __init__(self, title: str, unit: str) -> None:
        self.begin(title, unit=unit)

    def begin(self, title: str, *, unit: str) -> None:
        self._title, self._unit = title, unit
        self._began = self._told = time.monotonic()

    def __call__(self, done: float, total: float | None, /, *, doing: str = "", speed: str = "") -> None:
        now = time.monotonic()
        if done != total and now - self._told < _SECONDS_BETWEEN_LINES:
            return
        self._told = now
        left = ""
        if total is not None and 0 < done < total:
            left = f"{(now - self._began) / done * (total - done):,.0f} s left"
        amount = f"{doing or self._title}: {_amount(done, total, self._unit)}"
        note(", ".join(part for part in (amount, speed, left) if part))

    def say(self, text: str) -> None:
        note(text)


def _amount(done: float, total: float | None, unit: str) -> str:
    return f"{int(done):,} {unit}" if total is None else f"{int(done):,} of {int(total):,} {unit}"
