"""What a check of the configuration tells: one thing that was looked at, and how it is."""

from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """How grave a finding is. The value is its sign, and that of a terminal without such characters."""

    OK = ("✓", "ok")
    WARNING = ("!", "!")
    FAILED = ("✗", "FAIL")
    SKIPPED = ("–", "-")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``more`` are lines to show below it: what to do, or a message."""

    mark: Mark
    text: str
    more: str = ""
