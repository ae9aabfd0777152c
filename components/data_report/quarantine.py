"""What ingest left out, counted and grouped by reason."""

import ast
import json
import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from schemas import SIDES

# What differs between records of one reason: a quoted value, or a word that holds a digit.
_VALUE = re.compile(r"""b?'(?:[^'\\]|\\.)*'|b?"(?:[^"\\]|\\.)*"|\S*\d\S*""")


def read_counts(uri: str) -> dict[str, Any]:
    """Reads `counts.json` of a `Quarantine` artifact."""
    return json.loads((Path(uri) / "counts.json").read_text(encoding="utf-8"))


def notes(counts: dict[str, Any]) -> list[str]:
    """Returns what ingest changed or found doubtful and kept all the same, one sentence each.

    Args:
      counts: The content of `counts.json`.
    """
    return [*_unknown_deletions(counts.get("deleted")), *(
        f"Table {side}: {note['count']:,} values of {note['column']} {note['what']}; the first: "
        f"{note['example']}."
        for side in SIDES for note in counts.get("remarks", {}).get(side, {}).get("notes", ())
    )]


def _unknown_deletions(deleted: dict[str, int] | None) -> list[str]:
    if not deleted or deleted["found"] == deleted["listed"]:
        return []
    return [f"Of the {deleted['listed']:,} lines of the deletion list "
            f"{deleted['listed'] - deleted['found']:,} are the id of no row. A line has one id as "
            "the data have it, without quotes, commas and remarks; users who are gone from the "
            "data may stay on the list."]


def lost_columns(counts: dict[str, Any]) -> list[str]:
    """Names the columns of which ingest left out every single value, one sentence each.

    Args:
      counts: The content of `counts.json`.
    """
    return [
        f"Table {side}: all {lost['count']:,} values of {lost['column']} were left out, so that "
        "the column is empty."
        for side in SIDES for lost in counts.get("remarks", {}).get(side, {}).get("lost", ())
        if lost["empty"]
    ]


def grouped_reasons(
    uri: str, examples: int, hidden: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Groups the records of `quarantine.jsonl` by table, kind and reason.

    Args:
      uri: Folder of a `Quarantine` artifact.
      examples: How many records to keep of a group.
      hidden: Columns whose values must not be shown.

    Returns:
      Groups `{"table", "kind", "reason", "count", "examples"}`, the most frequent first within
      each table. Reasons that differ in values alone are one group, with `…` for each value. An
      example is `{"source", "line", "reason"}`, with values unless they are hidden.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    shown: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    with (Path(uri) / "quarantine.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            pattern = _without_values(record["reason"])
            key = (record["table"], record["kind"], pattern)
            counts[key] += 1
            kept = shown.setdefault(key, [])
            if len(kept) < examples:
                masked = any(re.search(rf"\b{re.escape(name)}\b", text) for name in hidden
                             for text in (pattern, record["reason"].split(" ", 1)[0]))
                kept.append({"source": record["source"], "line": record["line"],
                             "reason": pattern if masked else record["reason"]})
    return [
        {"table": table, "kind": kind, "reason": reason, "count": count,
         "examples": shown[table, kind, reason]}
        for (table, kind, reason), count in sorted(
            counts.items(), key=lambda g: (SIDES.index(g[0][0]), -g[1], g[0])
        )
    ]


def _without_values(reason: str) -> str:
    """Returns a reason with `…` for each value, and for the codes of its characters behind it."""
    parts, end = [], 0
    while match := _VALUE.search(reason, end):
        parts += [reason[end:match.start()], "…"]
        end = match.end()
        if match[0].endswith(("'", '"')):  # else it is no quoted value
            try:
                codes = f" ({ascii(ast.literal_eval(match[0]))[1:-1]})"  # see `text.shown`
            except (ValueError, SyntaxError):
                continue
            end += len(codes) if reason.startswith(codes, end) else 0
    return "".join([*parts, reason[end:]])
