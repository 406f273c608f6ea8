from __future__ import annotations

import csv
import dataclasses

import numpy as np
import pytest
import soundfile

from nver.embeddings.store import Store
from nver.encoders import load_encoder
from nver.encoders.base import EncoderCard
from nver.errors import ConfigError, ResultError
from nver.evaluation.probes import Probes
from nver.experiment import FoldSpec
from nver.report.layers import measure, write
from nver.training.layers import probe_layers
from nver.types import AudioFile


class Layered:
    """Two layers of three figures each: noise, then loudness; counts how often it is asked."""

    dim, fingerprint = 6, "layered-0"
    card = EncoderCard(
        name="layered", title="Layered", family="toy", dim=3, n_layers=2, licence="CC0", citation=""
    )
    provenance = {"layer": "all 1-2"}  # noqa: RUF012

    def __init__(self) -> None:
        self.n_asked = 0

    def embed(self, waves):
        self.n_asked += len(waves)
        rows = []
        for wave in waves:
            noise = np.random.default_rng(wave.size).normal(size=3)
            rows.append([*noise, *np.log(np.abs(wave).mean() + 1e-6) * np.ones(3)])
        return np.array(rows, np.float32)


@pytest.fixture
def heard(corpus, tmp_path):
    """The toy corpus with sounds: the louder the later the class."""
    clips = []
    for i, clip in enumerate(corpus.clips):
        path = tmp_path / f"{i}.wav"
        loudness = 10.0 ** -(3 - corpus.labels.index(clip.label))
        soundfile.write(path, loudness * np.ones(400 + i), 16_000, subtype="FLOAT")
        clips.append(dataclasses.replace(clip, source=AudioFile(path)))
    return dataclasses.replace(corpus, clips=tuple(clips))


def probe(heard, encoder, tmp_path) -> Probes:
    return probe_layers(
        heard, encoder, folds=FoldSpec(protocol="speaker", n_folds=3), store=Store(tmp_path / "s"), workers=0
    )


def test_the_layer_that_knows_the_classes_is_found_by_one_pass_over_the_clips(heard, tmp_path):
    encoder = Layered()
    probes = probe(heard, encoder, tmp_path)
    found = measure(probes, n_draws=30)
    assert encoder.n_asked == len(heard.clips)
    assert list(found) == ["1", "2", "all"]
    assert found["2"]["accuracy"].value == 1
    assert found["1"]["accuracy"].value < 0.7
    assert probes.n_folds == 3


def test_the_table_and_the_curve_hold_every_layer(heard, tmp_path):
    probes = probe(heard, Layered(), tmp_path)
    found = measure(probes, n_draws=5)
    write(probes, found, tmp_path, title="toy")
    rows = list(csv.DictReader((tmp_path / "layers.csv").read_text().splitlines()))
    assert [row["layer"] for row in rows] == ["1", "2", "all"]
    assert float(rows[1]["accuracy"]) == 1
    assert "macro F1" in (tmp_path / "layers.svg").read_text()


def test_rows_that_are_not_all_layers_and_clips_of_nobody_are_refused(heard, tmp_path):
    with pytest.raises(ConfigError, match="gives rows of layer 'last'"):
        probe(heard, load_encoder("mfcc-stats"), tmp_path)
    probes = probe(heard, Layered(), tmp_path)
    with pytest.raises(ResultError, match="1 of 54 clips have no speaker"):
        measure(dataclasses.replace(probes, speakers=(None, *probes.speakers[1:])))
