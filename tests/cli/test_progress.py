import io
import sys

import pytest

from nver.cli import progress as module
from nver.cli.progress import progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when told to."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_now_and_then_and_the_end(capsys, clock):
    with progress("embedding") as bar:
        for done in range(1, 101):
            clock[0] += 0.5
            bar(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "embedding: 20 of 100 clips, 40 s left"
    assert lines[-1] == "embedding: 100 of 100 clips"
    assert len(lines) == 5


def test_what_begins_anew_is_timed_anew(capsys, clock):
    with progress("embedding") as bar:
        clock[0] += 1000
        bar.begin("training", unit="experiments")
        clock[0] += 10
        bar(1, 3, doing="fcn")
    assert capsys.readouterr().err == "fcn: 1 of 3 experiments, 20 s left\n"


def test_an_unknown_end_is_not_made_up(capsys, clock):
    with progress("fetching", unit="MB") as bar:
        clock[0] += 10
        bar(12.9, None)
    assert capsys.readouterr().err == "fetching: 12 MB\n"


def test_a_part_of_an_experiment_is_not_counted_as_a_whole_one(capsys, clock):
    with progress("training", unit="experiments") as bar:
        clock[0] += 10
        bar(2.9, 6)
    assert "2 of 6 experiments" in capsys.readouterr().err


@pytest.mark.parametrize("total", [10, None])
def test_a_terminal_gets_a_bar(monkeypatch, total):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress("embedding") as bar:
        bar(10, total, speed="5 clips/s")
        bar.say("done [with] this")
    shown = sys.stderr.getvalue()
    assert "5 clips/s" in shown
    assert "done [with] this\n" in shown
