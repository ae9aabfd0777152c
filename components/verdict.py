"""The outcome of a check, as a value: a failed check is an artifact with its reasons."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

_FILE = "verdict.json"
REASONS = "reasons.json"  # beside the gate's blessing


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Attributes:
      passed: Whether the model may go on.
      reasons: One sentence for each failed condition; empty when passed.
      figures: What was measured, as plain JSON values by the keys that `metrics.json` has.
      check: The name of the check, by which everybody calls it.
      of_users: What was measured of each user, by metric, the same users in the same order for
        every model of a dataset; not part of `metrics.json`.
    """

    passed: bool
    reasons: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    check: str = ""
    of_users: dict[str, list[float]] = field(default_factory=dict)

    def save(self, uri: str, check: str) -> None:
        """Writes the outcome into a `Verdict` artifact's folder, under the name of its check."""
        folder = Path(uri)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(replace(self, check=check)), indent=1)
        (folder / _FILE).write_text(text, encoding="utf-8")

    @staticmethod
    def load(uri: str) -> "Outcome":
        """Reads the outcome from a `Verdict` artifact's folder."""
        return Outcome(**json.loads((Path(uri) / _FILE).read_text(encoding="utf-8")))
