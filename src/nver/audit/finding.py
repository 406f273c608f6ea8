"""What an audit says: findings as frozen data, one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from nver.evaluation.shortcut import Shortcut

Severity = Literal["leak", "warning", "note"]
"""``leak``: a tested clip's own sound or speaker was met before, by the head in training or by the encoder in
pre-training, so that its score is not one of something new. ``warning``: figures need to be read with it in
mind. ``note``: good to know."""

Kind = Literal["speakers", "identical", "near-identical", "heard", "labels", "imbalance", "shortcut"]


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        sentence: What, in one sentence without a full stop.
        counts: The numbers in it, by name.
        clip_ids: The clips that it is about, in the order of the corpus.
    """

    severity: Severity
    kind: Kind
    sentence: str
    counts: Mapping[str, float] = field(default_factory=dict)
    clip_ids: tuple[str, ...] = ()

    def to_json(self, *, most_ids: int | None = None) -> dict[str, Any]:
        """Plain data, with so many clip ids at most (None: all)."""
        return {
            "severity": self.severity,
            "kind": self.kind,
            "sentence": self.sentence,
            "counts": dict(self.counts),
            "clip_ids": list(self.clip_ids[:most_ids]),
        }


@dataclass(frozen=True)
class Audit:
    """What was found about clips under one way of folding.

    Attributes:
        protocol: Of the folds.
        n_clips: All that were looked at.
        n_classes: Of the corpus.
        findings: Leaks first.
        shortcut: What length, level and silence reach under the same folds.
    """

    protocol: str
    n_clips: int
    n_classes: int
    findings: tuple[Finding, ...]
    shortcut: Shortcut

    @property
    def n_leaks(self) -> int:
        """How many findings are leaks."""
        return sum(finding.severity == "leak" for finding in self.findings)

    def with_findings(self, more: Sequence[Finding]) -> Audit:
        """This audit with more found, leaks first."""
        return Audit(
            self.protocol, self.n_clips, self.n_classes, by_severity([*self.findings, *more]), self.shortcut
        )

    def line(self) -> str:
        """All of it in one line."""
        by_kind = {
            severity: [finding.kind for finding in self.findings if finding.severity == severity]
            for severity in ("leak", "warning")
        }
        said = [
            f"{_n(len(kinds), severity)} ({', '.join(kinds)})" for severity, kinds in by_kind.items() if kinds
        ]
        return (
            f"audit, protocol {self.protocol}: {', '.join(said) or 'no leak found'}; "
            f"{self.shortcut.sentence(self.n_classes)}"
        )

    def to_json(self, *, most_ids: int | None = None) -> dict[str, Any]:
        """Plain data, with so many clip ids a finding at most (None: all)."""
        return {
            "protocol": self.protocol,
            "n_clips": self.n_clips,
            "findings": [finding.to_json(most_ids=most_ids) for finding in self.findings],
            "shortcut": self.shortcut.to_json(),
        }


def by_severity(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Leaks first, then warnings; each group in the order that it came in."""
    order = get_args(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def counted(findings: Sequence[Finding]) -> str:
    """``2 leaks, 1 warning``."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(_n(counts[severity], severity) for severity in get_args(Severity) if counts[severity])


def _n(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
