"""``nver report``: results as tables, figures and a page for a browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import AsJson, example, note, print_json, print_tables
from nver.cli.progress import progress
from nver.errors import ConfigError

if TYPE_CHECKING:
    from nver.report.repeats import Layout

EXAMPLE = example(
    "nver report runs/demo --out demo/report",
    "nver report results/emogator-six --root emogator=data/EmoGator --with-audio --out report",
)


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...", help="Folders of results, or folders that hold some at any depth."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    root: Annotated[
        list[str] | None,
        typer.Option(metavar="CORPUS=DIR", help="Where a corpus lies, if not where the results say."),
    ] = None,
    embeddings: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENCODER=TABLE", help="A table that `nver embed --out` wrote, if not from the store."
        ),
    ] = None,
    with_audio: Annotated[
        bool,
        typer.Option("--with-audio", help="Put small copies of the clips into report.html, to be played."),
    ] = False,
    with_figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Draw PNG and SVG files for print.")
    ] = True,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="EXPERIMENT.toml", help="Systems over seeds stand in its order, below its headings."
        ),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(
            metavar="SYSTEM", help="What systems over seeds are compared with, if not as the plan says."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write report.html, a page that works offline, and report.md with tables and figures for print.

    Results that measure the same thing share a table; others get their own. Embeddings on its maps are those
    that `nver run` or `nver embed` stored: nothing is embedded here.
    """
    with progress("maps", unit="encoders") as bar:
        from nver.report import find_results, write_report
        from nver.report.maps import Sources

        found = find_results(results)
        current = ""

        def tell(what: str, done: int, total: int) -> None:
            nonlocal current
            if what != current:
                current = what
                bar.begin(what, unit=_UNITS[what])
            bar(done, total)

        written = write_report(
            found,
            out,
            sources=Sources(roots=_places(root, "--root"), tables=_places(embeddings, "--embeddings")),
            with_audio=with_audio,
            with_figures=with_figures,
            layout=_layout(plan, reference),
            on_progress=tell,
        )
    for sentence in written.missing:
        note(f"not shown: {sentence}")
    if as_json:
        print_json(
            {
                "report": str(written.markdown),
                "page": str(written.page),
                "experiments": [result.experiment.name for result in found],
                "missing": list(written.missing),
            }
        )
        return
    print_tables(found)
    typer.echo(f"report: {written.markdown}")
    typer.echo(f"page: {written.page}")


def _layout(plan: Path | None, reference: str) -> Layout:
    from nver.experiment import load_plan
    from nver.report.repeats import Layout

    layout = Layout() if plan is None else Layout.of_plan(load_plan(plan))
    return replace(layout, reference=reference) if reference else layout


_UNITS = {"maps": "encoders", "figures": "figures", "audio": "clips"}


def _places(assignments: list[str] | None, option: str) -> dict[str, Path]:
    """``["vivae=DIR"]`` as paths by name."""
    places = {}
    for assignment in assignments or ():
        name, equals, path = assignment.partition("=")
        if not (name and equals and path):
            raise ConfigError(f"{option} takes NAME=PATH, got '{assignment}'")
        places[name] = Path(path)
    return places
