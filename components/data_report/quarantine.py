"""What ingest left out, counted and grouped by reason."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from schemas import SIDES

_NUMBER = re.compile(r"(?<![\w.])-?\d[\d.,]*")


def read_counts(uri: str) -> dict[str, Any]:
    """Reads `counts.json` of a `Quarantine` artifact."""
    return json.loads((Path(uri) / "counts.json").read_text(encoding="utf-8"))


def quarantined_share(counts: dict[str, int]) -> float:
    """Returns the share of a table's rows that were left out, 0 for an empty table."""
    return counts["quarantined"] / counts["read"] if counts["read"] else 0.0


def grouped_reasons(uri: str, examples: int) -> list[dict[str, Any]]:
    """Groups the records of `quarantine.jsonl` by table, kind and reason.

    Reasons that differ in numbers alone are one group, shown with `#` for each number.

    Args:
      uri: Folder of a `Quarantine` artifact.
      examples: How many records to keep of a group.

    Returns:
      Groups `{"table", "kind", "reason", "count", "examples"}`, the most frequent first within
      each table; an example is `{"source", "line", "reason"}`.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    shown: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    with (Path(uri) / "quarantine.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            key = (record["table"], record["kind"], _NUMBER.sub("#", record["reason"]))
            counts[key] += 1
            kept = shown.setdefault(key, [])
            if len(kept) < examples:
                kept.append({name: record[name] for name in ("source", "line", "reason")})
    return [
        {"table": table, "kind": kind, "reason": reason, "count": count,
         "examples": shown[table, kind, reason]}
        for (table, kind, reason), count in sorted(
            counts.items(), key=lambda g: (SIDES.index(g[0][0]), -g[1], g[0])
        )
    ]
