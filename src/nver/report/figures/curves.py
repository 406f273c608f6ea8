"""How heads learned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nver.report.figures.style import BLUE, VERMILION, save, tidy
from nver.results import Epoch, FoldHistory


def draw_learning_curves(history: Sequence[FoldHistory], *, monitor: str, title: str, path: Path) -> None:
    """Losses and the validation score over epochs: one thin line a fold, a dot on its best epoch.

    Args:
        history: One entry a fold.
        monitor: What picked the best epoch: ``loss``, ``accuracy`` or ``macro_f1``.
        title: Drawn above.
        path: The PNG to write; an SVG is written beside it.
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
        tidy(axes)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    save(figure, path)


def _draw_fold(axes: Axes, fold: FoldHistory, heights: Sequence[float], colour: str, *, dot: bool) -> None:
    axes.plot(range(1, len(heights) + 1), heights, color=colour, linewidth=0.8, alpha=0.6)
    if dot:
        axes.plot([fold.best_epoch + 1], [heights[fold.best_epoch]], "o", color=colour, markersize=4)


def _score(epoch: Epoch, name: str) -> float:
    return epoch.validation_accuracy if name == "accuracy" else epoch.validation_macro_f1
