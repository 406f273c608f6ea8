import shlex
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer

from nver.cli import app


def leaves(command, path=()):
    """Every verb with its words."""
    for name, below in getattr(command, "commands", {}).items():
        yield from leaves(below, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


VERBS = dict(leaves(typer.main.get_command(app)))


def test_the_verbs_are_these():
    said = {" ".join(path) for path in VERBS}
    assert said >= {
        *("corpora list", "corpora info", "corpora verify", "corpora download", "corpora synth"),
        *("embed", "run", "fuse", "report", "encoders list", "encoders info"),
        *("predict", "train", "bundle info", "bundle check", "bundle push"),
        *("store ls", "store verify", "store gc"),
    }


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_help_ends_with_an_example_that_the_parser_accepts(nver, path):
    shown = nver(*path, "--help")
    last = shown.out.rstrip().splitlines()[-1]
    assert shown.code == 0
    assert shown.out.count("Example") == 1
    program, *arguments = shlex.split(last)
    assert program == "nver"
    assert tuple(arguments[: len(path)]) == path
    with VERBS[path].make_context(path[-1], arguments[len(path) :]):
        pass  # parsed: it would run


def test_the_module_is_the_command_too():
    done = subprocess.run(
        [sys.executable, "-m", "nver", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"nver {version('nver')}\n"
