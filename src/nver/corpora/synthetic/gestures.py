"""What the voice does: every emotion's gestures in one table, to be read across."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EMOTIONS: Mapping[str, tuple[str, ...]] = {
    "achievement": ("laugh", "cheer"),
    "anger": ("growl", "shout"),
    "fear": ("scream", "whine"),
    "pain": ("groan", "cry", "sobs"),
    "pleasure": ("moan", "sigh"),
    "surprise": ("oh", "shriek"),
    "boredom": ("sigh", "still"),
    "breathing": ("sigh",),
    "disappointment": ("groan", "sigh"),
    "disgust": ("groan", "growl"),
    "happiness": ("laugh",),
    "neutral": ("still",),
    "sadness": ("cry", "sobs"),
}
"""The columns of the table that express each emotion: VIVAE's six, then those that other corpora have."""

_TABLE = """
parameter still laugh cheer growl shout scream whine groan   cry  sobs  moan  sigh    oh shriek spread effort
bursts      1.4     6   1.3   1.2   1.8    1.2   3.2   1.2   1.5     4   1.2   1.1   1.1    1.1    .15     .1
burst_s     .45   .11   .75   .75   .35     .8   .18    .8   .55   .16     1   .75   .38    .28    .15    .12
gap_s       .12   .07   .12   .12   .12    .12    .1   .12   .12   .11   .12   .12   .12    .12    .15      0
pitch       .55   .95   .95   .25    .9    1.7  1.25   .45  1.15    .8    .3    .5    .6   1.35    .11    .12
rise        .15    .1   .45   .15   .25     .2    .1    .2   .25   .15    .2   .05    .7    .35   .075    .03
fall       -.25   -.2   -.2   -.2  -.45   -.15  -.15   -.5   -.6   -.4   -.4   -.8  -.15    -.2   .085   -.03
drift         0  -.05     0     0     0      0     0     0     0  -.06     0     0     0      0   .015      0
turn         .4    .4    .4    .4    .4     .3    .4   .25    .2    .4   .35   .15   .75    .35    .05      0
attack       .2    .2   .12   .15   .06    .06    .3   .15   .08   .12   .35   .15   .15    .08    .03   -.01
decay        .9    .7    .4    .5    .6     .3    .8    .7    .5     1    .9   1.4    .7     .7   .125   -.08
fade        -.2  -.15   -.2   -.2   -.2    -.2   -.2   -.2   -.2   -.2   -.2   -.2   -.2    -.2   .075    .03
opened       .5   .65   .45   .45   .85     .8   .35   .55   .75    .5   .35    .6   .55    .65   .075    .05
front        .4    .5    .8    .4    .5     .6    .7   .35   .45   .35    .3    .4    .1     .6   .085      0
opening       0     0   .35     0     0      0     0     0     0     0   -.2     0  -.25      0    .06      0
fronting      0     0   -.4     0     0      0     0     0     0     0     0     0     0      0   .075      0
tension      .4    .5   .65    .8   .95    .85   .45    .6   .75    .5   .25    .1    .4     .6   .075    .08
breath      .25    .3   .12    .2    .1     .1    .5    .2    .1    .4   .35    .7    .2    .15    .06   -.03
rough       .15    .1   .25    .8   .55    .45    .1   .45    .4    .3   .08   .05   .08    .15    .07    .05
tremor      .01   .01   .01   .01   .01    .02   .06   .01   .02   .03   .01   .01   .01    .01   .006      0
gasp         .1    .1    .1    .1    .1     .3    .5    .1    .1   .45    .1    .3    .9     .4     .1    .05
"""


@dataclass(frozen=True)
class Gesture:
    """A way to express something: the centre of a cloud of clips, or a step from one to another.

    Attributes:
        bursts: How many sounds.
        burst_s: How long each one is.
        gap_s: The silence after each one.
        pitch: Octaves above the speaker's resting pitch, at the onset.
        rise: Octaves up to the turning point of the pitch.
        fall: Octaves from there to the end.
        drift: Octaves from each burst to the next.
        turn: Where the turning point lies, as a share of the burst.
        attack: Share of the burst in which the level rises.
        decay: Exponent of the fall that follows.
        fade: Octaves of amplitude from each burst to the next.
        opened: How open the mouth is at the onset, 0 to 1.
        front: How far forward the tongue is at the onset, 0 to 1.
        opening: Change of ``opened`` to the end.
        fronting: Change of ``front`` to the end.
        tension: 0 slack, 1 pressed.
        breath: 0 all voice, 1 all noise.
        rough: 0 periodic, 1 harsh.
        tremor: Depth of trembling, in octaves.
        gasp: How much of a breath is drawn before the first burst: above 0.5 it is heard.
    """

    bursts: float
    burst_s: float
    gap_s: float
    pitch: float
    rise: float
    fall: float
    drift: float
    turn: float
    attack: float
    decay: float
    fade: float
    opened: float
    front: float
    opening: float
    fronting: float
    tension: float
    breath: float
    rough: float
    tremor: float
    gasp: float


def _columns() -> dict[str, Gesture]:
    head, *rows = (line.split() for line in _TABLE.strip().splitlines())
    return {
        name: Gesture(**{row[0]: float(row[column]) for row in rows})
        for column, name in enumerate(head[1:], start=1)
    }


GESTURES: Mapping[str, Gesture] = _columns()
"""By name. Three are none: ``still`` expresses nothing, and clips of low intensity are drawn towards it;
``spread`` holds standard deviations from clip to clip, and ``effort`` is what each step of intensity above
the middle adds: in both, bursts, burst_s and gap_s are octaves."""
