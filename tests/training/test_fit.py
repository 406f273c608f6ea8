from __future__ import annotations

import numpy as np
import pytest
import torch

from nver.errors import TrainingError
from nver.evaluation import metrics
from nver.evaluation.calibration import fit_temperature, negative_log_likelihood
from nver.experiment import TrainingSpec
from nver.heads.scale import Scale
from nver.heads.specs import CNNSpec, ConcatSpec, FCNSpec, RENOSpec
from nver.training.fit import Fitted, Part, fit

SMALL = {"dense": (16, 8)}
HEADS = {
    "fcn": FCNSpec(**SMALL),
    "cnn": CNNSpec(filters=(4, 4), tokens=4, **SMALL),
    "concat": ConcatSpec(filters=(4, 4), tokens=4, **SMALL),
    "reno": RENOSpec(filters=(4, 4), tokens=4, **SMALL),
}


def part(n: int, *, seed: int, n_views: int = 1, apart: float = 1.5, dim: int = 24) -> Part:
    """Clips of three classes whose centres lie ``apart`` from one another in every dimension that differs."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    centres = apart * np.random.default_rng(99).normal(size=(3, dim))
    views = tuple((centres[truth] + rng.normal(size=(n, dim))).astype(np.float32) for _ in range(n_views))
    return Part(views, truth)


def fitted(
    head: str = "fcn",
    *,
    train: Part | None = None,
    held: Part | None = None,
    seed: int = 0,
    **settings: object,
) -> Fitted:
    spec = HEADS[head]
    return fit(
        spec,
        train or part(96, seed=1, n_views=spec.n_views),
        held or part(33, seed=2, n_views=spec.n_views),
        n_classes=3,
        settings=TrainingSpec.model_validate({"max_epochs": 4, **settings}),
        seed=seed,
    )


OVERFITTING = {"train": part(60, seed=1, apart=0.3), "held": part(60, seed=2, apart=0.3), "lr": 5e-2}
"""Few clips of classes that hardly differ: the validation loss rises after some epochs."""


def bits(run: Fitted) -> bytes:
    return b"".join(weight.numpy().tobytes() for weight in run.head.state_dict().values())


@pytest.mark.parametrize("head", HEADS)
def test_the_same_seed_gives_the_same_weights_bit_for_bit_and_another_gives_others(head):
    torch.manual_seed(5)
    once = fitted(head)
    torch.manual_seed(6)
    again = fitted(head)
    assert bits(once) == bits(again)
    assert once.epochs == again.epochs
    assert bits(once) != bits(fitted(head, seed=1))


def test_global_state_is_left_as_it_was_found():
    def state() -> tuple[object, ...]:
        return (
            torch.get_rng_state().numpy().tobytes(),
            repr(np.random.get_state()),  # noqa: NPY002
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
        )

    before = state()
    fitted()
    assert state() == before


@pytest.mark.parametrize("head", HEADS)
def test_classes_that_lie_apart_are_learnt(head):
    n_views = HEADS[head].n_views
    run = fitted(head, train=part(320, seed=1, n_views=n_views), max_epochs=20, lr=5e-3)
    test = part(100, seed=3, n_views=n_views)
    assert metrics.accuracy(test.truth, run.predict(test.views).argmax(axis=1)) > 0.9


def test_labels_that_were_permuted_are_guessed_at_chance():
    train = part(300, seed=1)
    shuffled = Part(train.views, np.random.default_rng(0).permutation(train.truth))
    test = part(600, seed=3)
    found = metrics.accuracy(
        test.truth, fitted(train=shuffled, max_epochs=10, patience=None).predict(test.views).argmax(axis=1)
    )
    assert abs(found - 1 / 3) < 0.15


@pytest.mark.parametrize("monitor", ["loss", "accuracy", "macro_f1"])
def test_the_weights_are_those_of_the_best_epoch_of_what_is_monitored(monitor):
    run = fitted(**OVERFITTING, monitor=monitor, max_epochs=12, patience=None)
    values = {
        "loss": [-epoch.validation_loss for epoch in run.epochs],
        "accuracy": [epoch.validation_accuracy for epoch in run.epochs],
        "macro_f1": [epoch.validation_macro_f1 for epoch in run.epochs],
    }[monitor]
    assert run.best_epoch == int(np.argmax(values))
    assert run.best_epoch < len(run.epochs) - 1, "the last epoch is best: this says nothing about restoring"
    held = OVERFITTING["held"]
    accuracy = metrics.accuracy(held.truth, run.predict(held.views).argmax(axis=1))
    assert accuracy == run.epochs[run.best_epoch].validation_accuracy
    alone = fitted(**OVERFITTING, monitor=monitor, max_epochs=run.best_epoch + 1, patience=None)
    assert alone.epochs == run.epochs[: run.best_epoch + 1]
    assert bits(alone) == bits(run)


def test_training_stops_when_patience_runs_out():
    run = fitted(**OVERFITTING, max_epochs=30, patience=3)
    assert len(run.epochs) == run.best_epoch + 4 < 30
    assert len(fitted(**OVERFITTING, max_epochs=30, patience=None).epochs) == 30


def test_training_goes_through_every_clip_in_every_epoch():
    run = fitted(train=part(97, seed=1), batch_size=32, max_epochs=3, patience=None)
    assert len(run.epochs) == 3
    assert all(np.isfinite(epoch.train_loss) for epoch in run.epochs)


def test_scales_are_those_of_the_training_part_alone():
    train = part(96, seed=1)
    run = fitted(train=train, standardize=True)
    (scale,) = run.scales
    np.testing.assert_allclose(scale.centre, train.views[0].mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scale.spread, train.views[0].std(axis=0), rtol=1e-5)


def test_standardized_embeddings_may_come_in_any_unit():
    train, test = part(96, seed=1), part(20, seed=3)
    held = part(33, seed=2)
    unit = np.float32(2.0**7)
    settings = TrainingSpec(max_epochs=3, standardize=True)
    plain = fit(HEADS["fcn"], train, held, n_classes=3, settings=settings, seed=0)
    scaled = fit(
        HEADS["fcn"],
        Part((train.views[0] * unit,), train.truth),
        Part((held.views[0] * unit,), held.truth),
        n_classes=3,
        settings=settings,
        seed=0,
    )
    np.testing.assert_array_equal(plain.predict(test.views), scaled.predict((test.views[0] * unit,)))


def test_a_dimension_that_never_varies_is_only_centred():
    scale = Scale.of(np.array([[3.0, 1.0], [3.0, 2.0]], np.float32))
    assert scale(np.array([[3.0, 1.5]], np.float32)).tolist() == [[0.0, 0.0]]


def test_balanced_weights_find_more_of_a_rare_class():
    rng = np.random.default_rng(0)
    truth = np.array([0] * 270 + [1] * 30)
    view = (truth[:, None] * 0.7 + rng.normal(size=(300, 12))).astype(np.float32)
    train, held = Part((view[::2],), truth[::2]), Part((view[1::2],), truth[1::2])
    recall = {}
    for weights in ("none", "balanced"):
        settings = TrainingSpec(class_weights=weights, max_epochs=10, lr=1e-2)
        run = fit(FCNSpec(**SMALL), train, held, n_classes=2, settings=settings, seed=0)
        recall[weights] = (run.predict(held.views).argmax(axis=1)[held.truth == 1] == 1).mean()
    assert recall["balanced"] > recall["none"] + 0.2


def test_probabilities_are_float32_rows_that_sum_to_one_however_many_clips_come_at_once():
    run = fitted()
    test = part(600, seed=3)
    whole = run.predict(test.views)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(whole[:7], run.predict((test.views[0][:7],)), atol=1e-6)


def test_inputs_are_not_written_to():
    train = part(96, seed=1)
    train.views[0].flags.writeable = False
    train.truth.flags.writeable = False
    fitted(train=train)


def test_a_loss_that_runs_away_names_the_epoch():
    message = r"^the training loss became (nan|inf) in epoch 1; lower training\.lr"
    with pytest.raises(TrainingError, match=message):
        fitted(lr=1e30)


def test_a_class_that_cannot_be_weighted_is_refused():
    train = part(96, seed=1)
    with pytest.raises(TrainingError, match=r"^class 2 has no clip to train on, so it cannot be weighted$"):
        fitted(train=Part(train.views, np.minimum(train.truth, 1)), class_weights="balanced")


@pytest.mark.parametrize(
    ("views", "truth", "message"),
    [
        ((np.zeros((3, 2), np.float32),), np.zeros(4, np.int64), "out of step: 4 labels and [3] rows"),
        ((np.zeros((4, 2), np.float32), np.zeros((3, 2), np.float32)), np.zeros(4, np.int64), "[4, 3] rows"),
        ((np.zeros((0, 2), np.float32),), np.zeros(0, np.int64), "there are no clips to train on"),
        (
            (np.array([[0, 1], [np.nan, 1], [1, np.inf]], np.float32),),
            np.zeros(3, np.int64),
            "2 of 3 rows of embedding 1 are not finite; extract them again",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused(views, truth, message):
    with pytest.raises(TrainingError) as refused:
        Part(views, truth)
    assert message in str(refused.value)


def test_a_temperature_is_fitted_to_the_held_back_part_and_changes_no_guess():
    held = OVERFITTING["held"]
    plain, calibrated = (fitted(calibrate=how, **OVERFITTING) for how in ("none", "temperature"))
    assert bits(plain) == bits(calibrated)
    assert plain.temperature == 1.0
    # Saved probabilities are rounded to float32.
    again = fit_temperature(np.log(plain.predict(held.views)), held.truth)
    assert calibrated.temperature == pytest.approx(again, rel=1e-5)
    other = part(200, seed=3, apart=0.3)
    before, after = plain.predict(other.views), calibrated.predict(other.views)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    assert negative_log_likelihood(after, other.truth) < negative_log_likelihood(before, other.truth)


def test_where_every_held_back_clip_is_found_there_is_nothing_to_fit():
    easy = {"train": part(96, seed=1, apart=4.0), "held": part(30, seed=2, apart=4.0), "lr": 1e-2}
    assert fitted(calibrate="temperature", **easy).temperature == 1.0
