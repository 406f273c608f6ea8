"""Leaks and shortcuts: what clips and folds let a system know that is not in the sound of a new voice."""

from __future__ import annotations

from nver.audit.finding import Audit, Finding, Kind, Severity, by_severity, counted

__all__ = ["Audit", "Finding", "Kind", "Severity", "by_severity", "counted"]
