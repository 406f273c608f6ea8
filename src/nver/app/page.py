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
from nver.app.assets import text
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

Listened = tuple[str, Heard]
Settings = tuple[gr.Dropdown, gr.Dropdown, gr.Slider]
"""The recogniser, its categories, the threshold in percent."""


def build(recognisers: Mapping[str, Recogniser], *, examples: Sequence[Path], downloads: Path) -> gr.Blocks:
    """The page.

    Args:
        recognisers: To choose from, by name; the first is chosen at the start.
        examples: Recordings that a click loads.
        downloads: A folder for the files that are offered for download.
    """
    names = list(recognisers)
    page: gr.Blocks
    with gr.Blocks(title="What does it sound like?", analytics_enabled=False) as page:
        gr.Markdown(text("introduction.md"))
        with gr.Row():
            model = gr.Dropdown(names, value=names[0], label="Recogniser", min_width=160)
            view = _views(recognisers[names[0]])
            threshold = gr.Slider(0, 100, value=20, step=5, label="“Not sure” below (%)", min_width=160)
        model.change(lambda name: _views(recognisers[name]), model, view)
        settings = (model, view, threshold)
        with gr.Tab("One recording"):
            _one_recording(recognisers, settings, examples=examples, downloads=downloads)
        with gr.Tab("Many files"):
            _many_files(recognisers, settings, downloads=downloads)
        gr.Markdown(text("note.md"))
    return page


def _views(recogniser: Recogniser) -> gr.Dropdown:
    choices = [EVERY_CLASS, *recogniser.views]
    return gr.Dropdown(choices, value=EVERY_CLASS, label="Categories", min_width=160)


def _one_recording(
    recognisers: Mapping[str, Recogniser],
    settings: Settings,
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
            gr.DownloadButton(
                name, interactive=False, size="sm", min_width=80, elem_id=f"save-{name.lower()}"
            )
            for name in FORMATS
        ]
    shown = [said, picture, bars, table, *buttons]

    hear = functools.partial(_hear, recognisers)
    asked, told = [recording, *settings[:2]], [state, plot, legend]
    heard = recording.change(hear, asked, told, show_progress="full")
    redraw = functools.partial(_show, downloads=downloads)
    heard.then(redraw, [state, settings[2]], shown, show_progress="hidden")
    for setting in settings[:2]:
        setting.input(hear, asked, told).then(redraw, [state, settings[2]], shown, show_progress="hidden")
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
    for path in paths:
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


def _choose(listened: Listened | None, threshold_percent: float, event: gr.SelectData) -> gr.Label | None:
    """A click on the waveform has the burst's number, one on the table its row and column."""
    if listened is None:
        return None
    number = event.index if isinstance(event.index, int) else event.index[0]
    return _bars(listened[1], number, threshold_percent / 100)


def _many_files(recognisers: Mapping[str, Recogniser], settings: Settings, *, downloads: Path) -> None:
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
            if view != EVERY_CLASS and isinstance(outcome, Prediction):
                outcome = outcome.view(view)
            named.append((Path(path).name, outcome))
        found = rows.files(named, threshold=threshold_percent / 100)
        place = Path(tempfile.mkdtemp(dir=downloads)) / "clips.csv"
        found.to_csv(place, index=False)
        return found, gr.DownloadButton(value=place, interactive=True)

    clips.change(name_all, [clips, *settings], [table, button])
    for setting in settings:
        setting.input(name_all, [clips, *settings], [table, button])
