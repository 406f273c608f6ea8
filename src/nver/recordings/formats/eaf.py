"""ELAN's annotation format, .eaf."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from nver.errors import AnnotationError
from nver.recordings.formats.layers import layers, tier_name
from nver.recordings.segments import Segment, Timeline

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_TYPE = "default-lt"


def render(timeline: Timeline, name: str) -> str:
    """A tier of labels and one of confidences; more of each where segments overlap. Times are whole ms."""
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "",
            "DATE": "1970-01-01T00:00:00+00:00",  # the same time line gives the same file
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    place = f"./{_clean(name)}"
    media = {"MEDIA_URL": place, "RELATIVE_MEDIA_URL": place, "MIME_TYPE": "audio/x-wav"}
    ET.SubElement(header, "MEDIA_DESCRIPTOR", media)
    order = ET.SubElement(root, "TIME_ORDER")
    made = _Tiers(root, order)
    for i, layer in enumerate(layers(timeline.segments())):
        made.add(tier_name("emotion", i), layer)
        said = [
            Segment(one.start_s, one.end_s, f"{one.confidence:.4f}")
            for one in layer
            if one.confidence is not None
        ]
        made.add(tier_name("confidence", i), said)
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        {"LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"},
    )
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


class _Tiers:
    """Tiers on their way into a document; slots of time and annotations are numbered throughout."""

    def __init__(self, root: ET.Element, order: ET.Element) -> None:
        self._root, self._order = root, order
        self._n_annotations = 0

    def add(self, name: str, segments: Iterable[Segment]) -> None:
        tier = ET.SubElement(self._root, "TIER", {"TIER_ID": name, "LINGUISTIC_TYPE_REF": _TYPE})
        for segment in segments:
            start_ms = round(segment.start_s * 1000)
            slots = [self._slot(ms) for ms in (start_ms, max(round(segment.end_s * 1000), start_ms + 1))]
            self._n_annotations += 1
            annotation = ET.SubElement(
                ET.SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                {
                    "ANNOTATION_ID": f"a{self._n_annotations}",
                    "TIME_SLOT_REF1": slots[0],
                    "TIME_SLOT_REF2": slots[1],
                },
            )
            ET.SubElement(annotation, "ANNOTATION_VALUE").text = _clean(segment.label)

    def _slot(self, ms: int) -> str:
        name = f"ts{len(self._order) + 1}"
        ET.SubElement(self._order, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(ms)})
        return name


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def parse(data: bytes) -> dict[str, tuple[Segment, ...]]:
    """The annotations of each tier that has times of its own.

    Raises:
        AnnotationError: This is no .eaf, or an annotation has no times.
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise AnnotationError("it declares a document type, which no .eaf has")
    try:
        root = ET.fromstring(data)  # noqa: S314 - entities were refused
    except ET.ParseError as error:
        raise AnnotationError(f"it is no XML ({error})") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise AnnotationError(f"its root is <{root.tag}>; expected <ANNOTATION_DOCUMENT>")
    times_ms = {
        slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iterfind("TIME_ORDER/TIME_SLOT")
    }
    tiers: dict[str, tuple[Segment, ...]] = {}
    for tier in root.iterfind("TIER"):
        name = tier.get("TIER_ID", "")
        marks = tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
        if marks or tier.get("PARENT_REF") is None:
            tiers[name] = tuple(_segment(mark, times_ms, tier=name) for mark in marks)
    return tiers


def _segment(mark: ET.Element, times_ms: dict[str | None, str | None], *, tier: str) -> Segment:
    try:
        start_s, end_s = (
            int(times_ms[mark.get(f"TIME_SLOT_REF{i}")] or "without a time") / 1000 for i in (1, 2)
        )
    except (KeyError, ValueError):
        raise AnnotationError(
            f"annotation {mark.get('ANNOTATION_ID')} of tier '{tier}' has no times; align it in ELAN"
        ) from None
    return Segment(start_s, end_s, (mark.findtext("ANNOTATION_VALUE") or "").strip())
