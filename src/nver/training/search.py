"""Settings chosen on inner folds of a training part, by Optuna; what is tested afterwards is never looked at.

Inner folds keep speakers apart wherever the outer ones do, so that settings are chosen for what they will be
tested on. Trials follow each other, seeded, so that the same settings are tried on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from nver.errors import ConfigError, SplitError
from nver.evaluation import metrics
from nver.evaluation.folds import Fold, by_speaker, stratified
from nver.experiment import TrainingSpec
from nver.heads.specs import TrainedSpec
from nver.search import Range, SearchSpec, Trial, applied
from nver.training.one_fold import Material, learn


def tried(
    search: SearchSpec,
    head: TrainedSpec,
    material: Material,
    fold: Fold,
    *,
    settings: TrainingSpec,
    seed: int,
    on_trial: Callable[[int], None] = lambda _n_done: None,
    on_batch: Callable[[], None] | None = None,
) -> tuple[Trial, ...]:
    """Every trial, in their order.

    Args:
        search: What to try, and how often.
        head: Whose settings are changed.
        material: All clips; the test rows of the fold are not looked at.
        fold: The outer one.
        settings: Of the training loop, to be changed as well.
        seed: Of the fold; all trials share it, and the inner folds, so that settings alone tell them apart.
        on_trial: Told how many are done.
        on_batch: As for ``learn``.

    Raises:
        ConfigError: Optuna is not installed, or two settings do not go together.
        SplitError: The training part cannot be divided.

    Source:
        Bergstra, Bardenet, Bengio, Kégl (2011), "Algorithms for hyper-parameter optimization", NeurIPS (the
        tree-structured Parzen estimator); Varma and Simon (2006), "Bias in error estimation when using
        cross-validation for model selection", BMC Bioinformatics 7 (inner and outer folds).
    """
    study = _study(np.random.SeedSequence((seed, search.seed)))
    inner = inner_folds(material, fold, n_folds=search.n_folds, seed=seed)
    known: dict[str, float] = {}
    trials: list[Trial] = []
    for number in range(search.n_trials):
        asked = study.ask()
        chosen = {name: _suggested(asked, name, values) for name, values in search.space.items()}
        key = json.dumps(chosen)
        if key not in known:
            try:
                new_head, new_settings = applied(chosen, head=head, training=settings)
            except ValueError as error:
                raise ConfigError(f"{fold.name}: {error}") from error
            known[key] = _score(
                search, new_head, material, inner, settings=new_settings, seed=seed, on_batch=on_batch
            )
        study.tell(asked, known[key])
        trials.append(Trial(chosen, known[key]))
        on_trial(number + 1)
    return tuple(trials)


def inner_folds(material: Material, fold: Fold, *, n_folds: int, seed: int) -> tuple[Fold, ...]:
    """A fold's training rows, divided as the folds were: speakers apart, where they are kept apart.

    Raises:
        SplitError: They cannot be divided.
    """
    truth = material.whole.truth[fold.train]
    try:
        if material.speakers is None:
            inner = stratified(truth, class_names=material.class_names, n_folds=n_folds, seed=seed)
        else:
            speakers = [material.speakers[row] for row in fold.train]
            inner = by_speaker(
                truth,
                speakers,
                class_names=material.class_names,
                n_folds=max(2, min(n_folds, len(set(speakers)))),
                seed=seed,
            )
    except SplitError as error:
        raise SplitError(f"search within the training part of {fold.name}: {error}") from error
    return tuple(
        Fold(f"{fold.name}, inner {part.name}", fold.train[part.train], fold.train[part.test])
        for part in inner
    )


def _score(
    search: SearchSpec,
    head: TrainedSpec,
    material: Material,
    inner: tuple[Fold, ...],
    *,
    settings: TrainingSpec,
    seed: int,
    on_batch: Callable[[], None] | None,
) -> float:
    """Of all clips of the training part, each guessed by a head that was trained on the other inner folds."""
    guesses = [
        learn(head, material, part, settings=settings, seed=seed, on_batch=on_batch).probabilities.argmax(
            axis=1
        )
        for part in inner
    ]
    truth = material.whole.truth[np.concatenate([part.test for part in inner])]
    guess = np.concatenate(guesses)
    if search.score == "accuracy":
        return metrics.accuracy(truth, guess)
    return metrics.macro_f1(truth, guess, n_classes=len(material.class_names))


def _suggested(trial: Any, name: str, values: Range | tuple[Any, ...]) -> Any:
    if not isinstance(values, Range):
        return values[trial.suggest_categorical(name, list(range(len(values))))]
    suggest = trial.suggest_int if values.is_whole else trial.suggest_float
    return suggest(name, values.low, values.high, log=values.log)


def _study(seed: np.random.SeedSequence) -> Any:
    try:
        import optuna
    except ImportError as error:
        raise ConfigError("[search] needs Optuna: pip install 'nver[search]'") from error

    said = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # or every fold says that it has begun
    try:
        sampler = optuna.samplers.TPESampler(seed=int(seed.generate_state(1)[0]))
        return optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(said)
