"""``nver pretrain``: a network of one's own, from audio to weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nver.cli.console import N_CORES, Overrides, Workers, example, interruptible
from nver.cli.progress import progress

if TYPE_CHECKING:
    from nver.cli.progress import Progress as Bar
    from nver.pretraining.loop import Progress

EXAMPLE = example("nver pretrain experiments/pretraining/smoke.toml --out runs")


def pretrain(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="What to train, on what.")],
    set_: Overrides = None,
    out: Annotated[Path, typer.Option(help="The network is saved below it, as NAME.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="As torch names it: cpu, cuda.")] = "cpu",
    workers: Workers = N_CORES,
) -> None:
    """Train a network over spectrograms: masked modelling, or going on with labels.

    Checkpoints are written every two minutes: the same command goes on where it was stopped, with the same
    numbers.
    """
    from nver.pretraining.spec import load_pretraining

    spec = load_pretraining(config, overrides=set_ or ())
    go_on = "a checkpoint is kept; give the same command again to go on from there"
    with interruptible(go_on), progress("spectrograms") as bar:
        from nver.pretraining.run import pretrain

        folder = pretrain(
            spec,
            out=out,
            workers=workers,
            device=device,
            on_spectrogram=bar,
            on_progress=_Watching(bar, title=spec.name),
        )
    typer.echo(str(folder))


class _Watching:
    """Moves the bar, and leaves a line for every epoch."""

    def __init__(self, bar: Bar, *, title: str) -> None:
        self._bar, self._title, self._began = bar, title, False

    def __call__(self, progress: Progress) -> None:
        if not self._began:
            self._bar.begin(self._title, unit="steps")
            self._began = True
        speed = f"{progress.clips_per_s:,.0f} clips/s, loss {progress.loss:.3f}"
        self._bar(progress.step, progress.n_steps, speed=speed)
        if progress.figures:
            figures = ", ".join(f"{name.replace('_', ' ')} {x:.4f}" for name, x in progress.figures.items())
            self._bar.say(f"step {progress.step:,}: {figures}")
