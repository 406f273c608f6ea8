"""A pre-training file from audio to weights on disk."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from nver import atomic, fingerprint
from nver.corpora import Corpus, open_corpus
from nver.errors import WeightsError
from nver.home import home
from nver.models import checkpoint
from nver.models.burst import BurstNetwork, BurstShape
from nver.models.network_files import OBJECTIVE, contents, read_network
from nver.pretraining.loop import Part, Progress, train
from nver.pretraining.objectives import Labelled, Masked, Objective
from nver.pretraining.spec import LabelsSpec, MaskedSpec, Pretraining
from nver.pretraining.spectrograms import spectrograms_of
from nver.pretraining.state import TrainingState
from nver.training.protocols import divide


def pretrain(
    spec: Pretraining,
    *,
    out: Path,
    workers: int,
    device: str = "cpu",
    on_spectrogram: Callable[[int, int], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Path:
    """Train as the file says; the same call goes on where an earlier one was stopped.

    Args:
        spec: The file.
        out: The folder ``out / spec.name`` holds the checkpoint and the curve, and in the end the network:
            ``network.safetensors`` (float32) and ``network.json`` (its shape, and how it came about).
        workers: Decoding processes, for clips whose spectrogram is not on disk yet.
        device: As torch names it.
        on_spectrogram: Told of clips read and of all.
        on_progress: Told of steps.

    Returns:
        The folder.

    Raises:
        CorpusError: There is no such corpus.
        AudioError: A clip cannot be decoded.
        SplitError: The clips cannot be divided as asked.
        TrainingError: A checkpoint in the folder is of another training, or the loss ran away.
    """
    folder = out / spec.name
    corpus = open_corpus(spec.corpus.name, spec.corpus.root, **spec.corpus.options)
    index = {label: i for i, label in enumerate(corpus.labels)}
    truth = np.array([index[clip.label] for clip in corpus.clips], np.int64)
    fold = divide(corpus.clips, truth, spec.folds, class_names=corpus.labels, seed=spec.seed)[0]
    spectrograms = spectrograms_of(
        corpus.clips, home() / "spectrograms", workers=workers, on_progress=on_spectrogram
    )
    network, identity = _start(spec)
    objective = _objective(spec, n_classes=len(corpus.labels))
    state = train(
        network,
        objective,
        Part(spectrograms, fold.train, truth[fold.train]),
        Part(spectrograms, fold.test, truth[fold.test]),
        settings=spec.training,
        seed=spec.seed,
        folder=folder,
        identity=identity,
        device=device,
        on_progress=on_progress,
    )
    speakers = sorted(
        {str(corpus.clips[i].speaker) for i in fold.train if corpus.clips[i].speaker is not None}
    )
    _save(folder, spec, network, objective, state, corpus=corpus, speakers=speakers)
    return folder


def _start(spec: Pretraining) -> tuple[BurstNetwork, str]:
    """The network that training starts from, and a digest of it and of the objective."""
    shape = BurstShape(**spec.network.model_dump())
    network = BurstNetwork.random(shape, seed=spec.seed)
    objective = spec.objective
    if isinstance(objective, LabelsSpec) and objective.start is not None:
        earlier, about = read_network(Path(objective.start))
        if about["shape"] != asdict(shape):
            raise WeightsError(
                f"{objective.start} holds a network of {about['shape']}; "
                f"expected {asdict(shape)}, as [network] says"
            )
        network.load_state_dict(earlier.state_dict())
    weights = checkpoint.digest(network.state_dict())
    return network, fingerprint.of_data([asdict(shape), objective.model_dump(mode="json"), weights])


def _objective(spec: Pretraining, *, n_classes: int) -> Objective:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(spec.seed + 1)
        if isinstance(spec.objective, MaskedSpec):
            return Masked(spec.objective, width=spec.network.width)
        return Labelled(spec.objective, width=spec.network.width, n_classes=n_classes)


def _save(
    folder: Path,
    spec: Pretraining,
    network: BurstNetwork,
    objective: Objective,
    state: TrainingState,
    *,
    corpus: Corpus,
    speakers: list[str],
) -> None:
    parts = {**network.state_dict()}
    parts |= {f"{OBJECTIVE}{name}": value for name, value in objective.layers.state_dict().items()}
    about = {
        "shape": asdict(network.shape),
        "labels": list(corpus.labels) if isinstance(spec.objective, LabelsSpec) else [],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "trained_on": {"corpus": corpus.card.name, "speakers": speakers},
        "spec": spec.model_dump(mode="json"),
        "steps": state.step,
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
    }
    for name, data in contents(parts, about).items():
        atomic.write_file(folder / name, data)
