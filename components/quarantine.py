"""What ingest left out, counted and grouped by reason."""

import ast
import json
import re
from collections import Counter
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from schemas import SIDES

# What differs between records of one reason: a quoted value, or a word that holds a digit.
_VALUE = r"""b?'(?:[^'\\]|\\.)*'|b?"(?:[^"\\]|\\.)*"|\S*\d\S*"""

_Group = tuple[str, str, str, tuple[str, ...]]


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
      Groups `{"table", "kind", "columns", "reason", "count", "examples"}`, the most frequent first
      within each table. Reasons that differ in values alone are one group, with `…` for each value.
      An example is `{"source", "line", "reason"}`, with values unless they are hidden.
    """
    counts: Counter[_Group] = Counter()
    shown: dict[_Group, list[dict[str, Any]]] = {}
    with (Path(uri) / "quarantine.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            columns = tuple(record["columns"])
            pattern = _without_values(record["reason"], columns)
            key = (record["table"], record["kind"], pattern, columns)
            counts[key] += 1
            kept = shown.setdefault(key, [])
            if len(kept) < examples:
                masked = not set(columns).isdisjoint(hidden)
                kept.append({"source": record["source"], "line": record["line"],
                             "reason": pattern if masked else record["reason"]})
    return [
        {"table": table, "kind": kind, "columns": list(columns), "reason": reason, "count": count,
         "examples": shown[table, kind, reason, columns]}
        for (table, kind, reason, columns), count in sorted(
            counts.items(), key=lambda g: (SIDES.index(g[0][0]), -g[1], g[0])
        )
    ]


@cache
def _values(columns: tuple[str, ...]) -> re.Pattern[str]:
    """Finds the values of a reason, and the names of its columns, which may look like values."""
    names = "|".join(map(re.escape, sorted(columns, key=len, reverse=True))) or "(?!)"
    return re.compile(rf"(?<!\S)(?P<column>{names})(?=[\s:]|$)|{_VALUE}")


def _without_values(reason: str, columns: tuple[str, ...]) -> str:
    """Returns a reason with `…` for each value, and for the codes of its characters behind it."""
    parts, end = [], 0
    while match := _values(columns).search(reason, end):
        parts += [reason[end:match.start()], match["column"] or "…"]
        end = match.end()
        if not match["column"] and match[0].endswith(("'", '"')):  # else it is no quoted value
            try:
                codes = f" ({ascii(ast.literal_eval(match[0]))[1:-1]})"  # see `text.shown`
            except (ValueError, SyntaxError):
                continue
            end += len(codes) if reason.startswith(codes, end) else 0
    return "".join([*parts, reason[end:]])
