"""From a folder, or a seed, to a network of transformers whose every weight is accounted for."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from nver import fingerprint
from nver.encoders.base import RANDOM
from nver.encoders.cards import HubCard
from nver.encoders.folders import find_folder
from nver.encoders.hf.windows import STACKS
from nver.errors import ConfigError, EncoderError, WeightsError
from nver.models.checkpoint import digest

_PRETRAINING_ONLY = ("masked_spec_embed",)
"""Weights that only masked pre-training reads: a checkpoint without them gives the same embeddings."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network, and all that says which one it is.

    Attributes:
        card: Completed from the checkpoint's own configuration when there was no card.
        model: The encoder alone, float32, in evaluation mode.
        extract: The checkpoint's own feature extractor.
        identity: Digest of weights (in whatever format they lie), configuration and front end; begins with
            ``random-`` for random weights.
        provenance: Where the weights come from.
    """

    card: HubCard
    model: Any
    extract: Any
    identity: str
    provenance: dict[str, str]


def open_checkpoint(card: HubCard, weights: str | Path | None) -> Checkpoint:
    """The checkpoint in a folder; None looks where ``nver encoders fetch`` and the hub's client put them.

    Raises:
        EncoderError: An architecture that nver does not know how to run.
        WeightsError: No weights are there, or they are damaged, or are of another architecture.
    """
    folder = find_folder(card, weights)
    with _quiet():
        config = _read_config(card, folder)
        model = _read_model(card, folder, config)
        extract = _read_front_end(card, folder)
    weights_digest = digest({k: v for k, v in model.state_dict().items() if k not in _PRETRAINING_ONLY})
    card = _complete(card, model, extract)
    return Checkpoint(
        card=card,
        model=model,
        extract=extract,
        identity=_identity(weights_digest, model, extract),
        provenance={"weights": str(folder), "weights_digest": weights_digest},
    )


def randomly(card: HubCard, *, seed: int) -> Checkpoint:
    """The true architecture of a card with random weights; torch's own random state is left as it was.

    Raises:
        ConfigError: The card does not say what the architecture is.
    """
    if card.config is None or card.preprocessor is None:
        raise ConfigError(
            f"{card.name}: random weights need a card with an architecture; none is known for it"
        )
    config = transformers.AutoConfig.for_model(card.family, **card.config)
    with _quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _class_of(config)._from_config(config)
        extract = _front_end(card.preprocessor)
    return Checkpoint(
        card=card,
        model=model.eval(),
        extract=extract,
        identity=f"{RANDOM}{_identity(f'seed {seed}', model, extract)}",
        provenance={"weights": f"RANDOM, seed {seed}: these embeddings mean nothing"},
    )


def n_parameters(card: HubCard) -> int:
    """Weights of the encoder that a card describes, counted without allocating one."""
    config = transformers.AutoConfig.for_model(card.family, **(card.config or {}))
    with _quiet(), torch.device("meta"):
        model = _class_of(config)._from_config(config)
    return sum(parameter.numel() for parameter in model.parameters())


def _identity(weights: str, model: Any, extract: Any) -> str:
    # What differs from the defaults: a new default of a later transformers is no other checkpoint.
    about = ("_name_or_path", "architectures", "dtype", "transformers_version")
    architecture = {k: v for k, v in model.config.to_diff_dict().items() if k not in about}
    computed = ("processor_class", "mel_filters", "window")
    front_end = {k: v for k, v in extract.to_dict().items() if k not in computed}
    return fingerprint.of_data(
        {
            "weights": weights,
            "config": repr(sorted(architecture.items())),
            "front_end": repr(sorted(front_end.items())),
        }
    )


def _class_of(config: Any) -> Any:
    """The class that holds the encoder alone."""
    if config.model_type == "whisper":
        return WhisperEncoder
    return transformers.MODEL_MAPPING[type(config)]


def _read_config(card: HubCard, folder: Path) -> Any:
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{folder}: cannot read config.json: {_one_line(error)}") from error
    if config.model_type not in STACKS:
        raise EncoderError(
            f"{folder} holds a '{config.model_type}'; nver runs {', '.join(STACKS)} out of transformers"
        )
    if getattr(config, "add_adapter", False):
        raise EncoderError(
            f"{folder}: its network ends in an adapter for speech translation, which is no encoder of clips"
        )
    if card.config is not None:
        expected = transformers.AutoConfig.for_model(card.family, **card.config)
        for key in ("model_type", "hidden_size", "num_hidden_layers"):
            if getattr(config, key) != getattr(expected, key):
                raise WeightsError(
                    f"{folder} is not {card.name}: its config.json has {key} {getattr(config, key)!r}, "
                    f"expected {getattr(expected, key)!r}; open it by its own name, as hf:org/name"
                )
    return config


def _read_model(card: HubCard, folder: Path, config: Any) -> Any:
    options: dict[str, Any] = {}
    if config.model_type == "whisper":
        options["key_mapping"] = {r"^(model\.)?encoder\.": ""}
    try:
        model, notes = _class_of(config).from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
            **options,
        )
    except (pickle.UnpicklingError, SafetensorError, OSError, RuntimeError, ValueError, KeyError) as error:
        raise WeightsError(f"{folder}: cannot read the weights of {card.name}: {_one_line(error)}") from error
    missing = sorted(set(notes["missing_keys"]) - set(_PRETRAINING_ONLY))
    if missing:
        raise WeightsError(
            f"{folder}: {len(missing)} weights of {card.name} are missing, the first is '{missing[0]}'; "
            f"the file belongs to another architecture or is not whole"
        )
    ours = {name.split(".")[0] for name, _ in model.named_parameters()}
    strangers = sorted(
        key
        for key in notes["unexpected_keys"]
        if key.removeprefix(f"{model.base_model_prefix}.").split(".")[0] in ours
    )
    if strangers and config.model_type != "whisper":
        raise WeightsError(
            f"{folder}: {len(strangers)} weights have no place in {card.name}, "
            f"the first is '{strangers[0]}'; its config.json belongs to another architecture"
        )
    return model.eval()


def _read_front_end(card: HubCard, folder: Path) -> Any:
    if (folder / "preprocessor_config.json").is_file():
        try:
            auto: Any = transformers.AutoFeatureExtractor
            return auto.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError(
                f"{folder}: cannot read preprocessor_config.json: {_one_line(error)}"
            ) from error
    if card.preprocessor is None:
        raise WeightsError(
            f"{folder} has no preprocessor_config.json, which says how {card.name} hears a wave"
        )
    return _front_end(card.preprocessor)


def _front_end(preprocessor: dict[str, Any]) -> Any:
    options = {key: value for key, value in preprocessor.items() if key != "feature_extractor_type"}
    return getattr(transformers, preprocessor["feature_extractor_type"])(**options)


def _complete(card: HubCard, model: Any, extract: Any) -> HubCard:
    """What the checkpoint says of itself, for one without a card."""
    if card.config is not None:
        return card
    config = model.config
    return card.model_copy(
        update={
            "family": config.model_type,
            "dim": config.hidden_size,
            "n_layers": config.num_hidden_layers,
            "rate_hz": extract.sampling_rate,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        }
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps transformers' own reports and progress bars back: what they say, nver checks and raises.

    Its warning of mel filters without a bin is held back for good: AST and Whisper were published with them.
    """
    logging: Any = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="At least one mel filter has all zero values")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _one_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")
