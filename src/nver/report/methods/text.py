"""What was done, as a section that can be pasted into a paper: composed from results' provenance alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nver.evaluation.intervals import N_DRAWS
from nver.report.comparison import measured_clips, with_options
from nver.report.methods import systems
from nver.report.methods.citations import Citations
from nver.report.methods.words import count, listed, sentence
from nver.report.side_by_side import SideBySide, clusters, side_by_side
from nver.results import Result


@dataclass(frozen=True)
class Methods:
    """The section, and what it cites.

    Attributes:
        markdown: With citations as pandoc reads them.
        bibtex: Of everything that is cited.
    """

    markdown: str
    bibtex: str


def methods(results: Sequence[Result]) -> Methods:
    """What was done to get these results: one part for each selection of clips."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(measured_clips(result), []).append(result)
    cited = Citations()
    parts = ["# Methods"]
    for group in groups.values():
        spec = group[0].experiment.corpus
        if len(groups) > 1:
            n = len(group[0].labels)
            parts.append(f"## {with_options(spec.name, spec.options)}, {count(n, 'class')}")
        parts += [" ".join(sentences) for sentences in _paragraphs(group, cited) if sentences]
    return Methods("\n\n".join(parts) + "\n", cited.bibtex())


def _paragraphs(results: Sequence[Result], cited: Citations) -> Iterator[list[str]]:
    yield list(_data(results[0], cited))
    yield list(systems.encoders(results, cited))
    yield [*systems.heads(results, cited), *systems.training(results, cited)]
    yield [*_protocols(results), *_seeds(results)]
    yield list(_statistics(results, side_by_side(results), cited))
    yield list(_software(results, cited))
    yield list(_caveats(results))


def _data(result: Result, cited: Citations) -> Iterator[str]:
    said, spec = result.provenance["corpus"], result.experiment.corpus
    title, citation = systems.corpus_citation(spec.name, cited)
    chosen = ", ".join(f"{key} = {value}" for key, value in spec.options.items())
    options = f" ({chosen})" if chosen else ""
    n_speakers = said["n_speakers"]
    who = f" of {count(n_speakers, 'known speaker')}" if n_speakers else " of unknown speakers"
    cite = f" {citation}" if citation else ""
    yield sentence(
        f"we used {count(said['n_clips'], 'clip')}{who} from {title}{cite}{options}, in "
        f"{count(len(result.labels), 'class')}"
    )
    counts = Counter(result.predictions.truth.tolist())
    yield sentence(
        "tested clips by class: "
        + ", ".join(f"{label} {counts[i]:,}" for i, label in enumerate(result.labels))
    )
    if left_out := said.get("left_out"):
        reasons = "; ".join(f"{n:,}: {reason}" for reason, n in left_out.items())
        yield sentence(f"{count(sum(left_out.values()), 'file')} of the corpus went unused ({reasons})")
    if unreadable := result.provenance["unreadable"]:
        yield sentence(f"{count(len(unreadable), 'clip')} could not be read and went unused")


def _protocols(results: Sequence[Result]) -> Iterator[str]:
    found = {result.experiment.folds.model_dump_json(): result for result in results}
    for result in found.values():
        folds, n_folds = result.experiment.folds, len(result.history)
        match folds.protocol:
            case "paper":
                how = (
                    f"clips were divided into {count(n_folds, 'fold')} stratified by class, whoever speaks "
                    "in "
                    "them, so that speakers are on both sides"
                )
            case "speaker":
                how = (
                    f"whole speakers were divided into {count(n_folds, 'fold')}, stratified by class as far "
                    "as that allows, so that no speaker is on both sides"
                )
            case "leave-one-speaker-out":
                how = (
                    f"each of the {count(n_folds, 'speaker')} was tested once by a head trained on all others"
                )
            case "predefined":
                part = f"the corpus' own `{folds.attribute}`"
                how = (
                    f"by {part}, heads were trained on {listed(folds.train)} and tested on "
                    f"{listed(folds.test)}"
                    if folds.test
                    else f"each part of {part} was tested once by a head trained on the others"
                )
        yield sentence(f"protocol `{folds.protocol}`: {how}")


def _seeds(results: Sequence[Result]) -> Iterator[str]:
    seeds = sorted({result.experiment.seed for result in results})
    if len(seeds) == 1:
        yield f"One seed ({seeds[0]}) decided folds, first weights and the order of clips."
    else:
        yield (
            f"This was repeated with {count(len(seeds), 'seed')} ({listed(seeds)}), each of which decides "
            "folds, "
            "first weights and the order of clips."
        )


def _statistics(results: Sequence[Result], beside: Sequence[SideBySide], cited: Citations) -> Iterator[str]:
    spread = ", given as mean and standard deviation over folds, and pooled over all tested clips"
    several = any(len(result.history) > 1 for result in results)
    yield sentence(
        "scores are accuracy, macro F1 and unweighted average recall (UAR) "
        f"{cited.cite('schuller2009challenge')}{spread if several else ''}"
    )
    known = all(clusters(result.predictions)[1] == "speakers" for result in results)
    drawn = "whole speakers" if known else "clips, as not all speakers are known"
    keys = ("field2007bootstrapping", "hesterberg2015bootstrap")
    yield sentence(
        f"pooled scores have 95 % intervals, the expanded percentiles of {N_DRAWS:,} bootstrap draws of "
        f"{drawn} "
        f"{cited.cite(*keys)}"
    )
    alike = Counter((result.experiment.folds.model_dump_json(), _system(result)) for result in results)
    by_folds = Counter(folds for folds, _ in alike)
    if max(by_folds.values()) > 1:
        yield sentence(
            "pairs of systems under one protocol were compared by their difference with such an interval "
            "and by "
            f"swapping {'whole speakers' if known else 'clips'} between them, corrected over all pairs "
            f"{cited.cite('holm1979simple')}"
        )
    if beside:
        yield sentence(
            "protocols were compared on the same clips and draws, by scores pooled over clips and averaged "
            "over "
            "seeds"
        )


def _system(result: Result) -> str:
    """What makes a system another one than the seed."""
    return result.experiment.model_dump_json(exclude={"name", "seed", "folds", "corpus"})


def _software(results: Sequence[Result], cited: Citations) -> Iterator[str]:
    names = {"nver": "nver", "python": "Python", "torch": "PyTorch", "scikit-learn": "scikit-learn"}
    names |= {"numpy": "NumPy", "optuna": "Optuna"}
    keys = {"torch": "paszke2019pytorch", "scikit-learn": "pedregosa2011scikit"}
    told = [result.provenance["software"] for result in results]
    commits = sorted({software["commit"][:12] for software in told if "commit" in software})
    parts = []
    for name, title in names.items():
        if versions := sorted({software[name] for software in told if name in software}):
            cite = f" {cited.cite(keys[name])}" if name in keys else ""
            of = f" (commit {listed(commits)})" if name == "nver" and commits else ""
            parts.append(f"{title} {listed(versions)}{of}{cite}")
    cpus = sorted({str(result.provenance["machine"]["cpu"]) for result in results})
    yield sentence(f"everything was computed with {listed(parts)} on {listed(cpus)}")


def _caveats(results: Sequence[Result]) -> Iterator[str]:
    said = dict.fromkeys(warning for result in results for warning in result.provenance["warnings"])
    if len(said) > _SHOWN:
        said = {
            **dict.fromkeys(list(said)[:_SHOWN]),
            f"and {len(said) - _SHOWN:,} more, in the results": None,
        }
    if said:
        yield sentence(f"to be known: {'; '.join(said)}")


_SHOWN = 6
