"""Checks on a run's data, each an object in one registry; `judge` asks them all."""

# What a module defines is registered where it is imported.
from components.data_checks import (  # noqa: F401
    content,
    events,
    newest,
    rules,
    same_ids,
    scale,
    values,
    volume,
)
from components.data_checks.check import CHECKS, Check, Data, Finding, Severity, judge, nearest
from components.data_checks.examples import Example

__all__ = ["CHECKS", "Check", "Data", "Example", "Finding", "Severity", "judge", "nearest"]
