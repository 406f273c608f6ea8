"""What a script sees: exit codes, and which words go where."""

import pytest

from nver.cli import console, progress


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nowhere.toml"], "error: cannot read nowhere.toml: No such file or directory"),
        (["corpora", "info", "vivea"], "error: no corpus is called 'vivea'. Did you mean 'vivae'?"),
        (["embed", "vivae", "--root", ".", "--encoder", "mfc-stats"], "Did you mean 'mfcc-stats'?"),
        (["corpora", "verify", "vivae", "--root", ".", "--option", "core"], "expected KEY=VALUE"),
    ],
)
def test_a_bad_request_exits_with_2_and_one_sentence(nver, corpus, arguments, sentence):
    ran = nver(*(corpus if argument == "." else argument for argument in arguments))
    assert ran.code == 2
    assert sentence in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_bad_usage_exits_with_2(nver):
    assert nver("run").code == 2
    assert nver("corpora", "verify", "vivae", "--rot", ".").code == 2
    assert "Did you mean" in nver("reprot").err


def test_bad_data_exits_with_1(nver, tmp_path):
    ran = nver("report", tmp_path, "--out", tmp_path / "report")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: there is no result in ")


def test_what_the_system_refuses_is_a_sentence_too(nver, tmp_path, corpus):
    (tmp_path / "file").touch()
    ran = nver("corpora", "synth", "--to", tmp_path / "file", "--clips", 1)
    assert ran.code == 1
    assert ran.err.startswith("error: ")
    assert "Traceback" not in ran.err


def test_the_traceback_is_there_when_asked_for(nver, monkeypatch):
    monkeypatch.setenv("NVER_DEBUG", "1")
    ran = nver("run", "nowhere.toml")
    assert "Traceback" in ran.err
    assert ran.err.splitlines()[-1] == "error: cannot read nowhere.toml: No such file or directory"


def test_after_ctrl_c_the_same_command_goes_on(nver, monkeypatch, tmp_path):
    def ctrl_c_after_three_clips(bar, done, total, **beside):
        if done == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(progress._Lines, "__call__", ctrl_c_after_three_clips)
        stopped = nver("corpora", "synth", "--to", tmp_path, "--clips", 5)
    assert stopped.code == 130
    assert stopped.err.endswith("give the same command again to go on from there\n")
    assert len(list(tmp_path.rglob("*.wav"))) == 3

    assert nver("corpora", "synth", "--to", tmp_path, "--clips", 5).code == 0
    assert len(list(tmp_path.rglob("*.wav"))) == 5


def test_options_are_read_as_toml_and_else_as_text():
    read = console.key_values(["bonus=true", "subset=core", "contributors=1-20", "intensities=['peak']"])
    assert read == {"bonus": True, "subset": "core", "contributors": "1-20", "intensities": ["peak"]}
