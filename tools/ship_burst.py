"""Put what pre-training gave into the package: both encoders of the pair, and the recogniser made of them.

    nver pretrain experiments/pretraining/burst-mamba.toml  # and burst-attention, -tuned, -refined
    python tools/ship_burst.py runs --root data/emogator-16k
    python benchmarks/recogniser.py burst-recogniser --root data/emogator-16k --page

Writes src/nver/weights/{burst-mamba,burst-attention,burst-recogniser} and keeps the curves of all trainings
under results/burst-pair. The temperature of the recogniser is fitted to contributors 251-300, who decided no
weight.
"""

from __future__ import annotations

import argparse
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nver import atomic, open_corpus
from nver.audio import decode_many
from nver.errors import AudioError
from nver.evaluation import calibration
from nver.models.network_files import contents, halved, read_parts
from nver.recogniser import burst
from nver.recogniser.bundle import Bundle, save_bundle
from nver.recogniser.card import BundleCard, NetworkSystem, Seen
from nver.recogniser.page import page
from nver.recogniser.views import standard_views

WEIGHTS = Path(__file__).parents[1] / "src" / "nver" / "weights"
CURVES = Path(__file__).parents[1] / "results" / "burst-pair"
PAIR = ("burst-mamba", "burst-attention")
MEMBERS = ("burst-mamba-refined", "burst-attention-tuned")


def main() -> None:
    """Write everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, help="where nver pretrain wrote")
    parser.add_argument("--root", type=Path, required=True, help="where EmoGator lies")
    parser.add_argument("--members", nargs="*", default=list(MEMBERS))
    options = parser.parse_args()
    CURVES.mkdir(parents=True, exist_ok=True)
    for name in PAIR:
        ship_encoder(options.runs / name, name)
        shutil.copyfile(options.runs / name / "curve.csv", CURVES / f"{name}.csv")
    for name in options.members:
        shutil.copyfile(options.runs / name / "curve.csv", CURVES / f"{name}.csv")
    if options.members:
        ship_recogniser([options.runs / name for name in options.members], options.root)


def ship_encoder(run: Path, name: str) -> None:
    """A network in float16, without what only pre-training needed."""
    own, _, about = read_parts(run)
    del about["sha256"], about["labels"]
    files = contents(halved(own), about)
    files["MODEL_CARD.md"] = encoder_page(name, about, last_row(run)).encode()
    atomic.write_folder(WEIGHTS / name, files)


def last_row(run: Path) -> dict[str, str]:
    """The last validation of a training."""
    head, *rows = [line.split(",") for line in (run / "curve.csv").read_text(encoding="utf-8").split()]
    return dict(zip(head, [row for row in rows if row[head.index("validation_loss")]][-1], strict=True))


def encoder_page(name: str, about: dict[str, Any], last: dict[str, str]) -> str:
    """The model card."""
    spec, shape, trained_on = about["spec"], about["shape"], about["trained_on"]
    training, objective = spec["training"], spec["objective"]
    twin = next(other for other in PAIR if other != name)
    speakers = trained_on["speakers"]
    return f"""# {name}

A frozen encoder of non-verbal vocalisations: {about["parameters"]:,} parameters, {shape["n_blocks"]} blocks
of width {shape["width"]} that mix time by {shape["mixer"]}. Its twin **{twin}** has the same data, objective,
schedule, seed, width, depth and (within 2 %) size; the two differ in the mixer of their blocks alone.

- **Data**: {trained_on["corpus"]} (F. Buhl, Apache-2.0), contributors {speakers[0]} to {speakers[-1]};
  251-300 were only measured, 301 and above never read.
- **Objective**: masked spectrogram modelling; {objective["hidden_share"]:.0%} of the patches of 40 ms x 16
  bands are hidden, and their values predicted. Last validation loss (mean square):
  {float(last["validation_loss"]):.4f}.
- **Schedule**: {training["epochs"]} epochs, {about["steps"]:,} steps of {training["batch_size"]} windows of
  2 s; AdamW, rate {training["lr"]:g}, warm-up and cosine, weight decay {training["weight_decay"]:g}; products
  in {training["precision"]}; one core of a CPU.
- **Weights**: float16, licence Apache-2.0.

**For**: embeddings of laughs, cries, sighs, screams and other short vocal bursts, on a laptop, offline;
comparing mixers at equal everything. **Not for**: speech, music, long-range structure (a window is two
seconds), nor as a stand-in for models trained on thousands of hours. Whoever is heard in its training clips
should not be tested on: the card of the encoder lists them.
"""


def ship_recogniser(runs: list[Path], root: Path) -> None:
    """The tuned networks as one bundle, with a temperature."""
    parts = [read_parts(run) for run in runs]
    labels = tuple(parts[0][2]["labels"])
    members = [(own, rest) for own, rest, _ in parts]
    tensors = burst.tensors_of(members)
    config = {"shapes": [about["shape"] for _, _, about in parts]}
    logits, truth = held_out(burst.build(config, tensors), root, labels)
    temperature = calibration.fit_temperature(logits, truth)
    speakers = tuple(parts[0][2]["trained_on"]["speakers"])
    card = BundleCard(
        name="burst-recogniser",
        labels=labels,
        system=NetworkSystem(family="burst", config=config),
        temperature=temperature,
        views=standard_views(labels),
        seen=(
            Seen(
                corpus="emogator",
                options={"contributors": "1-250"},
                n_train=22_500,
                n_held_back=0,
                speakers=speakers,
            ),
        ),
        licence="Apache-2.0",
        software={name: version(name) for name in ("nver", "torch", "numpy")},
        notes=(
            "burst-mamba and burst-attention, each gone on with EmoGator's 30 labels, asked together.",
            "Its make-up and its temperature were chosen on contributors 251-300; no weight was.",
        ),
    )
    save_bundle(Bundle(card, tensors), WEIGHTS / card.name, page=page(card))
    print(json.dumps({"temperature": temperature, "accuracy": float((logits.argmax(1) == truth).mean())}))


def held_out(ask: Any, root: Path, labels: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Logits and classes of contributors 251-300."""
    clips = open_corpus("emogator", root, contributors="251-300").clips
    rows, waves = [], []
    for wave in decode_many([clip.source for clip in clips]):
        if isinstance(wave, AudioError):
            raise wave
        waves.append(wave)
        if len(waves) == 64:
            rows.append(ask(waves))
            waves = []
    if waves:
        rows.append(ask(waves))
    return np.concatenate(rows), np.array([labels.index(clip.label) for clip in clips])


if __name__ == "__main__":
    main()
