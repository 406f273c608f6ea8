"""What must be read before any figure: random weights, leaks, warnings, clips that were left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nver.report.comparison import Comparison
from nver.report.provenance import leaks, random_weights
from nver.results import Result

_NAMED = 4
"""How many systems a notice names before it only counts."""


@dataclass(frozen=True)
class Notice:
    """One sentence above a table.

    Attributes:
        headline: What is wrong, in a few words.
        systems: Whom it concerns, by name; empty for all.
        text: The rest.
    """

    headline: str
    systems: tuple[str, ...]
    text: str

    def markdown(self) -> str:
        """The headline in bold, names as code."""
        return f"**{self.headline}**{self._whom('`')}: {self.text}"

    def plain(self) -> str:
        """The same without marks."""
        return f"{self.headline}{self._whom('')}: {self.text}"

    def _whom(self, quote: str) -> str:
        if not self.systems:
            return ""
        shown = ", ".join(f"{quote}{name}{quote}" for name in self.systems[:_NAMED])
        more = len(self.systems) - _NAMED
        return f" in {shown}" + (f" and {more} more" if more > 0 else "")


def notices(named: Sequence[tuple[str, Result]]) -> list[Notice]:
    """What to read before the figures of these systems, each sentence once.

    Args:
        named: What each result is called where the notices are shown.
    """
    said = []
    random = {name: random_weights(result) for name, result in named if random_weights(result)}
    if random:
        encoders = dict.fromkeys(encoder for of_system in random.values() for encoder in of_system)
        models = "that model" if len(encoders) == 1 else "those models"
        text = f"{'; '.join(encoders)}. These figures say nothing of {models}."
        said.append(Notice("RANDOM WEIGHTS", () if len(random) == len(named) else tuple(random), text))
    for leak, systems in _by_text((name, leaks(result)) for name, result in named):
        said.append(Notice("Leak", () if len(systems) == len(named) else systems, f"{leak}."))
    for warning, systems in _by_text((name, result.provenance["warnings"]) for name, result in named):
        said.append(Notice("Warning", () if len(systems) == len(named) else systems, f"{warning}."))
    if left_out := unreadable(result for _, result in named):
        noun = "clip" if len(left_out) == 1 else "clips"
        said.append(Notice(f"Left out: {len(left_out):,} {noun}", (), "they could not be read."))
    return said


def of_comparison(comparison: Comparison) -> list[Notice]:
    """What to read before the tables of a comparison."""
    return notices([(row.system, row.result) for row in comparison.rows])


def of_report(comparisons: Sequence[Comparison]) -> list[Notice]:
    """What to read before anything: where a whole comparison is concerned, it stands for its systems."""
    said: dict[tuple[str, str], list[str]] = {}
    for comparison in comparisons:
        for notice in of_comparison(comparison):
            everybody = len(notice.systems) in (0, len(comparison.rows))
            whom = (
                [comparison.title]
                if everybody
                else [f"{name} ({comparison.title})" for name in notice.systems]
            )
            said.setdefault((notice.headline, notice.text), []).extend(whom)
    everything = [comparison.title for comparison in comparisons]
    return [
        Notice(headline, () if whom == everything else tuple(whom), text)
        for (headline, text), whom in said.items()
    ]


def unreadable(results: Iterable[Result]) -> dict[str, str]:
    """Clips that runs went on without, and why."""
    return {clip: reason for result in results for clip, reason in result.provenance["unreadable"].items()}


def _by_text(said: Iterable[tuple[str, Sequence[str]]]) -> list[tuple[str, tuple[str, ...]]]:
    """Each sentence once, with those who said it."""
    speakers: dict[str, dict[str, None]] = {}
    for who, sentences in said:
        for sentence in sentences:
            speakers.setdefault(sentence, {})[who] = None
    return [(sentence, tuple(who)) for sentence, who in speakers.items()]
