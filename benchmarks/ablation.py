"""What the ablation says: differences to three references, the strictest reading, and heads that collapsed.

    python benchmarks/ablation.py [results/ablation]

For each reference every system's accuracy and macro F1 less the reference's, with 95 % intervals as in `nver
report` (speakers and seeds drawn); then, for those whose interval of macro F1 lies above 0, the interval that
allows for the number of systems (Bonferroni); last, how many of the folds of all seeds ended in a head that
guesses one class for every clip.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from nver.report import find_results
from nver.report.comparison import Comparison, Row, compare
from nver.report.repeats import Layout, by_system, find_repeats
from nver.report.repeats_tables import points

REFERENCES = ("reno-paper", "concat", "reno-exact")
SHOWN = ("accuracy", "macro F1")


def differences(comparison: Comparison, reference: str) -> None:
    """Print a line a system."""
    repeats = find_repeats(comparison, Layout(reference=reference))
    assert repeats is not None
    strict = find_repeats(
        comparison, Layout(reference=reference), level=1 - 0.05 / (len(repeats.lines) - 1), n_draws=20_000
    )
    assert strict is not None
    print(f"\nless {reference}")
    for line, allowed in zip(repeats.lines, strict.lines, strict=True):
        if not line.differences:
            continue
        shown = [line.differences[score] for score in SHOWN]
        text = "".join(f"{points(i.value):>8} [{points(i.low)}, {points(i.high)}]" for i in shown)
        if line.differences["macro F1"].low > 0:
            wide = allowed.differences["macro F1"]
            text += f"   all systems considered: [{points(wide.low)}, {points(wide.high)}]"
        print(f"{line.system:28}{text}")


def n_collapsed(rows: tuple[Row, ...]) -> tuple[int, int]:
    """Folds of all seeds in which every clip is given the same class, and folds in all."""
    made = [row.result.predictions for row in rows]
    guesses = [one.guess[one.fold == fold] for one in made for fold in np.unique(one.fold)]
    return sum(len(set(guess.tolist())) == 1 for guess in guesses), len(guesses)


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", nargs="?", type=Path, default=Path("results/ablation"))
    (comparison,) = compare(find_results([parser.parse_args().results]))
    print(f"{comparison.title}, {comparison.n_clips} clips")
    for reference in REFERENCES:
        differences(comparison, reference)
    print("\nfolds that ended at one class")
    for system, rows in by_system(comparison).items():
        print(f"{system:28}{n_collapsed(rows)[0]:4} of {n_collapsed(rows)[1]}")


if __name__ == "__main__":
    main()
