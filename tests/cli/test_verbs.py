"""Each verb on a small corpus: words for people, and with --json one document and nothing else."""

import pytest

from nver import EmbeddingTable, Result, open_corpus
from nver.experiment import load_plan


def test_every_corpus_is_listed_with_its_licence(nver):
    listed = nver("corpora", "list", "--json").json
    assert {card["name"] for card in listed} == {"asvp-esd", "emogator", "folder", "jnv", "manifest", "vivae"}
    shown = nver("corpora", "list").out.splitlines()
    assert len(shown) == len(listed)
    assert all(card["licence"] in line for card, line in zip(listed, shown, strict=True))


def test_the_card_of_a_corpus_shows_its_labels_and_options(nver):
    shown = nver("corpora", "info", "vivae").out
    assert "achievement, anger, fear, pain, pleasure, surprise" in shown
    assert "subset: Literal['full', 'core'] = 'full'" in shown
    assert nver("corpora", "info", "vivae", "--json").json["counts"]["clips"] == {"all": 1085}


def test_every_problem_of_a_copy_is_reported(nver, corpus):
    ran = nver("corpora", "verify", "vivae", "--root", corpus, "--workers", 1, "--json")
    assert ran.code == 1
    missing = [problem for problem in ran.json if problem["kind"] == "missing"]
    assert len(missing) == 1085 - 66
    shown = nver("corpora", "verify", "vivae", "--root", corpus, "--workers", 1)
    assert len(shown.out.splitlines()) == len(ran.json)
    assert "1,019 missing" in shown.err


def test_a_licence_that_nobody_accepted_stops_a_download(nver, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ran = nver("corpora", "download", "vivae", "--to", tmp_path)
    assert ran.code == 1
    assert "CC BY-NC 4.0" in ran.err
    assert "--accept-licence" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_embedded_corpus_is_found_again(nver, corpus, tmp_path):
    table = tmp_path / "table.parquet"
    arguments = ("embed", "vivae", "--root", corpus, "--encoder", "mfcc-stats", "--workers", 1)
    first = nver(*arguments, "--json").json
    assert (first["n_clips"], first["n_computed"], first["dim"]) == (66, 66, 240)
    again = nver(*arguments, "--out", table)
    assert "0 clips computed, 66 found in the store" in again.err
    assert again.out == f"{table}\n"
    assert EmbeddingTable.load(table).clip_ids == tuple(
        clip.id for clip in open_corpus("vivae", corpus).clips
    )

    (held,) = nver("store", "ls", "--json").json
    assert (held["encoder"], held["n_rows"]) == ("mfcc-stats", 66)
    assert "mfcc-stats" in nver("store", "ls").out
    assert nver("store", "verify").code == 0
    assert nver("store", "gc", "--json").json["paths"] == []


def test_random_weights_are_loud_and_only_for_encoders_with_weights(nver, corpus, tmp_path):
    clip = next(corpus.rglob("*.wav"))
    recording = tmp_path / "recordings" / "any" / clip.name
    recording.parent.mkdir(parents=True)
    recording.write_bytes(clip.read_bytes())
    arguments = ("embed", "folder", "--root", tmp_path / "recordings", "--random-weights", 0, "--workers", 1)
    ran = nver(*arguments, "--encoder", "audio-mamba-tiny", "--json")
    assert (ran.code, ran.json["dim"]) == (0, 960)
    assert "RANDOM WEIGHTS: embeddings of audio-mamba-tiny mean nothing" in ran.err
    refused = nver(*arguments, "--encoder", "mfcc-stats")
    assert refused.code == 2
    assert "random_weights" in refused.err


def test_a_damaged_store_is_a_problem(nver, corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("NVER_HOME", str(tmp_path))
    nver("embed", "vivae", "--root", corpus, "--encoder", "mfcc-stats", "--workers", 1)
    shard = next(path for path in (tmp_path / "store" / "vectors").rglob("*") if "parquet" in path.name)
    shard.write_bytes(shard.read_bytes()[:-9])
    assert nver("store", "verify").code == 1
    assert nver("store", "verify", "--json").json[0]["path"] == str(shard)


def test_a_plan_is_run_saved_reported_and_not_run_twice(nver, plan, tmp_path):
    (summary,) = nver("run", plan, "--out", tmp_path / "runs", "--workers", 1, "--json").json
    result = Result.load(tmp_path / "runs" / "tiny" / "fcn-mfcc-stats-speaker")
    assert summary["directory"] == str(tmp_path / "runs" / "tiny" / "fcn-mfcc-stats-speaker")
    assert summary["accuracy_mean"] == result.scores().accuracy.mean

    again = nver("run", plan, "--out", tmp_path / "runs", "--workers", 1)
    assert "(was there: " in again.err
    assert "no speaker appears on both sides" in again.out
    assert "the clips are synthetic, and these scores say nothing about people" in again.out

    reported = nver("report", tmp_path / "runs", "--out", tmp_path / "report")
    assert reported.out.splitlines()[-2:] == [
        f"report: {tmp_path / 'report' / 'report.md'}",
        f"page: {tmp_path / 'report' / 'report.html'}",
    ]
    assert "fcn-mfcc-stats" in reported.out
    again = ("report", tmp_path / "runs", "--out", tmp_path / "report", "--no-figures", "--json")
    assert nver(*again).json == {
        "report": str(tmp_path / "report" / "report.md"),
        "page": str(tmp_path / "report" / "report.html"),
        "experiments": ["fcn-mfcc-stats-speaker"],
        "missing": [],
    }
    assert (
        tmp_path / "report" / "figures" / "vivae-6-classes-speaker" / "map-mfcc-stats-by-emotion.svg"
    ).is_file()


def test_a_report_refuses_a_table_that_is_not_there_and_a_place_without_a_name(nver, plan, tmp_path):
    nver("run", plan, "--out", tmp_path / "runs", "--workers", 1)
    table = ("--embeddings", f"mfcc-stats={tmp_path / 'none.parquet'}")
    refused = nver("report", tmp_path / "runs", "--out", tmp_path / "report", "--no-figures", *table)
    assert refused.code == 1
    assert "none.parquet" in refused.err
    nonsense = nver("report", tmp_path / "runs", "--out", tmp_path / "report", "--root", "somewhere")
    assert (nonsense.code, "--root takes NAME=PATH, got 'somewhere'" in nonsense.err) == (2, True)


def test_results_are_fused_saved_and_reported_with_the_command_that_fuses_them(nver, plan, tmp_path):
    text = plan.read_text()
    plan.write_text(
        text.replace('["mfcc-stats"] }]', '["mfcc-stats"] }, { head = "fcn", encoders = ["logmel-stats"] }]')
    )
    runs = tmp_path / "runs" / "tiny"
    nver("run", plan, "--out", tmp_path / "runs", "--workers", 1)
    parents = [runs / "fcn-mfcc-stats-speaker", runs / "fcn-logmel-stats-speaker"]

    fused = nver("fuse", *parents, "--out", runs / "both-speaker", "--json").json
    result = Result.load(runs / "both-speaker")
    assert (fused["experiment"], fused["directory"]) == ("both-speaker", str(runs / "both-speaker"))
    assert fused["accuracy_mean"] == result.scores().accuracy.mean
    assert result.provenance["warnings"] == Result.load(parents[0]).provenance["warnings"]

    weighed = nver("fuse", *parents, "--weight", 3, "--weight", 1, "--out", runs / "weighed-speaker")
    assert weighed.err.endswith(f"result: {runs / 'weighed-speaker'}\n")
    assert "weights 0.75 : 0.25 were given" in weighed.out

    reported = nver("report", tmp_path / "runs", "--out", tmp_path / "report")
    assert reported.code == 0
    said = (tmp_path / "report" / "report.md").read_text()
    slug = "vivae-6-classes-speaker"
    assert said.count("![Learning curves of ") == 2
    assert (
        f"nver fuse runs/{slug}/fcn-mfcc-stats-speaker runs/{slug}/fcn-logmel-stats-speaker --weight 0.75 "
        f"--weight 0.25 --out runs/{slug}/weighed-speaker"
    ) in said
    assert [e.name for e in load_plan(tmp_path / "report" / "reproduce" / f"{slug}.toml").experiments()] == [
        "fcn-logmel-stats-speaker",
        "fcn-mfcc-stats-speaker",
    ]


def test_fusing_over_a_parent_or_with_too_few_weights_is_a_bad_request(nver, plan, tmp_path):
    nver("run", plan, "--out", tmp_path, "--workers", 1)
    parent = tmp_path / "tiny" / "fcn-mfcc-stats-speaker"
    over = nver("fuse", parent, parent, "--out", parent)
    assert (over.code, "is one of the results to fuse; name another folder" in over.err) == (2, True)
    few = nver("fuse", parent, parent, "--weight", 1, "--out", tmp_path / "tiny" / "both")
    assert (few.code, "2 results came with 1 weights" in few.err) == (2, True)
    nothing = nver("fuse", parent, tmp_path / "tiny", "--out", tmp_path / "tiny" / "both")
    assert (nothing.code, "is no result" in nothing.err) == (1, True)


def test_a_key_of_the_plan_can_be_set(nver, plan, tmp_path):
    changed = ("--set", "training.lr=0.5", "--set", "folds.protocol=paper")
    nver("run", plan, "--out", tmp_path, "--workers", 1, *changed)
    (result,) = (Result.load(path.parent) for path in tmp_path.rglob("result.json"))
    assert result.experiment.training.lr == 0.5
    assert result.experiment.folds.protocol == "paper"


def test_a_clip_that_cannot_be_read_stops_a_run_or_is_listed(nver, tmp_path, plan):
    from nver.corpora.synthetic import synthesise

    broken = synthesise(tmp_path / "broken", n_clips=66)
    victim = next(broken.rglob("S03_*.wav"))
    victim.write_bytes(b"no audio")
    arguments = ("run", plan, "--set", f"corpus.root='{broken}'", "--out", tmp_path / "runs", "--workers", 1)
    stopped = nver(*arguments)
    assert stopped.code == 1
    assert victim.name in stopped.err

    assert nver(*arguments, "--skip-unreadable").code == 0
    (result,) = (Result.load(path.parent) for path in (tmp_path / "runs").rglob("result.json"))
    assert [victim.stem in clip for clip in result.provenance["unreadable"]] == [True]


@pytest.mark.parametrize("encoder", ["logmel-stats", "mfcc-stats"])
def test_the_card_of_an_encoder_shows_its_licence(nver, encoder):
    assert "Apache-2.0" in nver("encoders", "info", encoder).out
    assert nver("encoders", "info", encoder, "--json").json["name"] == encoder


def test_the_demo_trains_the_heads_of_the_study_on_one_and_two_views(nver, corpus, tmp_path, pytestconfig):
    demo = pytestconfig.rootpath / "experiments" / "demo.toml"
    kinds = sorted(experiment.head.kind for experiment in load_plan(demo).experiments())
    assert kinds == [*6 * ["cnn"], *2 * ["concat"], *6 * ["fcn"], *2 * ["reno"]]
    smaller = [
        f"corpus.root='{corpus}'",
        'folds=[{protocol="speaker",n_folds=2}]',
        "training.max_epochs=1",
    ]
    settings = [part for key in smaller for part in ("--set", key)]
    ran = nver("run", demo, *settings, "--out", tmp_path, "--workers", 1, "--json")
    assert len(ran.json) == 8
