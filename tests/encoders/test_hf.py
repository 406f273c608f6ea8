"""Encoders out of transformers: small checkpoints of every class, made by transformers itself."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from nver.encoders import CARDS, Encoder, load_encoder
from nver.encoders.cards import HubCard
from nver.encoders.folders import folder_of
from nver.encoders.hf import load
from nver.encoders.hf.checkpoint import n_parameters
from nver.encoders.hf.linear import PackedLinear
from nver.errors import ConfigError, EncoderError, WeightsError
from nver.types import Samples

WIDTH = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 2048}
CONVOLUTIONS = {"conv_dim": (32,) * 7, "num_conv_pos_embedding_groups": 4, "num_codevectors_per_group": 4}
GROUP = {**WIDTH, **CONVOLUTIONS}
LAYER = {**GROUP, "feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
NORMALIZE = ("Wav2Vec2FeatureExtractor", {"do_normalize": True})
AS_IT_IS = ("Wav2Vec2FeatureExtractor", {"do_normalize": False, "return_attention_mask": True})


@dataclass(frozen=True)
class Kind:
    family: str
    config: dict[str, Any]
    extractor: tuple[str, dict[str, Any]]


KINDS = {
    "wav2vec2, group norm": Kind("wav2vec2", GROUP, NORMALIZE),
    "wav2vec2, layer norm": Kind("wav2vec2", LAYER, NORMALIZE),
    "hubert, group norm": Kind("hubert", GROUP, NORMALIZE),
    "hubert, layer norm": Kind("hubert", LAYER, NORMALIZE),
    "wavlm, group norm": Kind("wavlm", GROUP, AS_IT_IS),
    "wavlm, layer norm": Kind("wavlm", LAYER, NORMALIZE),
    "unispeech-sat": Kind("unispeech-sat", GROUP, NORMALIZE),
    "data2vec": Kind("data2vec-audio", GROUP, NORMALIZE),
    "w2v-bert": Kind("wav2vec2-bert", WIDTH, ("SeamlessM4TFeatureExtractor", {"padding_value": 1})),
    "whisper": Kind(
        "whisper",
        {
            "d_model": 48,
            "encoder_layers": 3,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 2048,
            "decoder_layers": 1,
            "decoder_attention_heads": 4,
            "decoder_ffn_dim": 16,
            "vocab_size": 64,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 1,
            "suppress_tokens": None,
            "begin_suppress_tokens": None,
            "max_source_positions": 50,
        },
        ("WhisperFeatureExtractor", {"chunk_length": 1}),
    ),
    "ast": Kind(
        "audio-spectrogram-transformer",
        {**WIDTH, "max_length": 112},
        ("ASTFeatureExtractor", {"max_length": 112}),
    ),
}
WAVEFORM = [name for name, kind in KINDS.items() if "Wav2Vec2" in kind.extractor[0]]

pytestmark = pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")


@dataclass(frozen=True)
class Made:
    folder: Path
    model: Any
    extract: Any


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """A checkpoint of each kind, as its authors would publish it."""
    transformers.utils.logging.disable_progress_bar()
    found = {}
    for name, kind in KINDS.items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(found))
            config = transformers.AutoConfig.for_model(kind.family, **kind.config)
            model = transformers.AutoModel.from_config(config).eval()
            for parameter in model.parameters():  # biases and norms that are not zero and one
                parameter.data += 0.02 * torch.randn(parameter.shape)
        extract = getattr(transformers, kind.extractor[0])(**kind.extractor[1])
        folder = tmp_path_factory.mktemp("checkpoint")
        model.save_pretrained(folder)
        extract.save_pretrained(folder)
        found[name] = Made(folder, model, extract)
    return found


def noise(*lengths: int) -> list[Samples]:
    rng = np.random.default_rng(7)
    return [(0.1 * rng.standard_normal(n) + 0.02).astype(np.float32) for n in lengths]


def plain(made: Made, wave: Samples) -> list[torch.Tensor]:
    """Every hidden state of one clip alone as transformers gives it, (n_frames, width); last its output."""
    inputs = made.extract(wave, sampling_rate=16_000, return_tensors="pt")
    if made.model.config.model_type != "wav2vec2-bert":
        inputs.pop("attention_mask", None)
    with torch.inference_mode():
        model = made.model.encoder if made.model.config.model_type == "whisper" else made.model
        output = model(**inputs, output_hidden_states=True)
    states = [*output.hidden_states[:-1], output.last_hidden_state]
    match made.model.config.model_type:
        case "whisper":
            return [state[0, : ceil(len(wave) / 320)] for state in states]
        case "audio-spectrogram-transformer":
            n_banks = (len(wave) - 400) // 160 + 1
            bands, times = made.model.embeddings.get_shape(made.model.config)
            return [
                state[0, 2:].view(bands, times, -1).mean(0)[: max(0, n_banks - 16) // 10 + 1]
                for state in states
            ]
        case "wav2vec2-bert":
            return [state[0, : int(inputs["attention_mask"].sum())] for state in states]
    return [state[0] for state in states]


def relative(ours: Any, theirs: Any) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def open_tiny(made: Made, **options: Any) -> Any:
    return load_encoder("hf:tests/tiny", weights=made.folder, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_a_padded_batch_is_the_clip_alone_in_plain_transformers(
    kind: str, made: dict[str, Made]
) -> None:
    waves = noise(9_600, 4_001, 720, 16_000, 6_543)
    rows = open_tiny(made[kind]).embed(waves)
    assert rows.dtype == np.float32
    for row, wave in zip(rows, waves, strict=True):
        assert relative(row, plain(made[kind], wave)[-1].mean(0).numpy()) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_clips_and_the_size_of_batches_change_nothing(kind: str, made: dict[str, Made]) -> None:
    waves = noise(3_000, 8_000, 8_000, 5_000)
    rows = open_tiny(made[kind]).embed(waves)
    again = open_tiny(made[kind], batch_s=0.6).embed(waves[::-1])[::-1]
    assert relative(rows, again) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_is_that_of_transformers(kind: str, made: dict[str, Made]) -> None:
    wave, other = noise(9_600, 4_000)
    states = plain(made[kind], wave)
    for layer in range(4):
        encoder = open_tiny(made[kind], layer=layer, pooling="frames")
        frames, times_s = encoder.embed_frames([other, wave])[1]
        assert relative(frames, states[layer].numpy()) < 1e-5
        assert len(times_s) == len(frames)
        assert np.all(np.diff(times_s) > 0)


def test_all_layers_lie_side_by_side_and_a_range_is_their_mean(made: dict[str, Made]) -> None:
    checkpoint = made["wavlm, group norm"]
    (wave,) = noise(8_000)
    states = [state.mean(0).numpy() for state in plain(checkpoint, wave)]
    every = open_tiny(checkpoint, layer="all")
    assert every.dim == 3 * 48
    assert relative(every.embed([wave])[0], np.concatenate(states[1:])) < 1e-5
    mean = open_tiny(checkpoint, layer=[1, 2])
    assert mean.dim == 48
    assert relative(mean.embed([wave])[0], (states[1] + states[2]) / 2) < 1e-5


def test_mean_and_spread_lie_layer_by_layer(made: dict[str, Made]) -> None:
    checkpoint = made["hubert, group norm"]
    (wave,) = noise(8_000)
    states = plain(checkpoint, wave)
    both = open_tiny(checkpoint, layer="all", pooling="mean+std")
    expected = [part for s in states[1:] for part in (s.mean(0).numpy(), s.numpy().std(0))]
    assert both.dim == 2 * 3 * 48
    assert relative(both.embed([wave])[0], np.concatenate(expected)) < 1e-5
    top = open_tiny(checkpoint, pooling="max")
    assert relative(top.embed([wave])[0], states[-1].amax(0).numpy()) < 1e-5


@pytest.mark.parametrize("kind", ["wav2vec2, layer norm", "whisper", "ast"])
def test_no_layer_above_the_highest_wanted_is_run(kind: str, made: dict[str, Made]) -> None:
    encoder = open_tiny(made[kind], layer=1)
    assert len(encoder._stack.encoder.layers) == 1


@pytest.mark.parametrize("kind", WAVEFORM)
def test_a_clip_shorter_than_a_frame_is_normalised_and_then_followed_by_zeros(
    kind: str, made: dict[str, Made]
) -> None:
    checkpoint = made[kind]
    (wave,) = noise(123)
    heard = checkpoint.extract(wave, sampling_rate=16_000, return_tensors="pt").input_values
    with torch.inference_mode():
        expected = (
            checkpoint.model(torch.nn.functional.pad(heard, (0, 400 - 123))).last_hidden_state[0].mean(0)
        )
    longer = noise(5_000)
    assert relative(open_tiny(checkpoint).embed([*longer, wave])[1], expected.numpy()) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_one_sample_and_silence_are_defined(kind: str, made: dict[str, Made]) -> None:
    rows = open_tiny(made[kind]).embed([np.ones(1, np.float32), np.zeros(4_000, np.float32)])
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("kind", ["whisper", "ast"])
def test_a_clip_longer_than_a_window_is_several(kind: str, made: dict[str, Made]) -> None:
    checkpoint = made[kind]
    encoder = open_tiny(checkpoint, pooling="frames")
    step, window = encoder._stack._step, encoder._stack._window
    (wave,) = noise(2 * step + 6_000)
    frames, times_s = encoder.embed_frames([wave])[0]
    parts = [plain(checkpoint, wave[i * step : i * step + window])[-1] for i in range(3)]
    per_window = encoder._stack._per_window
    assert relative(frames, torch.cat([part[:per_window] for part in parts]).numpy()) < 1e-5
    assert np.allclose(np.diff(times_s), encoder._stack.hop_s, atol=1e-6)
    assert times_s[-1] < len(wave) / 16_000 + 0.2


def test_frames_of_waveform_networks_are_centred_on_what_they_hear(made: dict[str, Made]) -> None:
    _, times_s = open_tiny(made["hubert, group norm"], pooling="frames").embed_frames(noise(400 + 320))[0]
    assert times_s * 16_000 == pytest.approx([199.5, 519.5])


@pytest.mark.parametrize(
    ("wave", "reason"),
    [(np.zeros(0, np.float32), "one sample or more"), (np.array([0, np.nan], np.float32), "not finite")],
)
def test_a_wave_without_a_finite_sample_is_refused(wave: Samples, reason: str, made: dict[str, Made]) -> None:
    with pytest.raises(EncoderError, match=f"wave 1 .*{reason}"):
        open_tiny(made["hubert, group norm"]).embed([*noise(800), wave])


def test_bfloat16_gives_nearly_the_same_direction(made: dict[str, Made]) -> None:
    checkpoint = made["wav2vec2, group norm"]
    waves = noise(9_600, 4_000)
    exact, rough = (
        open_tiny(checkpoint).embed(waves),
        open_tiny(checkpoint, precision="bfloat16").embed(waves),
    )
    assert rough.dtype == np.float32
    cosine = (exact * rough).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rough, axis=1)
    assert cosine.min() > 0.999


@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_product_is_the_product(bias: bool) -> None:
    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 96, bias=bias)
    inputs = torch.randn(3, 5, 64)
    with torch.inference_mode():
        assert relative(PackedLinear(linear)(inputs).numpy(), linear(inputs).numpy()) < 1e-6


def test_the_pickled_form_gives_the_same_rows(made: dict[str, Made], tmp_path: Path) -> None:
    checkpoint = made["unispeech-sat"]
    shutil.copytree(checkpoint.folder, tmp_path / "pickled")
    state = load_file(tmp_path / "pickled" / "model.safetensors")
    (tmp_path / "pickled" / "model.safetensors").unlink()
    torch.save(state, tmp_path / "pickled" / "pytorch_model.bin")
    pickled = load_encoder("hf:tests/tiny", weights=tmp_path / "pickled")
    assert np.array_equal(pickled.embed(noise(4_000)), open_tiny(checkpoint).embed(noise(4_000)))
    assert pickled.fingerprint == open_tiny(checkpoint).fingerprint


class _Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_booby_trapped_pickle_is_refused_and_runs_nothing(made: dict[str, Made], tmp_path: Path) -> None:
    folder = tmp_path / "trapped"
    shutil.copytree(made["hubert, group norm"].folder, folder)
    (folder / "model.safetensors").unlink()
    torch.save({"x": _Trap(tmp_path / "ran")}, folder / "pytorch_model.bin", pickle_module=pickle)
    with pytest.raises(WeightsError, match="cannot read the weights"):
        load_encoder("hf:tests/tiny", weights=folder)
    assert not (tmp_path / "ran").exists()


def _altered(made: Made, to: Path, change: Any) -> Path:
    shutil.copytree(made.folder, to)
    state = load_file(to / "model.safetensors")
    change(state)
    save_file(state, to / "model.safetensors", metadata={"format": "pt"})
    return to


def test_missing_weights_are_an_error_and_never_random(made: dict[str, Made], tmp_path: Path) -> None:
    folder = _altered(
        made["hubert, group norm"],
        tmp_path / "missing",
        lambda state: state.pop("encoder.layers.1.attention.q_proj.weight"),
    )
    with pytest.raises(
        WeightsError, match=r"1 weights .* missing, the first is 'encoder\.layers\.1\.attention"
    ):
        load_encoder("hf:tests/tiny", weights=folder)


def test_weights_without_a_place_are_an_error(made: dict[str, Made], tmp_path: Path) -> None:
    def add(state: dict[str, torch.Tensor]) -> None:
        state["encoder.layers.7.layer_norm.weight"] = torch.ones(48)

    folder = _altered(made["hubert, group norm"], tmp_path / "stranger", add)
    with pytest.raises(WeightsError, match=r"have no place .* 'encoder\.layers\.7"):
        load_encoder("hf:tests/tiny", weights=folder)


def test_weights_that_only_pretraining_reads_may_be_missing_or_left_over(
    made: dict[str, Made], tmp_path: Path
) -> None:
    checkpoint = made["hubert, group norm"]

    def change(state: dict[str, torch.Tensor]) -> None:
        state.pop("masked_spec_embed")
        state["lm_head.weight"] = torch.ones(3, 48)

    folder = _altered(checkpoint, tmp_path / "changed", change)
    rows = load_encoder("hf:tests/tiny", weights=folder).embed(noise(4_000))
    assert np.array_equal(rows, open_tiny(checkpoint).embed(noise(4_000)))


def test_a_truncated_file_is_refused(made: dict[str, Made], tmp_path: Path) -> None:
    folder = tmp_path / "short"
    shutil.copytree(made["hubert, group norm"].folder, folder)
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError, match="cannot read the weights"):
        load_encoder("hf:tests/tiny", weights=folder)


def test_a_fine_tuned_model_gives_its_encoder(made: dict[str, Made], tmp_path: Path) -> None:
    config = transformers.AutoConfig.for_model("wav2vec2", **GROUP, vocab_size=8)
    torch.manual_seed(3)
    model = transformers.Wav2Vec2ForCTC(config).eval()
    model.save_pretrained(tmp_path)
    made["wav2vec2, group norm"].extract.save_pretrained(tmp_path)
    expected = plain(Made(tmp_path, model.wav2vec2, made["wav2vec2, group norm"].extract), noise(4_000)[0])[
        -1
    ]
    rows = load_encoder("hf:tests/tiny", weights=tmp_path).embed(noise(4_000))
    assert relative(rows[0], expected.mean(0).numpy()) < 1e-5


def test_a_family_that_nver_does_not_run_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(EncoderError, match=r"holds a 'bert'; nver runs .*hubert"):
        load_encoder("hf:tests/tiny", weights=tmp_path)


def test_another_checkpoint_under_a_known_name_is_refused(made: dict[str, Made]) -> None:
    with pytest.raises(WeightsError, match=r"is not wavlm-base: its config\.json has model_type 'hubert'"):
        load_encoder("wavlm-base", weights=made["hubert, group norm"].folder)


def test_without_a_front_end_only_known_checkpoints_load(made: dict[str, Made], tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(made["hubert, group norm"].folder, folder)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(WeightsError, match=r"no preprocessor_config\.json"):
        load_encoder("hf:tests/tiny", weights=folder)
    card = tiny_card()
    rows = load(card, weights=folder).embed(noise(4_000))
    assert np.array_equal(rows, open_tiny(made["hubert, group norm"]).embed(noise(4_000)))


def test_absent_weights_are_one_sentence_with_the_folder_of_a_copy_by_hand() -> None:
    with pytest.raises(WeightsError) as caught:
        load_encoder("hubert-base")
    assert "nver encoders fetch hubert-base" in str(caught.value)
    assert str(folder_of(CARDS["hubert-base"])) in str(caught.value)


def test_a_copy_by_hand_is_found(made: dict[str, Made]) -> None:
    card = tiny_card()
    shutil.copytree(made["hubert, group norm"].folder, folder_of(card))
    assert load(card).embed(noise(4_000)).shape == (1, 48)


def tiny_card(**changes: Any) -> HubCard:
    fields: dict[str, Any] = {
        "name": "tiny",
        "title": "tiny",
        "family": "hubert",
        "source": "tests/tiny",
        "licence": "none",
        "citation": "none",
        "dim": 48,
        "n_layers": 3,
        "config": GROUP,
        "preprocessor": {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "do_normalize": True},
    }
    return HubCard(**{**fields, **changes})


def test_the_fingerprint_tells_apart_all_that_decides_a_row(made: dict[str, Made], tmp_path: Path) -> None:
    checkpoint = made["hubert, group norm"]
    normalise_not = tmp_path / "front end"
    shutil.copytree(checkpoint.folder, normalise_not)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(normalise_not)

    def nudge(state: dict[str, torch.Tensor]) -> None:
        state["encoder.layer_norm.bias"][0] += 1e-3

    nudged = _altered(checkpoint, tmp_path / "nudged", nudge)
    encoders = [
        open_tiny(checkpoint),
        open_tiny(checkpoint, layer=1),
        open_tiny(checkpoint, layer="all"),
        open_tiny(checkpoint, pooling="max"),
        open_tiny(checkpoint, precision="bfloat16"),
        load_encoder("hf:tests/tiny", weights=normalise_not),
        load_encoder("hf:tests/tiny", weights=nudged),
        load(tiny_card(), random_weights=0),
        load(tiny_card(), random_weights=1),
    ]
    assert len({encoder.fingerprint for encoder in encoders}) == len(encoders)
    assert open_tiny(checkpoint, batch_s=1.0).fingerprint == encoders[0].fingerprint


def test_random_weights_are_loud_seeded_and_leave_the_generator_alone() -> None:
    state = torch.random.get_rng_state()
    one, same, other = (load(tiny_card(), random_weights=seed) for seed in (5, 5, 6))
    assert torch.equal(state, torch.random.get_rng_state())
    assert "random" in one.fingerprint
    assert "RANDOM" in one.provenance["weights"]
    waves = noise(4_000)
    assert np.array_equal(one.embed(waves), same.embed(waves))
    assert not np.array_equal(one.embed(waves), other.embed(waves))


def test_random_weights_of_an_unknown_architecture_are_refused() -> None:
    with pytest.raises(ConfigError, match="random weights need a card with an architecture"):
        load_encoder("hf:tests/tiny", random_weights=0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"layer": 4}, "cannot take layer 4: expected .* from 0 to 3"),
        ({"layer": True}, "cannot take layer True"),
        ({"layer": [2, 1]}, r"cannot take layer \[2, 1\]"),
        ({"pooling": "median"}, "cannot pool by 'median'"),
        ({"precision": "int8"}, "float32 or bfloat16; got precision 'int8'"),
        ({"dropout": 0.1}, "does not take 'dropout'; it takes weights, device"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: Any, reason: str, made: dict[str, Made]) -> None:
    with pytest.raises(ConfigError, match=reason):
        open_tiny(made["hubert, group norm"], **options)


def test_it_is_an_encoder_and_leaves_torch_as_it_was(made: dict[str, Made]) -> None:
    encoder = open_tiny(made["hubert, group norm"])
    with torch.enable_grad():
        encoder.embed(noise(800))
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
    assert isinstance(encoder, Encoder)
    assert encoder.embed([]).shape == (0, 48)


def test_an_encoder_of_frames_gives_no_rows(made: dict[str, Made]) -> None:
    with pytest.raises(ConfigError, match="call embed_frames"):
        open_tiny(made["hubert, group norm"], pooling="frames").embed(noise(800))


@pytest.mark.parametrize("name", CARDS)
def test_the_card_counts_the_parameters_of_its_architecture(name: str) -> None:
    assert n_parameters(CARDS[name]) == CARDS[name].parameters


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("wavlm-base", 94_381_936),
        ("unispeech-sat-base", 94_371_712),
        ("wav2vec2-base", 94_371_712),
        ("hubert-base", 94_371_712),
        ("mms-1b", 962_497_408),
    ],
)
def test_the_encoders_of_the_study_have_their_published_sizes(name: str, published: int) -> None:
    assert CARDS[name].parameters == published


@pytest.mark.parametrize("name", CARDS)
def test_a_card_agrees_with_its_own_architecture(name: str) -> None:
    card = CARDS[name]
    config = transformers.AutoConfig.for_model(card.family, **(card.config or {}))
    assert (card.dim, card.n_layers) == (config.hidden_size, config.num_hidden_layers)
    assert card.revision is None or len(card.revision) == 40
    assert card.revision is not None or "not pinned" in card.notes


def test_reading_cards_loads_neither_torch_nor_transformers() -> None:
    code = "import sys, nver.encoders; print({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "set()"
