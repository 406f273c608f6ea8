"""Reports: results in, Markdown, CSV and figures out. Nothing is trained here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nver.errors import ResultError
from nver.results import Result

__all__ = ["find_results", "write_report"]


def find_results(places: Sequence[Path]) -> list[Result]:
    """The results in folders: each a result itself, or a folder that holds results at any depth.

    Returns:
        Each result once, folder by folder, in the order of their paths.

    Raises:
        ResultError: A folder holds no result, or a result is damaged.
    """
    from nver.results import RESULT_FILE

    found: dict[Path, None] = {}
    for place in places:
        inside = sorted(path.parent.resolve() for path in place.rglob(RESULT_FILE))
        if not inside:
            raise ResultError(f"there is no result in {place}: expected a folder that `nver run` wrote")
        found |= dict.fromkeys(inside)
    return [Result.load(directory) for directory in found]


def write_report(results: Sequence[Result], out: Path) -> Path:
    """Write ``report.md`` with its figures, tables as CSV, and the experiment files that make it again.

    Results that measure the same thing (corpus, tested clips, classes, folds) share a table.

    Args:
        results: One or more, from one plan or several.
        out: The folder; files of an earlier report there are overwritten.

    Returns:
        The path of ``report.md``.

    Raises:
        ResultError: There are no results.
    """
    from nver.report import markdown, plots, reproduce, tables
    from nver.report.comparison import compare
    from nver.report.provenance import was_trained

    if not results:
        raise ResultError("there are no results to report on")
    comparisons = compare(results)
    for comparison in comparisons:
        (out / "figures" / comparison.slug).mkdir(parents=True, exist_ok=True)
        for row in comparison.rows:
            title = f"{row.system}, protocol {comparison.folds.protocol}"
            plots.draw_confusion(
                row.scores.confusion,
                comparison.labels,
                title=title,
                path=out / markdown.confusion_path(comparison, row.system),
            )
            if not was_trained(row.result):
                continue
            plots.draw_learning_curves(
                row.result.history,
                monitor=row.result.experiment.training.monitor,
                title=title,
                path=out / markdown.curves_path(comparison, row.system),
            )
        (out / "reproduce").mkdir(exist_ok=True)
        for name, plan in reproduce.plans(comparison).items():
            (out / "reproduce" / name).write_text(plan, encoding="utf-8")
    (out / "table.csv").write_text(tables.systems_csv(comparisons), encoding="utf-8")
    (out / "classes.csv").write_text(tables.classes_csv(comparisons), encoding="utf-8")
    report = out / "report.md"
    report.write_text(markdown.render(comparisons, plans_at=out / "reproduce"), encoding="utf-8")
    return report
