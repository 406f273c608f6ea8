"""Heads against plain scikit-learn logistic regression, on the same embeddings and the same folds.

    python benchmarks/logistic.py experiments/emogator-six.toml results/emogator-six

The regression is ``StandardScaler`` + ``LogisticRegression(C=0.01)``; it trains on the whole training part,
of which a head holds back a tenth to pick its epoch. Heads are read from their saved results, which must be
of this plan. Printed: accuracy and macro F1 in percent, mean of the folds, and the ratio of the two.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nver import extract, load_encoder, open_corpus
from nver.evaluation import metrics
from nver.experiment import FoldSpec, load_plan
from nver.results import Result, holds_result
from nver.training.protocols import divide


def main() -> None:
    """Print one line for each experiment of the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("results", type=Path, help="the folder that 'nver run' saved the plan's results in")
    parser.add_argument("--root", type=Path, help="where the corpus lies, if not where the plan says")
    arguments = parser.parse_args()

    plan = load_plan(arguments.plan)
    corpus = open_corpus(plan.corpus.name, arguments.root or plan.corpus.root, **plan.corpus.options)
    truth = np.array([corpus.labels.index(clip.label) for clip in corpus.clips])
    names = dict.fromkeys(encoder.name for system in plan.systems for encoder in system.encoders)
    tables = {name: extract(corpus.clips, load_encoder(name)).table for name in names}

    def regression(encoders: list[str], spec: FoldSpec, c: float) -> metrics.Scores:
        x = np.hstack([tables[name].rows([clip.id for clip in corpus.clips]) for name in encoders])
        rows, guesses, numbers = [], [], []
        for number, fold in enumerate(
            divide(corpus.clips, truth, spec, class_names=corpus.labels, seed=plan.seed)
        ):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
            guesses.append(model.fit(x[fold.train], truth[fold.train]).predict(x[fold.test]))
            rows.append(fold.test)
            numbers.append(np.full(len(fold.test), number))
        return metrics.scores(
            truth[np.concatenate(rows)],
            np.concatenate(guesses),
            np.concatenate(numbers),
            labels=corpus.labels,
        )

    theirs: dict[tuple[object, ...], metrics.Scores] = {}
    print(f"{plan.name}: {len(corpus.clips):,} clips, {len(corpus.labels)} classes")
    print(f"{'system':44}{'head':>13}{'C=1':>13}{'ratio':>12}{'C=0.01':>13}{'ratio':>12}")
    for experiment in plan.experiments():
        encoders = [encoder.name for encoder in experiment.encoders]
        place = arguments.results / experiment.name
        if not holds_result(place):
            print(f"{experiment.name:44}   no result in {arguments.results}")
            continue
        ours = figures(Result.load(place).scores())
        line = f"{experiment.name:44}" + "{:7.1f}{:6.1f}".format(*ours)
        for c in (1.0, 0.01):
            key = (experiment.folds.protocol, c, *encoders)
            theirs[key] = theirs.get(key) or regression(encoders, experiment.folds, c)
            line += "{:7.1f}{:6.1f}".format(*figures(theirs[key]))
            line += "{:6.2f}{:6.2f}".format(*ours / figures(theirs[key]))
        print(line, flush=True)


def figures(scores: metrics.Scores) -> np.ndarray:
    """Accuracy and macro F1 in percent, mean of the folds."""
    return 100 * np.array([scores.accuracy.mean, scores.macro_f1.mean])


if __name__ == "__main__":
    main()
