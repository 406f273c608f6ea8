"""Writers and readers: round trips, and what independent readers make of the files."""

from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pympi
import pytest
import textgrid
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.errors import AnnotationError, ConfigError
from nver.recogniser.prediction import Prediction
from nver.recordings import formats
from nver.recordings.segments import Curve, Event, Segment, Timeline

ODD = ('say "hi"', "a, b", "<b> & 'c'", "Überraschung 😮", "--> x", "back\\slash", "! [1] 2 = 3")


def timeline_of(labels: tuple[str, ...], *, gap: int = 2000) -> Timeline:
    events, at = [], 0
    for i, label in enumerate(labels):
        start, end = at + gap, at + gap + 801 + 17 * i
        others = {other: 0.3 / (len(labels) - 1) for other in labels if other != label}
        events.append(Event(start / 16_000, end / 16_000, Prediction({label: 0.7, **others})))
        at = end
    return Timeline((at + gap) / 16_000, labels, tuple(events))


def unsaid(timeline: Timeline) -> tuple[Segment, ...]:
    return tuple(Segment(one.start_s, one.end_s, one.label) for one in timeline.segments())


def near(segments: tuple[Segment, ...]) -> list[object]:
    return [(pytest.approx(s.start_s, abs=6e-4), pytest.approx(s.end_s, abs=6e-4), s.label) for s in segments]


def pairs(segments: tuple[Segment, ...]) -> list[object]:
    return [(s.start_s, s.end_s, s.label) for s in segments]


def saved(timeline: Timeline, path, **options):
    formats.write(timeline, path, name="the talk.wav", **options)
    return path


@pytest.mark.parametrize("gap", [0, 2000])
@pytest.mark.parametrize("suffix", ["TextGrid", "txt"])
def test_praat_and_audacity_give_back_what_was_written_to_the_sample(tmp_path, suffix, gap):
    timeline = timeline_of(ODD, gap=gap)
    assert formats.read(saved(timeline, tmp_path / f"a.{suffix}")) == unsaid(timeline)


@pytest.mark.parametrize("gap", [0, 2000])
def test_elan_gives_back_what_was_written_to_the_millisecond(tmp_path, gap):
    timeline = timeline_of(ODD, gap=gap)
    assert pairs(formats.read(saved(timeline, tmp_path / "a.eaf"))) == near(unsaid(timeline))


@settings(max_examples=25, deadline=None)
@given(label=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip))
def test_any_label_survives_praat_and_elan(tmp_path_factory, label):
    folder = tmp_path_factory.mktemp("labels")
    timeline = timeline_of((label, "other"))
    for suffix in ("TextGrid", "eaf"):
        assert formats.read(saved(timeline, folder / f"a.{suffix}"))[0].label == label.strip()


def test_textgrid_reads_our_file_as_we_do(tmp_path):
    timeline = timeline_of(ODD)
    read = textgrid.TextGrid.fromFile(str(saved(timeline, tmp_path / "a.TextGrid")))
    assert [tier.name for tier in read] == ["emotion", "confidence"]
    found = [(float(i.minTime), float(i.maxTime), i.mark) for i in read[0] if i.mark]
    assert found == near(unsaid(timeline))  # it rounds to 10 microseconds
    assert float(read.maxTime) == pytest.approx(timeline.duration_s)
    assert {i.mark for i in read[1]} == {"", "0.7000"}


def test_pympi_reads_our_file_as_we_do(tmp_path):
    timeline = timeline_of(ODD)
    read = pympi.Elan.Eaf(str(saved(timeline, tmp_path / "a.eaf")))
    assert list(read.get_tier_names()) == ["emotion", "confidence"]
    found = [
        (start / 1000, end / 1000, value)
        for start, end, value in sorted(read.get_annotation_data_for_tier("emotion"))
    ]
    assert found == near(unsaid(timeline))


@pytest.mark.parametrize("mode", ["normal", "short"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_pympi_writes_as_textgrid_is_read(tmp_path, mode, codec):
    made = pympi.Praat.TextGrid(xmin=0, xmax=10)
    made.add_tier("points", tier_type="TextTier").add_point(3, "x")
    tier = made.add_tier("mine")
    tier.add_interval(1, 2.5, 'a "laugh"')
    tier.add_interval(2.5, 4, "cry: é")
    made.to_file(str(tmp_path / "a.TextGrid"), codec="utf-8", mode=mode)
    text = (tmp_path / "a.TextGrid").read_text(encoding="utf-8")
    (tmp_path / "b.TextGrid").write_text(text, encoding=codec)
    assert pairs(formats.read(tmp_path / "b.TextGrid")) == [(1, 2.5, 'a "laugh"'), (2.5, 4, "cry: é")]


def test_what_pympi_writes_as_eaf_is_read(tmp_path):
    made = pympi.Elan.Eaf()
    made.remove_tier("default")
    for name in ("mine", "notes"):
        made.add_tier(name)
    made.add_annotation("mine", 1000, 2500, "laugh & cry")
    made.to_file(str(tmp_path / "a.eaf"))
    assert pairs(formats.read(tmp_path / "a.eaf", tier="mine")) == [(1.0, 2.5, "laugh & cry")]
    with pytest.raises(AnnotationError, match=r"several tiers \(mine, notes\); say which"):
        formats.read(tmp_path / "a.eaf")
    with pytest.raises(AnnotationError, match=r"has no tier 'mien'\. Did you mean 'mine'\?"):
        formats.read(tmp_path / "a.eaf", tier="mien")


@pytest.mark.parametrize("suffix", ["TextGrid", "eaf"])
def test_segments_that_overlap_lie_on_several_tiers_and_come_back(tmp_path, suffix):
    prediction = Prediction({"a": 0.6, "b": 0.4})
    events = tuple(Event(start, start + 2.0, prediction) for start in (0.0, 1.0, 2.0, 3.0))
    timeline = Timeline(5.0, ("a", "b"), events)
    assert formats.read(saved(timeline, tmp_path / f"a.{suffix}")) == unsaid(timeline)


def test_captions_say_label_and_confidence():
    timeline = timeline_of(("laugh\nloud", "<i> --> &"))
    first, second = timeline.events
    srt = formats.render(timeline, "srt", name="x.wav")
    assert srt.split("\n\n")[0] == "1\n00:00:00,125 --> 00:00:00,175\nlaugh loud 70 %"
    vtt = formats.render(timeline, "vtt", name="x.wav")
    assert vtt.startswith("WEBVTT\n\n00:00:00.125 --> 00:00:00.175\nlaugh loud 70 %\n")
    assert vtt.endswith("\n&lt;i&gt; → &amp; 70 %\n")
    assert vtt.count("-->") == srt.count("-->") == 2
    assert first.end_s < second.start_s


def test_rttm_has_ten_fields_whatever_the_names_hold():
    timeline = timeline_of(ODD)
    lines = formats.render(timeline, "rttm", name="the talk.wav").splitlines()
    for line, event in zip(lines, timeline.events, strict=True):
        kind, file, channel, start, duration, *rest = line.split(" ")
        assert (kind, file, channel) == ("SPEAKER", "the_talk", "1")
        assert float(start) == pytest.approx(event.start_s, abs=1e-4)
        assert float(duration) == pytest.approx(event.end_s - event.start_s, abs=1e-4)
        assert rest == ["<NA>", "<NA>", event.label.replace(" ", "_"), "0.7000", "<NA>"]


def test_csv_and_json_hold_every_probability():
    timeline = timeline_of(ODD)
    rows = list(csv.DictReader(formats.render(timeline, "csv", name="a, b.wav").splitlines()))
    events = json.loads(formats.render(timeline, "json", name="a, b.wav"))["events"]
    for row, as_json, event in zip(rows, events, timeline.events, strict=True):
        assert row["recording"] == "a, b.wav"
        assert {label: float(row[label]) for label in ODD} == event.prediction.probabilities
        assert as_json["probabilities"] == event.prediction.probabilities
        assert (float(row["start_s"]), row["label"]) == (event.start_s, event.label)


def test_a_curve_is_written_as_its_points_and_as_its_stretches():
    shares = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
    timeline = Timeline(0.7, ("a", "b"), curve=Curve(np.array([0.125, 0.375, 0.6]), shares, 0.25))
    assert timeline.segments() == (Segment(0.0, 0.5, "a", pytest.approx(0.8)), Segment(0.5, 0.7, "b", 0.8))
    rows = list(csv.DictReader(formats.render(timeline, "csv", name="x").splitlines()))
    assert [(float(row["time_s"]), row["label"]) for row in rows] == [(0.125, "a"), (0.375, "a"), (0.6, "b")]
    curve = json.loads(formats.render(timeline, "json", name="x"))["curve"]
    assert curve == {"hop_s": 0.25, "times_s": [0.125, 0.375, 0.6], "probabilities": shares.tolist()}


def test_a_recording_without_a_burst_is_a_file_in_every_format(tmp_path):
    for name, suffix in formats.SUFFIXES.items():
        formats.write(Timeline(3.0, ("a", "b")), tmp_path / f"empty{suffix}", name="x.wav")
        assert formats.format_of(tmp_path / f"empty{suffix}") == name
    for name in formats.READERS:
        assert formats.read(tmp_path / f"empty{formats.SUFFIXES[name]}") == ()


def test_writing_leaves_nothing_but_the_file(tmp_path):
    saved(timeline_of(ODD), tmp_path / "odd.name", format="csv")
    assert [path.name for path in tmp_path.iterdir()] == ["odd.name"]
    with pytest.raises(ConfigError, match="no format is known by the suffix of"):
        saved(timeline_of(ODD), tmp_path / "odd.name2")
    with pytest.raises(ConfigError, match=r"no format of time lines is called 'textgird'\. Did you mean"):
        saved(timeline_of(ODD), tmp_path / "a", format="textgird")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.TextGrid", b"hello", "expected a text and found the end of the file"),
        ("a.TextGrid", b'"ooTextFile" "Pitch"', "of class TextGrid"),
        (
            "a.TextGrid",
            b'"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "a" 0 1 1 0 1',
            "whole TextGrid",
        ),
        ("a.TextGrid", b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (
            "a.TextGrid",
            b'"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "a" 0 1 1 1 0 "x"',
            "from 1 s to 0",
        ),
        ("a.TextGrid", b'"ooTextFile" "TextGrid" 0 1.2.3', "no number"),
        ("a.eaf", b"<a", "it is no XML"),
        ("a.eaf", b"<a/>", "its root is <a>"),
        ("a.eaf", b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', "declares a document type"),
        ("a.txt", b"0.5 1.5 laugh", "line 1 is '0.5 1.5 laugh'; expected start, end and label"),
        ("a.txt", b"0.5\t0.5\tlaugh", "line 1: a segment goes from 0.5 s to 0.5 s"),
        ("a.txt", b"\xff", "not UTF-8"),
    ],
)
def test_what_is_no_such_file_is_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AnnotationError, match=f"cannot read .*{name}: ") as said:
        formats.read(tmp_path / name)
    assert sentence in str(said.value)


def test_a_cut_textgrid_is_refused_wherever_it_is_cut(tmp_path):
    whole = formats.render(timeline_of(("a", "b")), "textgrid", name="x")
    for n in itertools.chain(range(0, len(whole) - 4, 37)):
        (tmp_path / "a.TextGrid").write_text(whole[:n])
        with pytest.raises(AnnotationError):
            formats.read(tmp_path / "a.TextGrid")
