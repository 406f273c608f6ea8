"""Tables of a comparison to be read into a document: scores with intervals, the best against the others."""

from __future__ import annotations

from nver.report.comparison import Comparison
from nver.report.pairs import pairs_grid, pairs_statement, reading
from nver.report.protocols import chance, headline
from nver.report.repeats import join
from nver.report.tables import SCORES, main_grid
from nver.report.typeset import Grid, latex_text

_KEPT = ("system", "settings", "parameters", *SCORES, *(f"pooled {name}" for name in SCORES))


def documents(comparison: Comparison) -> dict[str, str]:
    """File name -> a ``table*`` for documents that use booktabs and graphicx."""
    protocol = headline(comparison.folds.protocol).replace("**", "").replace("`", "")
    made = {
        f"{comparison.slug}-systems.tex": _table(
            main_grid(join(comparison)).only(_KEPT),
            label=f"{comparison.slug}-systems",
            caption=f"{comparison.title}. {protocol} {chance(comparison)} Percent, mean ± standard deviation "
            f"over folds; pooled: all tested clips at once. {comparison.interval_note} Bold: the best, "
            f"underlined: the second best. Training: {comparison.settings}.",
        )
    }
    if (found := comparison.differences) is not None:
        best = found.against_best("macro_f1")
        made[f"{comparison.slug}-pairs.tex"] = _table(
            pairs_grid(best),
            label=f"{comparison.slug}-pairs",
            caption=f"{comparison.title}: the best against the others, by macro F1. "
            f"{pairs_statement(comparison, found).replace('`', '')} {reading(found, best)}",
        )
    return made


def _table(grid: Grid, *, caption: str, label: str) -> str:
    return "\n".join(
        [
            "% \\usepackage{booktabs,graphicx}",
            "\\begin{table*}",
            "\\centering",
            f"\\caption{{{latex_text(caption)}}}",
            f"\\label{{tab:{label}}}",
            "\\resizebox{\\textwidth}{!}{%",
            grid.latex() + "%",
            "}",
            "\\end{table*}",
            "",
        ]
    )
