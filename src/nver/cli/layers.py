"""``nver layers``: what every layer of an encoder knows of the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nver.cli.console import (
    N_CORES,
    CorpusOptions,
    Workers,
    example,
    interruptible,
    key_values,
    note,
)
from nver.cli.progress import progress

EXAMPLE = example(
    "nver layers burst-mamba --corpus emogator --root data/emogator-16k --option contributors=1-45 "
    "--option labels=vivae"
)


def layers(
    encoder: Annotated[str, typer.Argument(metavar="ENCODER", help="One with several layers.")],
    corpus: Annotated[str, typer.Option(help="A name that `nver corpora list` shows.")],
    root: Annotated[Path, typer.Option(help="Where the corpus lies.")],
    option: CorpusOptions = None,
    encoder_option: Annotated[
        list[str] | None,
        typer.Option("--encoder-option", metavar="KEY=VALUE", help="Told to the encoder."),
    ] = None,
    protocol: Annotated[str, typer.Option(help="speaker, leave-one-speaker-out or paper.")] = "speaker",
    folds: Annotated[int, typer.Option(min=2, help="For speaker and paper.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the division into folds.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Where results go.", show_default="runs/layers/ENCODER")
    ] = None,
    workers: Workers = N_CORES,
) -> None:
    """Probe every layer by logistic regression on the same folds, after one forward pass a clip.

    A head of kind `layer-mix` learns a mix of all layers instead.
    """
    from nver.config import validate
    from nver.experiment import FoldSpec

    division = validate(FoldSpec, {"protocol": protocol, "n_folds": folds}, source="--protocol")
    out = out or Path("runs/layers") / encoder
    go_on = "embeddings are kept; give the same command again to go on from there"
    with interruptible(go_on), progress(f"layers of {encoder}") as bar:
        from nver.corpora import open_corpus
        from nver.encoders import load_encoder
        from nver.training.layers import probe_layers

        loaded = load_encoder(encoder, layer="all", **key_values(encoder_option))

        def probed(done: int, total: int) -> None:
            if done == 1:
                bar.begin("probes", unit="layers")
            bar(done, total)

        probes = probe_layers(
            open_corpus(corpus, root, **key_values(option)),
            loaded,
            folds=division,
            seed=seed,
            workers=workers,
            on_extracted=lambda so_far: bar(so_far.n_done, so_far.n_total),
            on_layer=probed,
        )
    from nver.report import layers as report

    out.mkdir(parents=True, exist_ok=True)
    found = report.measure(probes)
    report.write(probes, found, out, title=f"{encoder} on {corpus}, protocol {protocol}")
    for layer, figures in found.items():
        said = (
            f"{name} {100 * i.value:.1f} [{100 * i.low:.1f}, {100 * i.high:.1f}]"
            for name, i in figures.items()
        )
        typer.echo(f"layer {layer:<4} {'   '.join(said)}")
    note(f"results: {out}")
