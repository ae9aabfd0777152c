"""The outcome of a check, as a value: a failed check is an artifact with its reasons."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_FILE = "verdict.json"


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Attributes:
      passed: Whether the model may go on.
      reasons: One sentence for each failed condition; empty when passed.
      figures: What was measured, as plain JSON values.
    """

    passed: bool
    reasons: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def save(self, uri: str) -> None:
        """Writes the outcome into a `Verdict` artifact's folder."""
        folder = Path(uri)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @staticmethod
    def load(uri: str) -> "Outcome":
        """Reads the outcome from a `Verdict` artifact's folder."""
        return Outcome(**json.loads((Path(uri) / _FILE).read_text(encoding="utf-8")))
