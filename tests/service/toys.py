"""A recogniser without weights, slow when told to be; run as a program, it is served."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from nver.errors import EncoderError
from nver.recogniser.card import BundleCard, NetworkSystem, Seen
from nver.recogniser.recogniser import Recogniser
from nver.types import Matrix, Samples

LABELS = ("hum", "hiss", "shout")
VIEWS = {"loudness": {"classes": ("quiet", "loud"), "members": {"hum": "quiet", "shout": "loud"}}}


class ToyNetwork:
    """Logits are linear in a wave's log-power and share of sign changes.

    Attributes:
        sizes: How many waves each call was asked about.
        gate: Calls wait until it is set.
    """

    def __init__(self, *, delay_s: float = 0.0) -> None:
        self.sizes: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self._delay_s = delay_s

    def __call__(self, waves: Sequence[Samples]) -> Matrix:
        self.sizes.append(len(waves))
        assert self.gate.wait(20)
        time.sleep(self._delay_s)
        return np.stack([self._row(wave) for wave in waves])

    def _row(self, wave: Samples) -> Matrix:
        if np.abs(wave).max() > 100:
            raise EncoderError("a wave is far beyond full scale")
        signs = np.signbit(wave)
        loud = np.log(np.mean(wave**2) + 1e-6)
        rough = np.mean(signs[1:] != signs[:-1]) if len(wave) > 1 else 0.0
        return np.array([-0.5 * loud - 4 * rough, -0.3 * loud + 8 * rough, 0.5 * loud], np.float32)


def toy(network: Callable[[Sequence[Samples]], Matrix], *, name: str = "toy") -> Recogniser:
    card = BundleCard.model_validate(
        {
            "name": name,
            "labels": LABELS,
            "system": NetworkSystem(family="toy", config={}),
            "temperature": 2.0,
            "views": VIEWS,
            "seen": (Seen(corpus="toy", n_train=6, n_held_back=2, speakers=("ann", "bob")),),
            "licence": "CC0",
        }
    )
    return Recogniser(card, network)


if __name__ == "__main__":
    from nver.service import server
    from nver.service.app import create_app
    from nver.service.limits import Limits

    limits = Limits(max_batch_clips=2)
    app = create_app([toy(ToyNetwork(delay_s=float(sys.argv[1])))], limits=limits)
    server.serve(app, host="127.0.0.1", port=0, limits=limits, has_access_log=False)
