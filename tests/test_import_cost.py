"""What must not be loaded before it is needed; seconds are measured by benchmarks/startup.py."""

import subprocess
import sys

import pytest

HEAVY = {
    *("torch", "transformers", "numba", "matplotlib", "pyarrow", "sklearn", "scipy", "numpy"),
    *("httpx", "huggingface_hub", "jinja2", "pandas", "rich", "soundfile", "soxr"),
}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a new Python has loaded after a statement."""
    program = f"""
import sys
try:
    {statement}
except SystemExit as end:
    assert end.code == 0, end.code
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("statement", ["import nver", "from nver.cli import main; main(['--help'])"])
def test_import_and_help_load_nothing_heavy(statement):
    assert loaded_by(statement) & (HEAVY | {"pydantic"}) == set()


@pytest.mark.parametrize("verb", ["run", "corpora"])
def test_the_help_of_a_verb_loads_nothing_heavy(verb):  # but pydantic, with which typer reads options
    assert loaded_by(f"from nver.cli import main; main(['{verb}', '--help'])") & HEAVY == set()
