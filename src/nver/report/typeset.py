"""A table before it has a form, and the forms: Markdown, LaTeX (booktabs), HTML, a terminal."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.table import Table
from rich.text import Text

MARKS = "Bold: the best of a column; italic: the second best."
"""What stands below a table in Markdown."""

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{letter: f"\\{letter}" for letter in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "−": "$-$",
        "–": "--",
        "β": r"$\beta$",
        "δ": r"$\delta$",
        "<": "$<$",
        "λ": r"$\lambda$",
    }
)


@dataclass(frozen=True)
class Cell:
    """One entry; ``rank`` is 1 for the best of the figures it competes with, 2 for the second, else 0."""

    text: str
    rank: int = 0


@dataclass(frozen=True)
class Grid:
    """Rows of cells under headings.

    Attributes:
        header: One heading a column; the first ``n_names`` columns hold words, the others figures.
        groups: Headings above the headings, outermost first: one text a column, "" for none. Equal
            neighbours are one heading over several columns, unless a heading above them ends in between.
        sections: Line -> the words that stand above it, across the table.
    """

    header: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    n_names: int
    groups: tuple[tuple[str, ...], ...] = ()
    sections: tuple[tuple[int, str], ...] = ()

    def only(self, columns: Iterable[str]) -> Grid:
        """Those of these columns that it has, of a table without headings above headings."""
        kept = [self.header.index(name) for name in columns if name in self.header]
        return Grid(
            header=tuple(self.header[j] for j in kept),
            lines=tuple(tuple(line[j] for j in kept) for line in self.lines),
            n_names=sum(j < self.n_names for j in kept),
        )

    def markdown(self) -> str:
        """A pipe table: headings in one line, the best in bold, the second in italics."""
        n = len(self.header)
        stacked = zip(*self.groups, self.header, strict=True)
        rows = [
            [_pipe(" ".join(filter(None, column))) for column in stacked],
            ["---"] * self.n_names + ["---:"] * (n - self.n_names),
        ]
        for section, line in self._by_line():
            if section:
                rows.append([f"**{_pipe(section)}**", *[""] * (n - 1)])
            rows.append([_emphasised(_pipe(cell.text), cell.rank, "**", "*") for cell in line])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def latex(self) -> str:
        """A ``tabular`` with booktabs' rules: the best in bold, the second underlined."""
        n = len(self.header)
        lines = [f"\\begin{{tabular}}{{{'l' * self.n_names}{'r' * (n - self.n_names)}}}", "\\toprule"]
        for spans in self._spans():
            cells = [f"\\multicolumn{{{width}}}{{c}}{{{latex_text(text)}}}" for text, _, width in spans]
            rules = [f"\\cmidrule(lr){{{first + 1}-{first + width}}}" for text, first, width in spans if text]
            lines += [" & ".join(cells) + " \\\\", " ".join(rules)]
        lines += [" & ".join(latex_text(name) for name in self.header) + " \\\\", "\\midrule"]
        for i, (section, line) in enumerate(self._by_line()):
            if section:
                lines += ["\\midrule"] * (i > 0) + [
                    f"\\multicolumn{{{n}}}{{l}}{{\\textbf{{{latex_text(section)}}}}} \\\\"
                ]
            cells = [_latex_cell(cell) for cell in line]
            lines.append(" & ".join(cells) + " \\\\")
        return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"])

    def html(self) -> str:
        """A ``<table>`` with classes ``best`` and ``second``; everything from data is escaped."""
        head = [
            "".join(
                f'<th colspan="{width}" class="group">{html.escape(text)}</th>' for text, _, width in spans
            )
            for spans in self._spans()
        ]
        head.append(
            "".join(
                f'<th scope="col"{self._html_class(j, 0)}>{html.escape(name)}</th>'
                for j, name in enumerate(self.header)
            )
        )
        body = []
        for section, line in self._by_line():
            if section:
                across = f'colspan="{len(self.header)}" class="section" scope="rowgroup"'
                body.append(f"<th {across}>{html.escape(section)}</th>")
            body.append(
                "".join(
                    f"<td{self._html_class(j, cell.rank)}>{html.escape(cell.text)}</td>"
                    for j, cell in enumerate(line)
                )
            )
        rows_of = ["\n".join(f"<tr>{row}</tr>" for row in rows) for rows in (head, body)]
        return f"<table>\n<thead>\n{rows_of[0]}\n</thead>\n<tbody>\n{rows_of[1]}\n</tbody>\n</table>"

    def terminal(self, columns: Iterable[str]) -> Table:
        """Some of its columns for a terminal, the best with a star: a log has no bold."""
        kept = [self.header.index(column) for column in columns]
        table = Table()
        for j in kept:
            table.add_column(
                self.header[j], justify="right" if j >= self.n_names else "left", overflow="fold"
            )
        for line in self.lines:
            table.add_row(*(_starred(line[j], is_figure=j >= self.n_names) for j in kept))
        return table

    def _by_line(self) -> Iterator[tuple[str, tuple[Cell, ...]]]:
        above = dict(self.sections)
        for i, line in enumerate(self.lines):
            yield above.get(i, ""), line

    def _spans(self) -> Iterator[list[tuple[str, int, int]]]:
        """For each line of ``groups``: text, first column and number of columns of each heading."""
        for depth, line in enumerate(self.groups):
            paths = list(zip(*self.groups[:depth], line, strict=True))
            found = []
            for _, run in groupby(range(len(line)), key=lambda j: paths[j] if line[j] else (j,)):
                columns = list(run)
                found.append((line[columns[0]], columns[0], len(columns)))
            yield found

    def _html_class(self, column: int, rank: int) -> str:
        names = ["figure"] * (column >= self.n_names) + [("", "best", "second")[rank]] * (rank > 0)
        return f' class="{" ".join(names)}"' if names else ""


def compete(
    shares: Sequence[float], texts: Sequence[str], *, unit: float = 100.0, digits: int = 1
) -> list[Cell]:
    """Cells of which those with the largest share, as it is printed, are the best; alone there is no best.

    Args:
        shares: What competes; NaN does not.
        texts: What is printed of each.
        unit: What a share is multiplied with before it is rounded.
        digits: What it is rounded to.

    >>> [cell.rank for cell in compete([0.5, 0.7, float("nan"), 0.6], ["50", "70", "–", "60"])]
    [0, 1, 0, 2]
    """
    printed = [None if math.isnan(share) else round(unit * share, digits) for share in shares]
    figures = sorted({figure for figure in printed if figure is not None}, reverse=True)
    n_competing = sum(figure is not None for figure in printed)
    ranks = {figure: rank for rank, figure in enumerate(figures[:2], start=1) if n_competing > rank}
    return [
        Cell(text, 0 if figure is None else ranks.get(figure, 0))
        for figure, text in zip(printed, texts, strict=True)
    ]


def latex_text(text: str) -> str:
    r"""Text that LaTeX prints as it is.

    >>> latex_text("labels_6 & 50 % ± 1")
    'labels\\_6 \\& 50 \\% $\\pm$ 1'
    """
    return text.translate(_LATEX)


def _latex_cell(cell: Cell) -> str:
    text = latex_text(cell.text)
    return f"\\{('textbf', 'underline')[cell.rank - 1]}{{{text}}}" if cell.rank else text


def _emphasised(text: str, rank: int, *marks: str) -> str:
    mark = marks[rank - 1] if rank else ""
    return f"{mark}{text}{mark}"


def _pipe(text: str) -> str:
    return text.replace("|", r"\|")


def _starred(cell: Cell, *, is_figure: bool) -> Text:
    """The star has a place of its own, so that figures stay below each other."""
    best = cell.rank == 1
    return Text(cell.text + (" *" if best else "  ") * is_figure, style="bold" if best else "")
