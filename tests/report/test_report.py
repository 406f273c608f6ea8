from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from nver.encoders import load_encoder
from nver.errors import ResultError
from nver.report import find_results, markdown, write_report
from nver.report.comparison import compare
from nver.report.figures import draw_confusion, draw_learning_curves

SPEAKERS = {
    "paper": "**Protocol `paper`: speakers appear on both sides.**",
    "speaker": "**Protocol `speaker`: no speaker appears on both sides.**",
    "leave-one-speaker-out": "**Protocol `leave-one-speaker-out`: no speaker appears on both sides.**",
    "predefined": "**Protocol `predefined`: the corpus says what is on which side.**",
}


def text_of(*results) -> str:
    return markdown.render(compare(results), plans_at=Path("reproduce"))


def headline_above_each_table(text: str) -> list[str]:
    """The last protocol that was named before each table."""
    named, found = "", []
    for line in text.splitlines():
        if line.startswith("**Protocol"):
            named = line
        elif line.startswith("## "):
            named = ""  # a section must say it again
        elif line.startswith("| ---"):
            found.append(named)
    return found


def test_the_protocol_stands_above_every_table(make_result):
    systems = [(protocol, name) for protocol in SPEAKERS for name in ("fcn", "cnn")]
    text = text_of(*(make_result(protocol=p, system=name, head={"kind": name}) for p, name in systems))
    above = headline_above_each_table(text)
    n_tables = 4  # scores, the best against the others, classes, certainty
    assert len(above) == n_tables * len(SPEAKERS)
    for i, sentence in enumerate(SPEAKERS.values()):
        assert all(named.startswith(sentence) for named in above[n_tables * i : n_tables * (i + 1)])


def test_figures_with_speakers_on_both_sides_are_called_optimistic(make_result):
    assert "optimistic" in text_of(make_result(protocol="paper"))
    assert "optimistic" not in text_of(make_result(protocol="speaker"))


def test_random_weights_stand_above_the_figures(make_result):
    trained = make_result(system="trained")
    untrained = load_encoder("audio-mamba-tiny", random_weights=3)
    said = {"fingerprint": untrained.fingerprint, **untrained.provenance}
    random = make_result(system="random", encoders=("audio-mamba-tiny",), provenance={"encoders": [said]})
    text = text_of(trained, random)
    loud = "**RANDOM WEIGHTS** in `random`: audio-mamba-tiny (RANDOM, seed 3: these embeddings mean nothing)."
    assert text.index(loud) < text.index("| system |")
    assert "in `trained`" not in text


def test_warnings_and_clips_left_out_are_told(make_result):
    result = make_result(
        provenance={"warnings": ["fold 2 tests no clip of: anger"], "unreadable": {"a.wav": "a.wav is empty"}}
    )
    text = text_of(result)
    assert "> **Warning**: fold 2 tests no clip of: anger." in text
    assert "> **Left out: 1 clip**: they could not be read." in text
    assert "- `a.wav`: a.wav is empty" in text


def test_every_link_of_the_report_leads_to_a_file(make_result, tmp_path):
    results = [make_result(), make_result(protocol="paper")]
    text = write_report(results, tmp_path).markdown.read_text()
    links = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert len(links) == len(set(links)) == 2 * 4 + 2
    assert all((tmp_path / link).is_file() for link in links)


def test_the_commands_name_plans_that_are_there(make_result, tmp_path):
    report = write_report([make_result()], tmp_path)
    commands = [line for line in report.markdown.read_text().splitlines() if line.startswith("nver run ")]
    assert commands == [f"nver run {tmp_path}/reproduce/vivae-6-classes-speaker.toml"]
    assert Path(commands[0].removeprefix("nver run ")).is_file()


def test_equal_results_give_equal_bytes(make_result, tmp_path):
    for name in ("one", "two"):
        write_report([make_result()], tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 18
    for file in files:
        one, two = ((tmp_path / name / file).read_bytes() for name in ("one", "two"))
        assert one.replace(b"/one/", b"/two/") == two, file


@pytest.mark.parametrize("n_classes", [2, 30])
def test_nothing_of_a_confusion_matrix_is_cut_off(tmp_path, n_classes):
    labels = [f"a rather long name of class {i}" for i in range(n_classes)]
    draw_confusion(np.eye(n_classes, dtype=np.int64), labels, title="a title " * 9, path=tmp_path / "c.png")
    assert_white_border(tmp_path / "c.png")


def test_nothing_of_learning_curves_is_cut_off(make_result, tmp_path):
    draw_learning_curves(make_result().history, monitor="loss", title="t", path=tmp_path / "l.png")
    assert_white_border(tmp_path / "l.png")


def assert_white_border(path):
    image = matplotlib.image.imread(path)[..., :3]
    assert image.min() < 0.5
    for edge in (image[:5], image[-5:], image[:, :5], image[:, -5:]):
        assert edge.min() == 1.0


def test_a_class_without_clips_is_grey_and_not_zero(tmp_path):
    counts = np.array([[4, 0], [0, 0]])
    draw_confusion(counts, ["here", "absent"], title="", path=tmp_path / "c.png")
    grey = (np.abs(matplotlib.image.imread(tmp_path / "c.png")[..., :3] - 0.85) < 0.01).all(axis=-1)
    assert grey.mean() > 0.05


def test_results_are_found_at_any_depth_and_once(make_result, tmp_path):
    make_result(system="a").save(tmp_path / "plan" / "a")
    make_result(system="b").save(tmp_path / "plan" / "b")
    found = find_results([tmp_path, tmp_path / "plan" / "b"])
    assert [result.experiment.name for result in found] == ["a-speaker", "b-speaker"]


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(ResultError, match="expected a folder that `nver run` wrote"):
        find_results([tmp_path])


def test_a_report_on_nothing_is_refused(tmp_path):
    with pytest.raises(ResultError, match="there are no results to report on"):
        write_report([], tmp_path)
