"""Figures of one result, drawn with matplotlib's objects alone: no pyplot, no display, no global state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nver.evaluation.metrics import Counts
from nver.results import Epoch, FoldHistory

BLUE, VERMILION = "#0072B2", "#D55E00"
"""Two of Okabe and Ito's colours, which every kind of colour vision tells apart."""

MANY_CLASSES = 12
"""Above this, cells and letters are drawn smaller."""

NUMBERED_CLASSES = 40
"""Above this, two digits do not fit a cell, and the colour alone tells the share."""


def draw_confusion(counts: Counts, labels: Sequence[str], *, title: str, path: Path) -> None:
    """The confusion matrix, each row as shares of that class's clips; a class without clips is grey.

    Args:
        counts: (n_classes, n_classes) clips by true class (row) and guessed class (column).
        labels: Class names in the order of the indices.
        title: Drawn above.
        path: The PNG to write.
    """
    n = len(labels)
    support = counts.sum(axis=1)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, support[:, None], out=shares, where=support[:, None] > 0)
    cell_in, points = (0.55, 10) if n <= MANY_CLASSES else (0.3, 7)

    figure = Figure(figsize=(n * cell_in, n * cell_in), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))  # a cell has its size whatever the names need; `_save` makes room
    largest = (
        np.ceil(10 * np.nanmax(shares, initial=0.1)) / 10
    )  # of the scale: thirty classes share few percents
    image = axes.imshow(np.ma.masked_invalid(shares), cmap=_blues(), vmin=0, vmax=largest)
    names = [f"{label} ({k})" for label, k in zip(labels, support, strict=True)]
    axes.set_xticks(range(n), labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=points)
    axes.set_yticks(range(n), names, fontsize=points)
    axes.set_xlabel("guessed", fontsize=10)
    axes.set_ylabel("true (clips)", fontsize=10)
    axes.set_title(title, fontsize=11, loc="left", pad=10)
    _separate_cells(axes, n)
    if n <= NUMBERED_CLASSES:
        _write_percents(axes, shares, points=points - 1, dark_above=0.5 * largest)

    bar = figure.colorbar(image, cax=figure.add_axes((1 + 0.25 / (n * cell_in), 0, 0.15 / (n * cell_in), 1)))
    bar.ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    bar.ax.tick_params(labelsize=8, length=2)
    bar.set_label("share of the true class", fontsize=8)
    for spine in bar.ax.spines.values():
        spine.set_visible(False)
    _save(figure, path)


def draw_learning_curves(history: Sequence[FoldHistory], *, monitor: str, title: str, path: Path) -> None:
    """Losses and the validation score over epochs: one thin line a fold, a dot on its best epoch.

    Args:
        history: One entry a fold.
        monitor: What picked the best epoch: ``loss``, ``accuracy`` or ``macro_f1``.
        title: Drawn above.
        path: The PNG to write.
    """
    score = "accuracy" if monitor == "accuracy" else "macro_f1"
    figure = Figure(figsize=(9, 3.6), dpi=150, layout="constrained")
    losses, scores = figure.subplots(1, 2, gridspec_kw={"wspace": 0.08})
    for fold in history:
        _draw_fold(losses, fold, [epoch.train_loss for epoch in fold.epochs], BLUE, dot=False)
        _draw_fold(losses, fold, [epoch.validation_loss for epoch in fold.epochs], VERMILION, dot=True)
        _draw_fold(scores, fold, [_score(epoch, score) for epoch in fold.epochs], VERMILION, dot=True)
    losses.set_ylabel("loss")
    scores.set_ylabel(f"validation {score.replace('_', ' ').replace('f1', 'F1')}")
    scores.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    train, validation, best = (
        Line2D([], [], color=BLUE, label="training"),
        Line2D([], [], color=VERMILION, label="validation"),
        Line2D(
            [],
            [],
            color=VERMILION,
            marker="o",
            linestyle="",
            markersize=4,
            label=f"best epoch of a fold, by {monitor.replace('_f1', ' F1')}",
        ),
    )
    figure.legend(
        handles=[train, validation, best], loc="outside lower center", ncols=3, frameon=False, fontsize=9
    )
    for axes in (losses, scores):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    _save(figure, path)


def _draw_fold(axes: Axes, fold: FoldHistory, heights: Sequence[float], colour: str, *, dot: bool) -> None:
    axes.plot(range(1, len(heights) + 1), heights, color=colour, linewidth=0.8, alpha=0.6)
    if dot:
        axes.plot([fold.best_epoch + 1], [heights[fold.best_epoch]], "o", color=colour, markersize=4)


def _score(epoch: Epoch, name: str) -> float:
    return epoch.validation_accuracy if name == "accuracy" else epoch.validation_macro_f1


def _blues() -> Colormap:
    return colormaps["Blues"].with_extremes(bad="0.85")


def _separate_cells(axes: Axes, n: int) -> None:
    axes.set_xticks(np.arange(1, n) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, n) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write_percents(axes: Axes, shares: npt.NDArray[np.float64], *, points: float, dark_above: float) -> None:
    """Whole percents in the cells; one that rounds to zero stays empty, so that the others stand out."""
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share) and (text := f"{100 * share:.0f}") != "0":
            shade = "white" if share > dark_above else "0.15"
            axes.text(column, row, text, ha="center", va="center", fontsize=points, color=shade)


def _save(figure: Figure, path: Path) -> None:
    """A PNG that holds every name whole and no version or date: equal inputs give equal bytes."""
    figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.15, metadata={"Software": None})
