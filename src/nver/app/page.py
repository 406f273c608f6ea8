"""The page as Gradio blocks: what is on it, and what is called when something is done there."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import gradio as gr
import pandas as pd

from nver.app import rows, waveform
from nver.app.listening import Heard, listen, name_of
from nver.errors import NverError
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import Recogniser
from nver.recordings.formats import write

EVERY_CLASS = "all of them"
N_BARS = 6
FORMATS = {"TextGrid": "TextGrid", "CSV": "csv", "ELAN": "eaf", "Audacity": "txt"}

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
"""Of the curves, for the colour-blind as well (Okabe and Ito)."""

INTRODUCTION = """\
# What does it sound like?
Record a laugh, a cry, a sigh or a scream, or drop a recording of any length: its bursts are found, marked and named."""

NOTE = """\
**What this cannot do.** It names the sound, not the person's inner state: which of the categories that people were once asked to
perform it is most like. It must not be used to judge anyone. Words, music and barking dogs are in none of its categories, and
get one all the same. Its probabilities hold for recordings like those that it was trained on; other microphones, ages and
languages may differ.

**Your audio stays on this machine.** Nothing is sent anywhere. What you record lies in a temporary folder, which is removed when
the page is shut down."""

STYLE = """\
.gradio-container { width: 100% !important; max-width: 1100px !important; margin: 0 auto !important; }
footer { display: none !important; }
"""

Listened = tuple[str, Heard]


def build(recognisers: Mapping[str, Recogniser], *, examples: Sequence[Path], downloads: Path) -> gr.Blocks:
    """The page.

    Args:
        recognisers: To choose from, by name; the first is chosen at the start.
        examples: Recordings that a click loads.
        downloads: A folder for the files that are offered for download.
    """
    names = list(recognisers)
    with gr.Blocks(title="What does it sound like?", analytics_enabled=False) as page:
        gr.Markdown(INTRODUCTION)
        with gr.Row():
            model = gr.Dropdown(names, value=names[0], label="Recogniser", min_width=160)
            view = gr.Dropdown(label="Categories", min_width=160, **_views(recognisers[names[0]]))
            threshold = gr.Slider(0, 100, value=20, step=5, label="“Not sure” below (%)", min_width=160)
        model.change(lambda name: gr.Dropdown(**_views(recognisers[name])), model, view)
        settings = [model, view, threshold]
        with gr.Tab("One recording"):
            _one_recording(recognisers, settings, examples=examples, downloads=downloads)
        with gr.Tab("Many files"):
            _many_files(recognisers, settings, downloads=downloads)
        gr.Markdown(NOTE)
    return page


def _views(recogniser: Recogniser) -> dict[str, object]:
    return {"choices": [EVERY_CLASS, *recogniser.views], "value": EVERY_CLASS}


def _one_recording(
    recognisers: Mapping[str, Recogniser],
    settings: Sequence[gr.components.Component],
    *,
    examples: Sequence[Path],
    downloads: Path,
) -> None:
    """A recording comes in: waveform, bars, table, curve and files come out."""
    recording = gr.Audio(
        sources=["microphone", "upload"],
        type="filepath",
        label="Recording",
        buttons=[],
        elem_id="recording",
    )
    gr.Examples([[str(path)] for path in examples], recording, label="Made by a synthesiser, to try")
    state = gr.State(None)
    said = gr.Markdown(elem_id="said")
    picture = gr.HTML(
        css_template=waveform.CSS, js_on_load=waveform.JS, elem_id="waveform", apply_default_css=False
    )
    with gr.Row():
        bars = gr.Label(num_top_classes=N_BARS, label="This burst", min_width=300, elem_id="bars")
        table = gr.Dataframe(
            headers=rows.BURSTS, interactive=False, label="Bursts", min_width=320, elem_id="bursts"
        )
    plot = gr.LinePlot(
        x="time (s)",
        y="probability (%)",
        color="category",
        y_lim=[0, None],
        colors_in_legend=[],  # Gradio cuts its own legend off
        height=260,
        label="Probabilities over time, each second by itself",
        elem_id="curve",
    )
    legend = gr.HTML(elem_id="legend")
    with gr.Row():
        buttons = [
            gr.DownloadButton(name, interactive=False, size="sm", min_width=80, elem_id=f"save-{suffix.lower()}")
            for name, suffix in FORMATS.items()
        ]
    shown = [said, picture, bars, table, *buttons]

    heard = recording.change(
        functools.partial(_hear, recognisers), [recording, *settings[:2]], [state, plot, legend], show_progress="full"
    )
    redraw = functools.partial(_show, downloads=downloads)
    heard.then(redraw, [state, settings[2]], shown, show_progress="hidden")
    for setting in settings[:2]:
        setting.input(
            functools.partial(_hear, recognisers), [recording, *settings[:2]], [state, plot, legend]
        ).then(redraw, [state, settings[2]], shown, show_progress="hidden")
    settings[2].change(redraw, [state, settings[2]], shown, show_progress="hidden")
    for shows_bursts in (picture, table):
        shows_bursts.select(_choose, [state, settings[2]], bars, show_progress="hidden")


def _hear(
    recognisers: Mapping[str, Recogniser], recording: str | None, model: str, view: str
) -> tuple[Listened | None, gr.LinePlot | None, str]:
    if recording is None:
        return None, None, ""
    try:
        heard = listen(recognisers[model], Path(recording), view=None if view == EVERY_CLASS else view)
    except NverError as error:
        said = str(error).replace(recording, Path(recording).name)  # the folder is ours, and tells nothing
        raise gr.Error(said, print_exception=False) from error
    curve = rows.curve(heard)
    colours = dict(zip(curve["category"].unique(), COLOURS, strict=False))
    legend = "".join(
        f'<span style="color:{colour}">■</span> {escape(name)} &emsp;' for name, colour in colours.items()
    )
    return (recording, heard), gr.LinePlot(curve, color_map=colours), legend


def _show(listened: Listened | None, threshold_percent: float, *, downloads: Path) -> list[object]:
    """In the order of ``shown``."""
    if listened is None:
        return ["", "", None, None, *(gr.DownloadButton(interactive=False) for _ in FORMATS)]
    recording, heard = listened
    threshold = threshold_percent / 100
    folder = Path(tempfile.mkdtemp(dir=downloads))
    paths = [folder / f"{Path(recording).stem}.{suffix}" for suffix in FORMATS.values()]
    for path, suffix in zip(paths, FORMATS.values(), strict=True):
        write(heard.bursts, path, name=Path(recording).name)
    return [
        _sentence(heard),
        waveform.draw(heard, audio=recording, threshold=threshold),
        _bars(heard, 0, threshold),
        rows.bursts(heard, threshold=threshold),
        *(gr.DownloadButton(value=path, interactive=True) for path in paths),
    ]


def _sentence(heard: Heard) -> str:
    duration_s, n_bursts = heard.bursts.duration_s, len(heard.bursts.events)
    if heard.is_whole:
        return f"No burst stands out from the background, so all **{duration_s:.1f} s** were named as one."
    return f"**{n_bursts} burst{'s' * (n_bursts > 1)}** in {duration_s:.1f} s. Click one to hear it."


def _bars(heard: Heard, number: int, threshold: float) -> gr.Label:
    prediction = heard.bursts.events[number].prediction
    name = name_of(prediction, threshold=threshold)
    return gr.Label(dict(prediction.probabilities), label=f"Burst {number + 1}: {name}")


def _choose(
    listened: Listened | None, threshold_percent: float, event: gr.SelectData
) -> gr.Label | None:
    """A click on the waveform has the burst's number, one on the table its row and column."""
    if listened is None:
        return None
    number = event.index if isinstance(event.index, int) else event.index[0]
    return _bars(listened[1], number, threshold_percent / 100)


def _many_files(
    recognisers: Mapping[str, Recogniser], settings: Sequence[gr.components.Component], *, downloads: Path
) -> None:
    """Files with one vocalisation each come in, a table and a CSV file come out."""
    clips = gr.File(
        file_count="multiple", file_types=["audio"], label="Clips with one vocalisation each", elem_id="clips"
    )
    table = gr.Dataframe(headers=rows.FILES, interactive=False, elem_id="files")
    button = gr.DownloadButton("CSV", interactive=False, size="sm", elem_id="save-files")

    def name_all(
        paths: list[str] | None, model: str, view: str, threshold_percent: float
    ) -> tuple[pd.DataFrame | None, gr.DownloadButton]:
        if not paths:
            return None, gr.DownloadButton(interactive=False)
        named: list[tuple[str, Prediction | Exception]] = []
        for path, outcome in zip(paths, recognisers[model].predict_files(paths, workers=0), strict=True):
            is_seen_through = view != EVERY_CLASS and isinstance(outcome, Prediction)
            named.append((Path(path).name, outcome.view(view) if is_seen_through else outcome))
        found = rows.files(named, threshold=threshold_percent / 100)
        place = Path(tempfile.mkdtemp(dir=downloads)) / "clips.csv"
        found.to_csv(place, index=False)
        return found, gr.DownloadButton(value=place, interactive=True)

    clips.change(name_all, [clips, *settings], [table, button])
    for setting in settings:
        setting.input(name_all, [clips, *settings], [table, button])
