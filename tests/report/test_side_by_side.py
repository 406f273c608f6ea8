"""Protocols side by side: what is paired, what is drawn, what is said."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest

from nver.errors import ResultError
from nver.report import write_protocols
from nver.report.side_by_side import side_by_side
from nver.report.side_by_side_forms import markdown, to_csv

SPEAKERS = tuple(f"s{i % 10}" for i in range(120))


@pytest.fixture
def under(make_result):
    """A result of ten speakers under a protocol."""

    def make(protocol: str, *, seed: int = 0, hit_rate: float = 0.5, speakers=SPEAKERS, **changes):
        name = f"fcn-seed{seed}" if changes.pop("is_seeded", True) else "fcn"
        made = make_result(protocol=protocol, seed=seed, hit_rate=hit_rate, system=name, **changes)
        predictions = dataclasses.replace(made.predictions, speakers=speakers)
        return dataclasses.replace(made, predictions=predictions)

    return make


def test_a_gap_is_the_difference_of_scores_pooled_over_clips_and_averaged_over_seeds(under):
    paper = [under("paper", seed=seed, hit_rate=0.8) for seed in range(3)]
    apart = [under("speaker", seed=seed, hit_rate=0.3) for seed in range(3)]
    (one,) = side_by_side([*apart, *paper])
    assert (one.system, one.n_clips, one.drawn, one.n_drawn) == ("fcn", 120, "speakers", 10)
    for name, get in {"accuracy": lambda s: s.accuracy, "macro F1": lambda s: s.macro_f1}.items():
        means = [np.mean([get(r.scores()).pooled for r in results]) for results in (paper, apart)]
        assert [score.value for score in one.scores[name]] == pytest.approx(means, abs=1e-12)
        (gap,) = one.gaps[name]
        assert gap.value == pytest.approx(means[0] - means[1], abs=1e-12)
        assert 0 < gap.low < gap.value < gap.high


def test_equal_guesses_have_no_gap_and_no_width(under):
    """The same speakers are drawn for both sides: what they share cancels out."""
    (one,) = side_by_side([under("paper"), under("speaker")])
    gap = one.gaps["accuracy"][0]
    assert (gap.value, gap.low, gap.high) == (0, 0, 0)
    assert one.scores["accuracy"][0].low < one.scores["accuracy"][0].high
    assert one.sentences()[0].endswith("no gap can be told from none.")


def test_each_protocol_that_keeps_speakers_apart_has_a_gap(under):
    results = [under(protocol) for protocol in ("leave-one-speaker-out", "speaker", "paper", "predefined")]
    (one,) = side_by_side(results)
    assert [standing.folds.protocol for standing in one.standings] == [
        "paper",
        "speaker",
        "leave-one-speaker-out",
    ]
    assert len(one.gaps["accuracy"]) == 2


def test_other_settings_or_clips_are_never_paired(under):
    assert side_by_side([under("paper"), under("speaker", training={"lr": 0.1})]) == ()
    assert side_by_side([under("paper"), under("speaker", n_clips=119, speakers=SPEAKERS[:119])]) == ()
    assert side_by_side([under("speaker"), under("leave-one-speaker-out")]) == ()


def test_an_unknown_speaker_makes_intervals_draw_clips_and_say_so(under):
    unknown = (None, *SPEAKERS[1:])
    found = side_by_side([under(p, speakers=unknown) for p in ("paper", "speaker")])
    assert (found[0].drawn, found[0].n_drawn) == ("clips", 120)
    assert "draws clips (120), as speakers are not all known" in markdown(found, with_figures=False)


def test_every_figure_says_protocol_folds_seeds_and_clips(under):
    found = side_by_side([under(p, seed=s) for p in ("paper", "speaker") for s in (0, 1)])
    text = markdown(found, with_figures=True)
    assert "| fcn | paper | 3 | 2 |" in text
    assert "120 clips, each tested once under every protocol and seed" in text
    records = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert {(record["protocol"], record["figure"]) for record in records} == {
        ("paper", "score"),
        ("speaker", "score"),
        ("speaker", "gap"),
    }


def test_figures_lie_where_the_text_says(under, tmp_path):
    found = side_by_side([under("paper", hit_rate=0.7), under("speaker")])
    text = write_protocols(found, tmp_path).read_text()
    named = [line.split("(")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert len(named) == 2
    for name in named:
        assert (tmp_path / name).stat().st_size > 5_000
        assert (tmp_path / name).with_suffix(".svg").is_file()


def test_nothing_to_compare_is_said(tmp_path):
    with pytest.raises(ResultError, match=r"`nver gap` makes them$"):
        write_protocols((), tmp_path)
