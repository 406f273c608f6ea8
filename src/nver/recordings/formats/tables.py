"""Time lines for programs: CSV and JSON, with every probability."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from nver.recordings.segments import Event, Timeline


def csv_text(timeline: Timeline, name: str) -> str:
    """A row an event, or a row a time of the curve; a column a class behind the others."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if timeline.curve is None:
        writer.writerow(["recording", "start_s", "end_s", "label", "confidence", "outside", *timeline.labels])
        for event in timeline.events:
            shares = event.prediction.probabilities
            own = (event.label, event.confidence, event.prediction.outside)
            writer.writerow([name, event.start_s, event.end_s, *own, *(shares[it] for it in timeline.labels)])
        return text.getvalue()
    writer.writerow(["recording", "time_s", "label", "confidence", *timeline.labels])
    for time_s, row in zip(timeline.curve.times_s, timeline.curve.probabilities, strict=True):
        best = int(row.argmax())
        writer.writerow([name, float(time_s), timeline.labels[best], float(row[best]), *row.tolist()])
    return text.getvalue()


def json_text(timeline: Timeline, name: str) -> str:
    """``plain``, indented."""
    return json.dumps(plain(timeline, name), indent=2, ensure_ascii=False) + "\n"


def plain(timeline: Timeline, name: str) -> dict[str, Any]:
    """A time line as plain data; ``curve`` is there for fixed windows alone."""
    curve = timeline.curve
    return {
        "recording": name,
        "duration_s": timeline.duration_s,
        "labels": list(timeline.labels),
        "events": [plain_event(event) for event in timeline.events],
    } | (
        {}
        if curve is None
        else {
            "curve": {
                "hop_s": curve.hop_s,
                "times_s": curve.times_s.tolist(),
                "probabilities": curve.probabilities.tolist(),
            }
        }
    )


def plain_event(event: Event) -> dict[str, Any]:
    """An event as plain data."""
    return {
        "start_s": event.start_s,
        "end_s": event.end_s,
        "label": event.label,
        "confidence": event.confidence,
        "outside": event.prediction.outside,
        "probabilities": dict(event.prediction.probabilities),
    }
