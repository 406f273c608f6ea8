"""The checkpoints of the hub that nver knows by name: one literal each, and nothing imported to read them.

``config`` and ``preprocessor`` hold what differs from transformers' defaults for the family. They build the
true architecture for ``random_weights`` and count its parameters; for real weights the checkpoint's own
``config.json`` and ``preprocessor_config.json`` decide. A ``revision`` of None means that no full commit hash
could be confirmed when the card was written; the notes say so, and ``fetch`` says which commit it got.
"""

from __future__ import annotations

import re
from typing import Any

from nver.encoders.base import EncoderCard
from nver.errors import ConfigError

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")

_UNPINNED = "No full commit hash was confirmed for this card: the revision is not pinned."


class HubCard(EncoderCard):
    """A checkpoint in transformers' format; ``family`` is its model type.

    Attributes:
        config: What its ``config.json`` says beyond the family's defaults; None when nver has no card of it.
        preprocessor: Its ``preprocessor_config.json``, used when the file is missing.
    """

    config: dict[str, Any] | None = None
    preprocessor: dict[str, Any] | None = None

    @property
    def n_bytes(self) -> int:
        """About what the weights weigh on disk, in float32."""
        return 4 * self.parameters


_WAVES = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "do_normalize": True,
    "return_attention_mask": False,
}
_WAVES_MASKED = {**_WAVES, "return_attention_mask": True}
_WAVES_AS_THEY_ARE = {**_WAVES_MASKED, "do_normalize": False}

_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
_XLARGE = {"hidden_size": 1280, "num_hidden_layers": 48, "num_attention_heads": 16, "intermediate_size": 5120}
_LAYER_NORM = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}

_WAVLM = "Chen et al. (2022), WavLM, IEEE JSTSP 16(6), arXiv:2110.13900"
_UNISPEECH_SAT = "Chen et al. (2022), UniSpeech-SAT, ICASSP, arXiv:2110.05752"
_WAV2VEC2 = "Baevski et al. (2020), wav2vec 2.0, NeurIPS, arXiv:2006.11477"
_HUBERT = "Hsu et al. (2021), HuBERT, IEEE/ACM TASLP 29, arXiv:2106.07447"
_DATA2VEC = "Baevski et al. (2022), data2vec, ICML, arXiv:2202.03555"
_WHISPER = "Radford et al. (2023), Whisper, ICML, arXiv:2212.04356"
_VOC2VEC = "Koudounas et al. (2025), voc2vec, ICASSP, arXiv:2502.16298"
_MICROSOFT_LICENCE = "The hub's card points to the licence file of github.com/microsoft/UniSpeech."

_ALL = (
    HubCard(
        name="wavlm-base",
        title="WavLM base",
        family="wavlm",
        source="microsoft/wavlm-base",
        revision="efa81aae7ff777e464159e0f877d54eac5b84f81",
        licence="MIT",
        citation=_WAVLM,
        dim=768,
        n_layers=12,
        parameters=94_381_936,
        config={},
        preprocessor=_WAVES_AS_THEY_ARE,
        notes=_MICROSOFT_LICENCE,
    ),
    HubCard(
        name="wavlm-base-plus",
        title="WavLM base+",
        family="wavlm",
        source="microsoft/wavlm-base-plus",
        revision="4c66d4806a428f2e922ccfa1a962776e232d487b",
        licence="MIT",
        citation=_WAVLM,
        dim=768,
        n_layers=12,
        parameters=94_381_936,
        config={},
        preprocessor=_WAVES_AS_THEY_ARE,
        notes=_MICROSOFT_LICENCE,
    ),
    HubCard(
        name="wavlm-large",
        title="WavLM large",
        family="wavlm",
        source="microsoft/wavlm-large",
        revision="c1423ed94bb01d80a3f5ce5bc39f6026a0f4828c",
        licence="MIT",
        citation=_WAVLM,
        dim=1024,
        n_layers=24,
        parameters=315_453_120,
        config={**_LARGE, **_LAYER_NORM},
        preprocessor=_WAVES_MASKED,
        notes=_MICROSOFT_LICENCE,
    ),
    HubCard(
        name="unispeech-sat-base",
        title="UniSpeech-SAT base",
        family="unispeech-sat",
        source="microsoft/unispeech-sat-base",
        revision="ca010627e5d232d9179ebdcd615eaa02cea382ed",
        licence="not confirmed",
        citation=_UNISPEECH_SAT,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
        notes=_MICROSOFT_LICENCE,
    ),
    HubCard(
        name="unispeech-sat-base-plus",
        title="UniSpeech-SAT base+",
        family="unispeech-sat",
        source="microsoft/unispeech-sat-base-plus",
        revision="7dadb0a206aab8a34bf0af9c5bed3403c4fd8a0c",
        licence="not confirmed",
        citation=_UNISPEECH_SAT,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
        notes=_MICROSOFT_LICENCE,
    ),
    HubCard(
        name="unispeech-sat-large",
        title="UniSpeech-SAT large",
        family="unispeech-sat",
        source="microsoft/unispeech-sat-large",
        licence="not confirmed",
        citation=_UNISPEECH_SAT,
        dim=1024,
        n_layers=24,
        parameters=315_435_136,
        config={**_LARGE, **_LAYER_NORM},
        preprocessor=_WAVES_MASKED,
        notes=f"{_MICROSOFT_LICENCE} {_UNPINNED} Its last known commit begins with dde3cc4.",
    ),
    HubCard(
        name="wav2vec2-base",
        title="wav2vec 2.0 base",
        family="wav2vec2",
        source="facebook/wav2vec2-base",
        revision="0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8",
        licence="Apache-2.0",
        citation=_WAV2VEC2,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
    ),
    HubCard(
        name="wav2vec2-large",
        title="wav2vec 2.0 large",
        family="wav2vec2",
        source="facebook/wav2vec2-large",
        revision="312b2410566b698c7a649068d413b2067848bd75",
        licence="Apache-2.0",
        citation=_WAV2VEC2,
        dim=1024,
        n_layers=24,
        parameters=315_428_992,
        config=_LARGE,
        preprocessor=_WAVES,
    ),
    HubCard(
        name="wav2vec2-xls-r-300m",
        title="XLS-R 300M",
        family="wav2vec2",
        source="facebook/wav2vec2-xls-r-300m",
        revision="1a640f32ac3e39899438a2931f9924c02f080a54",
        sha256="d5e490574712ad0a6736923b9ed11d4cd51c78609c36205f704fc4e87b11d2e0",
        licence="Apache-2.0",
        citation="Babu et al. (2022), XLS-R, Interspeech, arXiv:2111.09296",
        dim=1024,
        n_layers=24,
        parameters=315_438_720,
        config={**_LARGE, **_LAYER_NORM, "conv_bias": True},
        preprocessor=_WAVES_MASKED,
    ),
    HubCard(
        name="hubert-base",
        title="HuBERT base",
        family="hubert",
        source="facebook/hubert-base-ls960",
        revision="dba3bb02fda4248b6e082697eee756de8fe8aa8a",
        licence="Apache-2.0",
        citation=_HUBERT,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
    ),
    HubCard(
        name="hubert-large",
        title="HuBERT large",
        family="hubert",
        source="facebook/hubert-large-ll60k",
        revision="ff022d095678a2995f3c49bab18a96a9e553f782",
        licence="Apache-2.0",
        citation=_HUBERT,
        dim=1024,
        n_layers=24,
        parameters=315_438_720,
        config={**_LARGE, **_LAYER_NORM, "conv_bias": True},
        preprocessor=_WAVES_MASKED,
    ),
    HubCard(
        name="hubert-xlarge",
        title="HuBERT extra large",
        family="hubert",
        source="facebook/hubert-xlarge-ll60k",
        revision="b0cef767123fe004883915a053f538f1737a1e47",
        licence="Apache-2.0",
        citation=_HUBERT,
        dim=1280,
        n_layers=48,
        parameters=962_497_408,
        config={**_XLARGE, **_LAYER_NORM, "conv_bias": True},
        preprocessor=_WAVES_MASKED,
    ),
    HubCard(
        name="mms-1b",
        title="MMS 1B",
        family="wav2vec2",
        source="facebook/mms-1b",
        revision="0d2f7adb9903d98894d70ae11f7fbdfc8cb71a69",
        licence="CC-BY-NC-4.0",
        citation="Pratap et al. (2024), MMS, JMLR 25, arXiv:2305.13516",
        dim=1280,
        n_layers=48,
        parameters=962_497_408,
        config={**_XLARGE, **_LAYER_NORM, "conv_bias": True},
        preprocessor=_WAVES_MASKED,
    ),
    HubCard(
        name="data2vec-audio-base",
        title="data2vec audio base",
        family="data2vec-audio",
        source="facebook/data2vec-audio-base",
        licence="Apache-2.0",
        citation=_DATA2VEC,
        dim=768,
        n_layers=12,
        parameters=93_164_288,
        config={},
        preprocessor=_WAVES_MASKED,
        notes=f"{_UNPINNED} Its last known commit begins with 1f5a640.",
    ),
    HubCard(
        name="data2vec-audio-large",
        title="data2vec audio large",
        family="data2vec-audio",
        source="facebook/data2vec-audio-large",
        licence="Apache-2.0",
        citation=_DATA2VEC,
        dim=1024,
        n_layers=24,
        parameters=313_276_416,
        config=_LARGE,
        preprocessor=_WAVES_MASKED,
        notes=_UNPINNED,
    ),
    HubCard(
        name="whisper-small",
        title="Whisper small, encoder",
        family="whisper",
        source="openai/whisper-small",
        revision="973afd24965f72e36ca33b3055d56a652f456b4d",
        licence="Apache-2.0",
        citation=_WHISPER,
        dim=768,
        n_layers=12,
        parameters=88_154_112,
        config={"d_model": 768, "encoder_layers": 12, "encoder_attention_heads": 12, "encoder_ffn_dim": 3072},
        preprocessor={"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80},
    ),
    HubCard(
        name="whisper-large-v3",
        title="Whisper large v3, encoder",
        family="whisper",
        source="openai/whisper-large-v3",
        revision="06f233fe06e710322aca913c1bc4249a0d71fce1",
        licence="Apache-2.0",
        citation=_WHISPER,
        dim=1280,
        n_layers=32,
        parameters=636_968_960,
        config={
            "d_model": 1280,
            "encoder_layers": 32,
            "encoder_attention_heads": 20,
            "encoder_ffn_dim": 5120,
            "num_mel_bins": 128,
        },
        preprocessor={"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 128},
    ),
    HubCard(
        name="voc2vec",
        title="voc2vec",
        family="wav2vec2",
        source="alkiskoudounas/voc2vec",
        licence="Apache-2.0",
        citation=_VOC2VEC,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
        notes=_UNPINNED,
    ),
    HubCard(
        name="voc2vec-as",
        title="voc2vec, from AudioSet",
        family="wav2vec2",
        source="alkiskoudounas/voc2vec-as-pt",
        licence="Apache-2.0",
        citation=_VOC2VEC,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
        notes=_UNPINNED,
    ),
    HubCard(
        name="voc2vec-ls",
        title="voc2vec, from LibriSpeech",
        family="wav2vec2",
        source="alkiskoudounas/voc2vec-ls-pt",
        licence="Apache-2.0",
        citation=_VOC2VEC,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
        notes=_UNPINNED,
    ),
    HubCard(
        name="voc2vec-hubert-ls",
        title="voc2vec, from HuBERT",
        family="hubert",
        source="alkiskoudounas/voc2vec-hubert-ls-pt",
        licence="Apache-2.0",
        citation=_VOC2VEC,
        dim=768,
        n_layers=12,
        parameters=94_371_712,
        config={},
        preprocessor=_WAVES,
        notes=_UNPINNED,
    ),
    HubCard(
        name="w2v-bert-2.0",
        title="w2v-BERT 2.0",
        family="wav2vec2-bert",
        source="facebook/w2v-bert-2.0",
        revision="da985ba0987f70aaeb84a80f2851cfac8c697a7b",
        licence="MIT",
        citation="Barrault et al. (2023), Seamless, arXiv:2312.05187",
        dim=1024,
        n_layers=24,
        parameters=580_493_120,
        config={},
        preprocessor={"feature_extractor_type": "SeamlessM4TFeatureExtractor", "padding_value": 1},
    ),
    HubCard(
        name="ast",
        title="AST, fine-tuned on AudioSet",
        family="audio-spectrogram-transformer",
        source="MIT/ast-finetuned-audioset-10-10-0.4593",
        revision="f826b80d28226b62986cc218e5cec390b1096902",
        licence="BSD-3-Clause",
        citation="Gong, Chung, Glass (2021), AST, Interspeech, arXiv:2104.01778",
        dim=768,
        n_layers=12,
        parameters=86_187_264,
        config={},
        preprocessor={"feature_extractor_type": "ASTFeatureExtractor"},
    ),
)

CARDS = {card.name: card for card in _ALL}
"""Every known checkpoint of the hub, by the name that users ask for."""


def card_of(name: str) -> HubCard | None:
    """The card of a known checkpoint, a bare one for ``hf:org/name``, or None for any other name.

    Raises:
        ConfigError: What follows ``hf:`` is not ``org/name``.

    >>> card_of("hf:somebody/some-hubert").source
    'somebody/some-hubert'
    """
    if not name.startswith("hf:"):
        return CARDS.get(name)
    source = name.removeprefix("hf:")
    if not _REPOSITORY.fullmatch(source):
        raise ConfigError(f"cannot read '{name}': expected hf:org/name, as in hf:facebook/hubert-base-ls960")
    return next((card for card in _ALL if card.source == source), None) or HubCard(
        name=name,
        title=source,
        family="unknown",
        source=source,
        licence="see the repository's page",
        citation="see the repository's page",
        dim=0,
        n_layers=0,
    )
