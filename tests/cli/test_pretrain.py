"""``nver pretrain`` from a file to a network that ``nver embed`` can use."""

from __future__ import annotations

from pathlib import Path

TINY = (
    *("epochs=2", "batch_size=4", "precision='float32'"),
    *("mixer='mamba'", "width=16", "n_blocks=1", "stem=2", "inner=32", "state=2", "n_heads=2", "hidden=32"),
)
ROOMS = {"epochs": "training", "batch_size": "training", "precision": "training"}


def settings(*more: str) -> list[str]:
    changes = [f"{ROOMS.get(part.partition('=')[0], 'network')}.{part}" for part in TINY]
    return [word for change in (*changes, *more) for word in ("--set", change)]


def smoke(pytestconfig) -> Path:
    return pytestconfig.rootpath / "experiments" / "pretraining" / "smoke.toml"


def test_a_network_of_ones_own_embeds(nver, corpus, tmp_path, pytestconfig):
    out = tmp_path / "runs"
    ran = nver(
        "pretrain", smoke(pytestconfig), *settings(f"corpus.root='{corpus}'"), "--out", out, "--workers", 1
    )
    assert ran.code == 0
    assert ran.out.strip() == str(out / "pretrain-smoke")
    assert ran.err.count("validation loss") == 2
    weights = f"weights='{out / 'pretrain-smoke'}'"
    embedded = nver(
        *("embed", "vivae", "--root", corpus, "--encoder", "burst-mamba", "--encoder-option", weights),
        *("--workers", 1, "--json"),
    )
    assert embedded.code == 0
    assert embedded.json["dim"] == 3 * 16


def test_a_key_that_cannot_be_meant_is_said_before_anything_is_read(nver, pytestconfig):
    ran = nver("pretrain", smoke(pytestconfig), "--set", "training.epoch=3")
    assert ran.code == 2
    assert "unknown key 'epoch' in [training]" in ran.err
