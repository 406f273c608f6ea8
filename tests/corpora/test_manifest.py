from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nver.corpora import open_corpus
from nver.errors import CorpusError

Plant = Callable[..., Path]


@pytest.fixture
def root(plant: Plant) -> Path:
    return plant("audio/1.wav", "audio/2.wav", "audio/3.wav")


def write(root: Path, text: str, name: str = "manifest.csv") -> Path:
    (root / name).write_text(text, encoding="utf-8")
    return root / name


def test_a_csv_gives_clips_with_attributes(root: Path) -> None:
    text = "\ufeffpath,label,speaker,take\naudio/2.wav,joy,ann,\naudio/1.wav,fear, ,7\n"
    corpus = open_corpus("manifest", write(root, text, "my.csv"))
    one, two = corpus.clips
    assert corpus.labels == ("fear", "joy")
    assert (one.id, one.label, one.speaker, dict(one.attributes)) == (
        "audio/1.wav",
        "fear",
        None,
        {"take": "7"},
    )
    assert (two.id, two.label, two.speaker, dict(two.attributes)) == ("audio/2.wav", "joy", "ann", {})
    assert one.source.path.is_file()


def test_parquet_of_pandas_equals_csv(root: Path) -> None:
    table = pd.DataFrame(
        {
            "path": ["audio/1.wav", "audio/2.wav", "audio/3.wav"],
            "label": pd.Categorical(["joy", "fear", "joy"]),
            "speaker": ["ann", None, "bob"],
            "take": [1, 2, 3],
        }
    )
    table.to_parquet(root / "manifest.parquet")
    from_parquet = open_corpus("manifest", root)
    (root / "manifest.parquet").unlink()
    table.to_csv(root / "manifest.csv", index=False)
    from_csv = open_corpus("manifest", root)
    assert from_parquet.clips == from_csv.clips
    assert [clip.attributes["take"] for clip in from_csv.clips] == ["1", "2", "3"]


def test_columns_and_labels_can_be_named(root: Path) -> None:
    file = write(root, "file\temotion\twho\tid\naudio\\1.wav\tjoy\tann\tfirst\n", "x.tsv")
    corpus = open_corpus("manifest", file, path="file", label="emotion", speaker="who", labels=["sad", "joy"])
    assert corpus.labels == ("sad", "joy")
    assert [(clip.id, clip.speaker) for clip in corpus.clips] == [("first", "ann")]


def test_paths_may_lie_above_or_be_absolute_within(root: Path) -> None:
    (root / "lists").mkdir()
    above = open_corpus("manifest", write(root / "lists", "path,label\n../audio/1.wav,a\n"))
    within = open_corpus("manifest", write(root, f"path,label\n{root.resolve()}/audio/1.wav,a\n"))
    assert [clip.id for clip in (*above.clips, *within.clips)] == ["../audio/1.wav", "audio/1.wav"]


def test_members_of_shards_can_be_listed(root: Path) -> None:
    with tarfile.open(root / "s.tar", "w") as tar:
        tar.add(root / "audio" / "1.wav", "x/1.wav")
    corpus = open_corpus("manifest", write(root, "path,label\ns.tar:x/1.wav,a\n"))
    assert [(clip.id, clip.source.member) for clip in corpus.clips] == [("s.tar:x/1.wav", "x/1.wav")]
    with pytest.raises(CorpusError, match=r"row 1: there is no member 'y.wav' in .*s.tar"):
        open_corpus("manifest", write(root, "path,label\ns.tar:y.wav,a\n"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("path,emotion\naudio/1.wav,a\n", "has no column 'label'. Known: emotion, path. Rename one, or say"),
        ("file,label\naudio/1.wav,a\n", "has no column 'path'"),
        ("path,label\naudio/1.wav,a\naudio/2.wav, \n", r"row 2: column 'label' is empty for 'audio/2.wav'"),
        ("path,label\n,a\n", r"row 1: column 'path' is empty"),
        ("path,label\naudio/1.wav,a\naudio/1.wav,b\n", r"row 2: 'audio/1.wav' is listed in row 1 already"),
        ("path,label\naudio/1.wav,a\naudio/./1.wav,b\n", r"row 2: 'audio/1.wav' is listed in row 1 already"),
        ("path,label\naudio/9.wav,a\n", r"row 1: there is no file .*audio/9.wav"),
        ("path,label\n/elsewhere/9.wav,a\n", r"row 1: '/elsewhere/9.wav' is an absolute path outside"),
        ("path,label\naudio/1.wav,a,b\n", r"row 1: 3 cells under 2 columns"),
        ("path,label,label\naudio/1.wav,a,b\n", "names a column twice"),
        ("path,label\n", "no clip below"),
        ("", "has no column 'path'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_row(root: Path, text: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        open_corpus("manifest", write(root, text))


def test_a_label_that_is_not_asked_for_is_refused(root: Path) -> None:
    with pytest.raises(CorpusError, match=r"row 1: label 'joi' is not asked for\. Did you mean 'joy'"):
        open_corpus("manifest", write(root, "path,label\naudio/1.wav,joi\n"), labels=["joy"])


def test_no_manifest_and_several_are_errors(root: Path) -> None:
    with pytest.raises(CorpusError, match=r"holds no manifest\.csv, manifest\.tsv, manifest\.parquet"):
        open_corpus("manifest", root)
    write(root, "path,label\n")
    write(root, "path\tlabel\n", "manifest.tsv")
    with pytest.raises(CorpusError, match=r"holds more than one of"):
        open_corpus("manifest", root)


def test_files_of_another_kind_are_refused(root: Path) -> None:
    with pytest.raises(CorpusError, match=r"expected \.csv, \.tsv or \.parquet"):
        open_corpus("manifest", write(root, "{}", "x.json"))
    with pytest.raises(CorpusError, match=r"cannot read .*x\.parquet"):
        open_corpus("manifest", write(root, "no parquet", "x.parquet"))
