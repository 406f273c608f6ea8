"""Pages: everything a browser needs in one file, and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nver.report.comparison import Comparison
from nver.report.figures.style import N_LOOKS, look
from nver.report.maps import ClipSet
from nver.report.notices import of_report
from nver.report.page.payload import payload
from nver.report.page.templates import around, render
from nver.report.repeats import Repeats
from nver.report.study import StudyTable

__all__ = ["around", "report_page"]


def report_page(
    comparisons: Sequence[Comparison],
    studied: Sequence[StudyTable],
    clip_sets: Mapping[str, ClipSet],
    audio: Mapping[str, Sequence[bytes | None]],
    repeats: Sequence[Repeats] = (),
) -> str:
    """The report for a browser.

    Args:
        comparisons: All of a report.
        studied: The study's tables, where results fill them.
        clip_sets: By the slugs of the comparisons.
        audio: Slug of a clip set -> an Ogg file for each of its clips, None where there is none.
        repeats: Systems with several seeds.
    """
    sets = list(dict.fromkeys(clip_sets[comparison.slug] for comparison in comparisons))
    return render(
        payload(comparisons, clip_sets, repeats),
        studied=studied,
        notices=of_report(comparisons),
        looks=[look(i) for i in range(N_LOOKS)],
        audio={i: audio[clip_set.slug] for i, clip_set in enumerate(sets) if clip_set.slug in audio},
    )
