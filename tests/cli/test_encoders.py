"""``nver encoders``, by the application that the command line runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from nver.cli.encoders import app
from nver.encoders import ENCODERS
from nver.encoders.cards import CARDS
from nver.encoders.folders import folder_of
from nver.errors import ConfigError, WeightsError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_the_list_names_every_encoder_with_its_licence_and_size() -> None:
    said = run("list")
    assert said.exit_code == 0
    lines = {line.split()[0]: line for line in said.stdout.splitlines()}
    assert set(lines) == set(ENCODERS)
    assert "CC-BY-NC-4.0" in lines["mms-1b"]
    assert "3,850 MB" in lines["mms-1b"]
    assert "no weights needed" in lines["logmel-stats"]


def test_the_list_in_json_says_whether_weights_are_here() -> None:
    folder = folder_of(CARDS["hubert-base"])
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes(b"")
    entries = {entry["name"]: entry for entry in json.loads(run("list", "--json").stdout)}
    assert entries["hubert-base"]["weights"] == str(folder)
    assert entries["wavlm-base"]["weights"] is None
    assert entries["wavlm-base"]["dim"] == 768


def test_info_gives_source_revision_licence_and_citation() -> None:
    said = run("info", "wavlm-base").stdout
    for fact in (
        "microsoft/wavlm-base",
        "efa81aae7ff777e464159e0f877d54eac5b84f81",
        "MIT",
        "arXiv:2110.13900",
        "94,381,936",
    ):
        assert fact in said
    assert "not on this machine" in said


@pytest.mark.parametrize("verb", ["info", "fetch", "check"])
def test_an_unknown_name_is_a_bad_request_with_a_suggestion(verb: str) -> None:
    error = run(verb, "wavlm_base").exception
    assert isinstance(error, ConfigError)
    assert "Did you mean 'wavlm-base'?" in str(error)


def test_there_is_nothing_to_fetch_for_an_encoder_without_weights() -> None:
    error = run("fetch", "logmel-stats").exception
    assert isinstance(error, ConfigError)
    assert "it needs no weights" in str(error)


def test_check_of_absent_weights_says_where_a_copy_would_be_found() -> None:
    error = run("check", "wavlm-base").exception
    assert isinstance(error, WeightsError)
    assert str(folder_of(CARDS["wavlm-base"])) in str(error)


def test_check_loads_every_weight_and_prints_its_digest() -> None:
    import transformers

    folder = Path(folder_of(CARDS["voc2vec"])).parent / "tests--tiny"
    config = transformers.HubertConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        num_conv_pos_embedding_groups=2,
    )
    with torch.random.fork_rng(devices=[]):
        transformers.HubertModel(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    found = json.loads(run("check", "hf:tests/tiny", "--json").stdout)
    (path,) = found["sha256"]
    assert path == str(folder / "model.safetensors")
    assert len(found["sha256"][path]) == 64
    (folder / "model.safetensors").write_bytes(b"damaged")
    assert isinstance(run("check", "hf:tests/tiny").exception, WeightsError)


def test_convert_takes_a_checkpoint_of_audio_mamba_too(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.zeros(2)}}, tmp_path / "checkpoint-9.pth")
    assert run("convert", str(tmp_path / "checkpoint-9.pth"), "--to", str(tmp_path / "to")).exit_code == 0
    assert (tmp_path / "to" / "model.safetensors").is_file()


def test_convert_writes_safetensors(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text("{}")
    said = run("convert", str(tmp_path), "--to", str(tmp_path / "to"))
    assert said.exit_code == 0
    assert (tmp_path / "to" / "model.safetensors").is_file()
