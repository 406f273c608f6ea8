from __future__ import annotations

from pathlib import Path

import numpy as np

from nver.audit import Audit, checks, counted
from nver.evaluation.folds import Fold
from nver.evaluation.shortcut import Shortcut
from nver.types import AudioFile, Clip

NAMES = ("cry", "laugh")


def clips(speakers: str, labels: str = "") -> list[Clip]:
    """One clip a letter: its speaker, ``-`` is nobody; its label is cry but where ``l`` stands."""
    return [
        Clip(
            id=f"{i}.wav",
            source=AudioFile(Path(f"{i}.wav")),
            label="laugh" if labels[i : i + 1] == "l" else "cry",
            speaker=None if speaker == "-" else speaker,
        )
        for i, speaker in enumerate(speakers)
    ]


def fold(n_train: int, n_clips: int) -> tuple[Fold, ...]:
    return (Fold("fold 1", np.arange(n_train), np.arange(n_train, n_clips)),)


def test_a_speaker_on_both_sides_is_a_leak_with_the_clips_that_it_touches():
    (found,) = checks.speakers(clips("aabbac"), fold(4, 6))
    assert (found.severity, found.clip_ids) == ("leak", ("4.wav",))
    assert found.sentence.startswith(
        "1 of 2 tested clips have a speaker who is trained on as well (1 speakers)"
    )
    assert not list(checks.speakers(clips("aabbcc"), fold(4, 6)))


def test_unknown_speakers_are_a_warning():
    (found,) = checks.speakers(clips("ab-"), fold(2, 3))
    assert (found.severity, found.counts["n_clips"]) == ("warning", 1)


def test_the_same_samples_on_both_sides_are_a_leak_on_one_side_a_note_and_under_two_labels_a_warning():
    both = list(checks.identical(clips("abcd"), ["x", "y", "x", "z"], fold(2, 4)))
    assert [(one.severity, one.clip_ids) for one in both] == [("leak", ("0.wav", "2.wav"))]
    one_side = list(checks.identical(clips("abcd"), ["x", "x", "y", "z"], fold(2, 4)))
    assert [one.severity for one in one_side] == ["note"]
    mixed = list(checks.identical(clips("abcd", "lc"), ["x", "x", "y", "z"], fold(2, 4)))
    assert [one.severity for one in mixed] == ["warning"]
    assert "1 of these sounds have two labels" in mixed[0].sentence
    assert not list(checks.identical(clips("abcd"), list("wxyz"), fold(2, 4)))


def test_an_encoder_that_has_heard_tested_speakers_is_a_leak():
    tested = {"corpus": "toy", "encoders": {"burst": {"toy": ("c",)}, "other": {"elsewhere": ()}}}
    (found,) = checks.heard(clips("abcd"), fold(2, 4), **tested)
    assert (found.severity, found.clip_ids) == ("leak", ("2.wav",))
    everybody = checks.heard(clips("abcd"), fold(2, 4), corpus="toy", encoders={"burst": {"toy": ()}})
    assert next(everybody).counts["n_clips"] == 2
    trained_alone = {"burst": {"toy": ("a", "b")}}
    assert not list(checks.heard(clips("abcd"), fold(2, 4), corpus="toy", encoders=trained_alone))


def test_folds_that_test_other_label_sets_are_a_warning():
    truth = np.array([0, 1, 0, 0])
    (found,) = checks.labels(truth, fold(2, 4), class_names=NAMES)
    assert "1 of 1 folds lack a class in their test part (fold 1: laugh)" in found.sentence
    assert not list(checks.labels(np.array([0, 1, 0, 1]), fold(2, 4), class_names=NAMES))


def test_imbalance_is_said_from_half_as_many_again_and_warned_of_from_three_times():
    def severities(n_cry: int, n_laugh: int) -> list[str]:
        truth = np.repeat([0, 1], [n_cry, n_laugh])
        return [found.severity for found in checks.imbalance(truth, class_names=NAMES)]

    assert severities(4, 3) == []
    assert severities(6, 4) == ["note"]
    assert severities(6, 2) == ["warning"]


def test_a_shortcut_is_a_warning_only_where_the_interval_is_above_chance():
    def found(low: float):
        return list(checks.shortcut(Shortcut(0.6, 0.6, 0.6, low, 0.5), n_classes=2))

    assert [one.severity for one in found(0.55)] == ["warning"]
    assert found(0.45) == []
    assert found(float("nan")) == []


def test_an_audit_says_all_in_one_line_leaks_first():
    reached = Shortcut(0.6, 0.5, 0.6, 0.55, 0.5)
    bad = clips("aabbac")
    findings = [*checks.shortcut(reached, n_classes=2), *checks.speakers(bad, fold(4, 6))]
    audit = Audit("paper", 6, 2, (), reached).with_findings(findings)
    assert [finding.severity for finding in audit.findings] == ["leak", "warning"]
    assert audit.n_leaks == 1
    assert audit.line() == (
        "audit, protocol paper: 1 leak (speakers), 1 warning (shortcut); length, level and silence alone "
        "reach 60.0 % accuracy, 50.0 % macro F1, 60.0 % UAR (chance: 50.0 % UAR)"
    )
    assert counted(audit.findings) == "1 leak, 1 warning"
    assert audit.to_json(most_ids=0)["findings"][0]["clip_ids"] == []
