"""A grid from audio to results: each encoder is loaded once, then the crew trains what is not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nver.embeddings.store import Store
from nver.encoders import load_encoder
from nver.errors import NverError
from nver.grid import Cell, Grid
from nver.results import Result, require_place
from nver.training.audit import Auditor
from nver.training.crew import N_CORES, Crew
from nver.training.inputs import Inputs, LeftOut, look, users
from nver.training.run import Begun, Observer, View, auditor_of, begin, finish, specs, view


class GridObserver(Observer):
    """What a grid tells beyond what a run tells; this one keeps silent too."""

    def looked(self, inputs: Inputs) -> None:
        """Corpora were scanned and weights looked for."""

    def left_out(self, what: LeftOut) -> None:
        """Something did not work; its cells are left out, and the others go on."""


@dataclass(frozen=True)
class Ending:
    """What became of the cells.

    Attributes:
        n_trained: Cells that were run.
        n_found: Cells whose result was there.
        missing: Inputs that were not there from the start.
        failed: What did not work on the way.
    """

    n_trained: int
    n_found: int
    missing: tuple[LeftOut, ...]
    failed: tuple[LeftOut, ...]


def run_grid(
    grid: Grid,
    *,
    out: Path,
    store: Store | None = None,
    workers: int = 2,
    jobs: int = N_CORES,
    skip_unreadable: bool = False,
    observer: GridObserver | None = None,
) -> Ending:
    """Run every cell whose inputs are there, each into ``out/<grid>/<corpus>/<experiment>``.

    A cell whose result is there, of the same settings, data and code, is not run again; whatever ended the
    grid early, the next call goes on from there (see ``run_plan``). A cell that fails is left out, and the
    others go on.

    Args:
        grid: What to run.
        out: Where results go.
        store: Where embeddings are kept; the user's own when None.
        workers: Processes that decode audio.
        jobs: Folds that are trained at once, on one core each; results are the same with any number.
        skip_unreadable: Go on without clips that cannot be decoded, and list them in every result.
        observer: Told how it goes.

    Raises:
        ConfigError: Something in the grid cannot be meant.
        ResultError: Something that is no result lies where one would be saved.
    """
    cells = grid.cells()
    for cell in cells:
        require_place(place(grid, cell, out))
    run = _GridRun(grid, out, look(cells), observer or GridObserver())
    run.observer.looked(run.inputs)
    run.embed(store=store, workers=workers, skip_unreadable=skip_unreadable)
    run.auditors = {
        label: auditor_of(corpus, store=store, workers=workers, skip_unreadable=skip_unreadable)
        for label, corpus in run.inputs.corpora.items()
    }
    return run.train(jobs)


def place(grid: Grid, cell: Cell, out: Path) -> Path:
    """The folder of a cell's result."""
    return out / grid.name / cell.corpus / cell.experiment.name


@dataclass
class _GridRun:
    """The state of one grid on its way.

    Attributes:
        views: By label of the corpus and spec of the encoder as JSON.
        auditors: By label of the corpus.
        failed: What did not work so far.
    """

    grid: Grid
    out: Path
    inputs: Inputs
    observer: GridObserver
    views: dict[tuple[str, str], View] = field(default_factory=dict)
    auditors: dict[str, Auditor] = field(default_factory=dict)
    failed: list[LeftOut] = field(default_factory=list)

    def embed(self, *, store: Store | None, workers: int, skip_unreadable: bool) -> None:
        """Every view that a cell needs; an encoder is loaded once and let go before the next."""
        cells = self.inputs.cells
        for key, spec in specs([cell.experiment for cell in cells]).items():
            try:
                encoder = load_encoder(spec.name, **spec.options)
            except NverError as error:
                self._leave_out(f"encoder {spec.name}", error, users(cells, key))
                continue
            for label, corpus in self.inputs.corpora.items():
                if not (names := users([cell for cell in cells if cell.corpus == label], key)):
                    continue
                try:
                    self.views[label, key] = view(
                        spec,
                        encoder,
                        corpus,
                        store=store,
                        workers=workers,
                        skip_unreadable=skip_unreadable,
                        observer=self.observer,
                    )
                except NverError as error:
                    self._leave_out(f"{spec.name} on {label}", error, names)

    def train(self, jobs: int) -> Ending:
        """Every cell whose views are there and whose result is not."""
        n_trained = n_found = 0
        with Crew(jobs, survives=(NverError,)) as crew:
            begun: list[tuple[Cell, Path, Begun]] = []
            for cell in self.inputs.cells:
                where = place(self.grid, cell, self.out)
                try:
                    started = self._begin(cell, where, crew)
                except NverError as error:
                    self._leave_out(f"cell {cell.name}", error, [cell.name])
                    continue
                if isinstance(started, Result):
                    finish(started, where, observer=self.observer)
                    n_found += 1
                elif started is not None:
                    begun.append((cell, where, started))
            for cell, where, run in begun:
                try:
                    finish(run, where, observer=self.observer)
                    n_trained += 1
                except NverError as error:
                    self._leave_out(f"cell {cell.name}", error, [cell.name])
        return Ending(n_trained, n_found, self.inputs.left_out, tuple(self.failed))

    def _begin(self, cell: Cell, where: Path, crew: Crew) -> Begun | Result | None:
        """As ``begin``; None when an encoder of the cell was left out."""
        keys = specs([cell.experiment])
        views = {key: self.views[cell.corpus, key] for key in keys if (cell.corpus, key) in self.views}
        if len(views) < len(keys):
            return None
        corpus = self.inputs.corpora[cell.corpus]
        auditor = self.auditors[cell.corpus]
        return begin(
            cell.experiment, corpus, views, where, crew=crew, auditor=auditor, observer=self.observer
        )

    def _leave_out(self, subject: str, error: NverError, names: Sequence[str]) -> None:
        self.failed.append(LeftOut(subject, str(error), tuple(names)))
        self.observer.left_out(self.failed[-1])
