"""A study table with all that must stand above it: Markdown, LaTeX and HTML."""

from __future__ import annotations

import html
from collections.abc import Iterator

from nver.report.notices import Notice
from nver.report.protocols import headline, reading
from nver.report.study.cells import StudyTable
from nver.report.study.layout import caption, study_grid
from nver.report.typeset import MARKS, latex_text


def markdown(table: StudyTable) -> str:
    """A section of a report."""
    notices = "\n>\n".join(f"> {notice.markdown()}" for notice in table.notices())
    protocol = f"{headline(table.protocol)} {_sentence(table)}"
    parts = [
        f"## {title(table)}",
        protocol,
        notices,
        study_grid(table).markdown(),
        f"{caption(table)} {MARKS}",
    ]
    return "\n\n".join(part for part in parts if part)


def latex(table: StudyTable) -> str:
    """A ``table*`` to be read into a document that uses booktabs and graphicx."""
    return "\n".join(
        [
            "% \\usepackage{booktabs,graphicx}",
            "\\begin{table*}",
            "\\centering",
            f"\\caption{{{latex_text(caption(table))} Bold: the best, underlined: the second best.}}",
            f"\\label{{tab:{table.slug}}}",
            "\\begin{minipage}{\\textwidth}\\footnotesize",
            *(f"\\textbf{{{latex_text(first)}}} {latex_text(rest)}\\par" for first, rest in _said(table)),
            "\\end{minipage}\\par\\smallskip",
            "\\resizebox{\\textwidth}{!}{%",
            study_grid(table).latex() + "%",
            "}",
            "\\end{table*}",
            "",
        ]
    )


def fragment(table: StudyTable) -> str:
    """HTML without a page around it."""
    said = "\n".join(
        f'<p class="notice"><strong>{html.escape(first)}</strong> {html.escape(rest)}</p>'
        for first, rest in _said(table)
    )
    return (
        f"<h2>{html.escape(title(table))}</h2>\n{said}\n"
        f'<div class="wide study">{study_grid(table).html()}</div>\n'
        f'<p class="caption">{html.escape(caption(table))}</p>'
    )


def title(table: StudyTable) -> str:
    """``Table I of the study, protocol speaker``."""
    return f"Table {table.number} of the study, protocol {table.protocol}"


def _said(table: StudyTable) -> Iterator[tuple[str, str]]:
    yield _plain(headline(table.protocol)), _sentence(table)
    yield from ((f"{_about(notice)}:", notice.text) for notice in table.notices())


def _about(notice: Notice) -> str:
    return notice.plain().removesuffix(f": {notice.text}")


def _sentence(table: StudyTable) -> str:
    text = reading(table.protocol)
    return text[0].upper() + text[1:]


def _plain(markdown: str) -> str:
    return markdown.replace("**", "").replace("`", "")
