"""``nver audit``: leaks and shortcuts of a corpus or of a plan, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import (
    N_CORES,
    AsJson,
    CorpusOptions,
    SkipUnreadable,
    Workers,
    example,
    interruptible,
    key_values,
    note,
    print_json,
)
from nver.cli.progress import progress
from nver.errors import ConfigError

if TYPE_CHECKING:
    from nver.training.audit import Report

EXAMPLE = example("nver audit vivae --root demo/corpus", "nver audit experiments/demo.toml --json")


def audit(
    what: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS|EXPERIMENT.toml", help="A name that `nver corpora list` shows, or a plan."
        ),
    ],
    root: Annotated[Path | None, typer.Option(help="Where the corpus lies; a plan says it itself.")] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="How a corpus is divided; may be given several times. Left out: whole speakers where all "
            "are known, else 'paper'."
        ),
    ] = None,
    option: CorpusOptions = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the plan.")
    ] = None,
    skip_unreadable: SkipUnreadable = False,
    most_ids: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Clips that --json names of a finding.", show_default="all"),
    ] = None,
    workers: Workers = N_CORES,
    as_json: AsJson = False,
) -> None:
    """Find what tested clips have in common with those trained on, and labels that need no listening.

    Speakers and the same sound on both sides (even at another gain, rate, codec or offset), clips that an
    encoder heard in pre-training, labels that differ by fold, imbalance, and labels that length, level and
    silence predict. Exits with 1 if there is a leak: a tested clip whose own sound or speaker was met before.
    """
    is_plan = what.endswith(".toml")
    if is_plan and (root or protocol or option):
        raise ConfigError("a plan says its own --root, --protocol and --option; use --set to change them")
    if not is_plan and root is None:
        raise ConfigError(f"--root is missing: where does the corpus '{what}' lie?")
    go_on = "what was heard is in the store; give the same command again to go on from there"
    with interruptible(go_on), progress(what) as bar:
        doing = ""

        def tell(now: str, done: int, total: int) -> None:
            nonlocal doing
            if now != doing:
                doing = now
                bar.begin(_TITLES[now], unit="pairs" if now == "pairs" else "clips")
            bar(done, total)

        from nver.config import validate
        from nver.experiment import CorpusSpec, FoldSpec, load_plan
        from nver.training.audit import audit_corpus, audit_plan

        if is_plan:
            plan = load_plan(Path(what), overrides=set_ or ())
            report = audit_plan(plan, workers=workers, skip_unreadable=skip_unreadable, on_progress=tell)
        else:
            spec = validate(
                CorpusSpec, {"name": what, "root": root, "options": key_values(option)}, source="nver audit"
            )
            folds = [validate(FoldSpec, {"protocol": one}, source="--protocol") for one in protocol or ()]
            report = audit_corpus(
                spec, folds, workers=workers, skip_unreadable=skip_unreadable, on_progress=tell
            )
    if as_json:
        print_json(report.to_json(most_ids=most_ids))
    else:
        _print(report)
    if report.n_leaks:
        raise typer.Exit(1)


_TITLES = {
    "clips": "length, level, silence",
    "landmarks": "landmarks",
    "candidates": "decoding candidates",
    "pairs": "laying pairs over each other",
}


def _print(report: Report) -> None:
    from nver.audit import counted

    for audit in report.audits:
        for finding in audit.findings:
            typer.echo(f"{finding.severity:<8} {audit.protocol}: {finding.sentence}")
        found = counted(audit.findings) or "nothing found"
        note(
            f"{len(report.clip_ids):,} clips, protocol {audit.protocol}: {found}; "
            f"{audit.shortcut.sentence(audit.n_classes)}"
        )
    for clip, reason in report.unreadable.items():
        note(f"left out: {clip}: {reason}")
