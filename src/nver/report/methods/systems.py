"""Encoders, heads and their training in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nver.corpora import load_card
from nver.encoders.base import is_random
from nver.encoders.inventory import entry
from nver.errors import ConfigError
from nver.experiment import TrainingSpec
from nver.heads.estimators import SklearnSpec
from nver.heads.specs import LateFusionSpec, SystemSpec, name_of
from nver.report.comparison import encoder_name, head_name
from nver.report.methods.citations import Citations
from nver.report.methods.words import count, listed, sentence
from nver.report.provenance import n_parameters
from nver.results import Result
from nver.search import Range, SearchSpec

_HEADS = {
    "fcn": ("a fully connected network", "akhtar2025mamba"),
    "cnn": ("a convolutional network over the dimensions of the embedding", "akhtar2025mamba"),
    "concat": ("convolutional branches that are concatenated", "akhtar2025mamba"),
    "reno": (
        "RENO, convolutional branches with self-attention and a divergence between them",
        "akhtar2025mamba",
    ),
    "gated-sum": ("convolutional branches summed by a gated multimodal unit", "arevalo2017gated"),
    "cross-attention": ("convolutional branches that attend to each other", "tsai2019multimodal"),
}
_PICKED_BY = {
    "loss": "the lowest validation loss",
    "accuracy": "the best validation accuracy",
    "macro_f1": "the best validation macro F1",
}


def corpus_citation(name: str, cited: Citations) -> tuple[str, str]:
    """Title and citation of a corpus; its name alone where nver has no card of it."""
    try:
        card = load_card(name)
    except ConfigError:
        return name, ""
    return card.title, cited.cite_card("corpus", name, card.citation)


def encoders(results: Sequence[Result], cited: Citations) -> Iterator[str]:
    """Each encoder once, with all that its results say of it."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for result in results:
        told = result.provenance["encoders"] or [{}] * len(result.experiment.encoders)
        for spec, said in zip(result.experiment.encoders, told, strict=True):
            found.setdefault(encoder_name(spec), (spec.name, said))
    described = [_encoder(title, name, said, cited) for title, (name, said) in found.items()]
    by = "a frozen encoder" if len(found) == 1 else f"{count(len(found), 'frozen encoder')}"
    yield sentence(f"every clip was decoded to 16 kHz mono and embedded by {by}: {listed(described)}")


def _encoder(title: str, name: str, said: Mapping[str, Any], cited: Citations) -> str:
    try:
        card = entry(name).card
        citation, revision = cited.cite_card("encoder", name, card.citation), card.revision
    except ConfigError:
        citation, revision = "", None
    facts = [f"{said['dim']:,} dimensions"] if "dim" in said else []
    if is_random(str(said.get("fingerprint", ""))):
        facts.append("RANDOM WEIGHTS")
    revision = said.get("revision", revision)
    facts += [f"revision {revision}"] if revision else []
    facts += [f"{key} {said[key]}" for key in ("layer", "pooling", "precision") if key in said]
    facts += [f"fingerprint {str(said['fingerprint'])[:12]}"] if "fingerprint" in said else []
    return " ".join(filter(None, [title, f"({', '.join(facts)})" if facts else "", citation]))


def heads(results: Sequence[Result], cited: Citations) -> Iterator[str]:
    """Each head once, with its settings and sizes."""
    found: dict[str, tuple[SystemSpec, list[Result]]] = {}
    for result in results:
        head = result.experiment.head
        found.setdefault(head_name(head), (head, []))[1].append(result)
    for head, of_head in found.values():
        yield f"The head `{name_of(head)}` is {_head(head, cited)}{_size(of_head)}."


def _head(head: SystemSpec, cited: Citations) -> str:
    if isinstance(head, LateFusionSpec):
        parents = listed(
            f"`{parent}` ({weight:.3g})" for parent, weight in zip(head.parents, head.weights, strict=True)
        )
        return f"the weighted mean of the probabilities of {parents} {cited.cite('kittler1998combining')}"
    if isinstance(head, SklearnSpec):
        settings = ", ".join(f"{name} = {value}" for name, value in head.parameters.items())
        return (
            f"`{head.estimator}` of scikit-learn {cited.cite('pedregosa2011scikit')} with "
            f"{settings or 'its default settings'}"
        )
    words, key = _HEADS[head.kind]
    settings = ", ".join(
        f"{name.replace('_', ' ')} {_value(value)}"
        for name, value in head.model_dump(mode="json").items()
        if name != "kind"
    )
    return f"{words} {cited.cite(key)} ({settings})"


def _value(value: object) -> str:
    """A setting as text reads it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return listed(value)
        case _:
            return str(value)


def _size(results: Sequence[Result]) -> str:
    sizes = sorted({n for result in results if (n := n_parameters(result)) is not None})
    if not sizes:
        return ""
    if len(sizes) == 1:
        return f"; it has {sizes[0]:,} trained weights"
    return f"; it has {sizes[0]:,} to {sizes[-1]:,} trained weights, depending on the embedding"


def training(results: Sequence[Result], cited: Citations) -> Iterator[str]:
    """How embeddings were scaled and heads trained; whom a sentence is about where it is not true of all."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.experiment.training.model_dump_json(), []).append(result)
    said: dict[str, dict[str, list[Result]]] = {}
    for group in groups.values():
        for topic, text in _training(group[0].experiment.training, group, cited):
            said.setdefault(topic, {}).setdefault(text, []).extend(group)
    for texts in said.values():
        for text, whom in texts.items():
            yield sentence(text if len(texts) == 1 else f"for {_names(whom)}, {text}")
    yield from _searches(results, cited)


def _names(results: Sequence[Result]) -> str:
    return listed(dict.fromkeys(f"`{head_name(result.experiment.head)}`" for result in results))


def _training(spec: TrainingSpec, results: Sequence[Result], cited: Citations) -> Iterator[tuple[str, str]]:
    """Topics and sentences about them."""
    yield (
        "scale",
        "each dimension of an embedding was centred and scaled by the mean and standard deviation of the "
        "clips "
        "that a head was fitted to"
        if spec.standardize
        else "embeddings were not standardised",
    )
    if spec.class_weights == "balanced":
        yield "weights", "classes were weighted by inverse frequency"
    if networks := [r for r in results if not isinstance(r.experiment.head, SklearnSpec | LateFusionSpec)]:
        yield from _loop(spec, networks, cited)
    if fitted := [r for r in results if isinstance(r.experiment.head, SklearnSpec)]:
        kinds = listed(dict.fromkeys(str(r.provenance.get("probabilities", "not recorded")) for r in fitted))
        yield (
            "classifiers",
            "classifiers of scikit-learn saw several embeddings laid end to end and were fitted to the whole "
            f"training part, with the seed of the fold where they draw; their probabilities are {kinds}",
        )


def _loop(spec: TrainingSpec, networks: Sequence[Result], cited: Citations) -> Iterator[tuple[str, str]]:
    decay = f"weight decay {spec.weight_decay:g}" if spec.weight_decay else "no weight decay"
    loss = "cross-entropy"
    if any(result.experiment.head.kind == "reno" for result in networks):
        loss += " (for RENO with the divergence, weighted as above)"
    yield (
        "loop",
        f"networks were trained with Adam {cited.cite('kingma2015adam')} (learning rate {spec.lr:g}, "
        "batches of "
        f"{count(spec.batch_size, 'clip')}, {decay}) on {loss} for at most {count(spec.max_epochs, 'epoch')}",
    )
    stop = (
        "training was never stopped early"
        if spec.patience is None
        else f"training stopped after {count(spec.patience, 'epoch')} without a better one"
    )
    yield "stop", f"the weights of the epoch with {_PICKED_BY[spec.monitor]} were kept, and {stop}"
    yield (
        "held back",
        f"about {100 * spec.validation_share:g} % of each training part was held back to pick the epoch, "
        "divided off in the manner of the folds; no tested clip had a say in it",
    )


def _searches(results: Sequence[Result], cited: Citations) -> Iterator[str]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        if result.experiment.search is not None:
            groups.setdefault(result.experiment.search.model_dump_json(), []).append(result)
    for group in groups.values():
        if (spec := group[0].experiment.search) is not None:
            yield sentence(f"for {_names(group)}, {_search(spec, cited)}")


def _search(spec: SearchSpec, cited: Citations) -> str:
    space = listed(f"{name} ({_values(values)})" for name, values in spec.space.items())
    score = "accuracy" if spec.score == "accuracy" else "macro F1"
    keys = ("bergstra2011algorithms", "akiba2019optuna", "varma2006bias")
    return (
        "settings were chosen anew for each test part, within its training part, by "
        f"{count(spec.n_trials, 'trial')} of the tree-structured Parzen estimator of Optuna "
        f"{cited.cite(*keys)} "
        f"on {count(spec.n_folds, 'inner fold')}, divided in the manner of the outer ones, by {score}: "
        f"{space}"
    )


def _values(values: Range | tuple[Any, ...]) -> str:
    if isinstance(values, Range):
        return f"{values.low:g} to {values.high:g}{', logarithmic' if values.log else ''}"
    return ", ".join(map(str, values))
