"""The comparison as text: the same cells on the terminal and in Markdown."""

from collections.abc import Sequence
from statistics import mean
from typing import Any

_NOTHING = "–"
_FIRST = {
    "ndcg@10": ("NDCG@10", 4), "recall@20": ("Recall@20", 3), "hr@10": ("HR@10", 3),
    "unseen_ndcg@10": ("unseen NDCG@10", 3), "unseen_recall@50": ("unseen R@50", 3),
}
_LAST = {
    "parameters": ("parameters", 0), "training_s": ("training, s", 0), "run_s": ("run, s", 0),
    "peak_rss_mb": ("peak, MiB", 0), "p50_ms": ("p50, ms", 1), "p99_ms": ("p99, ms", 1),
}


def cells(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Formats the rows of `pipeline.comparison.figures.rows`.

    Args:
      rows: The rows.

    Returns:
      The heading and the lines, as many cells each. A column that no row fills is left out, and
      so is one of the ranking that is the same in all rows.
    """
    there = dict.fromkeys(key for row in rows for key in row["figures"])
    of_tasks = {key: (f"{of['task']} {of['shown']}", 3)
                for row in rows for key, of in row["shown"].items()}
    columns = {key: shown for key, shown in (_FIRST | of_tasks | _LAST).items()
               if key in there and key not in _constant(rows)}
    several = len({row["relevant"] for row in rows}) > 1
    heading = ["model", *(["relevant"] if several else []), *(n for n, _ in columns.values()),
               "blessed"]
    lines = []
    for row in rows:
        kind = [row["relevant"] or "every event"] if several else []
        figures = [_figure(row["figures"].get(key), digits)
                   for key, (_, digits) in columns.items()]
        lines.append([row["name"], *kind, *figures, _verdict(row)])
    return heading, lines


def _constant(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Returns the columns of the ranking that are equal in all rows, with their figure.

    In a small shop, for example, the 50 first unseen items are all that there are.
    """
    constant = {}
    for key, (_, digits) in _FIRST.items():
        means = [row["figures"][key]["mean"] for row in rows if key in row["figures"]]
        shown = [f"{value:.{digits}f}" for value in means]
        if len(shown) > 1 and len(set(shown)) == 1:
            constant[key] = shown[0]
    return constant


def summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Returns what is said of all rows together, a sentence each."""
    sentences = [f"{_FIRST[key][0]} is {shown} in every row."
                 for key, shown in _constant(rows).items()]
    seconds = [row["figures"]["run_s"]["mean"] for row in rows if "run_s" in row["figures"]]
    if seconds:
        sentences.append(f"A recipe's training and evaluation took {mean(seconds):,.0f} s on "
                         f"average, {min(seconds):,.0f} to {max(seconds):,.0f} s.")
    peaks = [row["figures"]["peak_rss_mb"]["mean"] for row in rows
             if "peak_rss_mb" in row["figures"]]
    if peaks:
        sentences.append(f"The highest peak memory was {max(peaks):,.0f} MiB.")
    return sentences


def notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Returns why a row was not blessed, failed or was skipped, a sentence each."""
    return [f"{row['name']}: {reason}" for row in rows for reason in row["reasons"]]


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Returns the table in Markdown."""
    heading, lines = cells(rows)
    return markdown_lines([heading, ["---", *["---:"] * (len(heading) - 2), "---"], *lines])


def markdown_lines(lines: Sequence[Sequence[str]]) -> str:
    """Returns lines of a Markdown table, given their cells; the second says how these align."""
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n"
                   for line in lines)


def _figure(figure: dict[str, float] | None, digits: int) -> str:
    if figure is None:
        return _NOTHING
    shown = f"{figure['mean']:,.{digits}f}"
    return f"{shown} ± {figure['se']:,.{digits}f}" if digits > 1 and "se" in figure else shown


def _verdict(row: dict[str, Any]) -> str:
    if row["kind"] == "baseline":
        return _NOTHING
    if row["failed"] == row["seeds"]:
        return "failed"
    if row["seeds"] == 1:
        return "yes" if row["blessed"] else "no"
    failed = f", {row['failed']} failed" if row["failed"] else ""
    return f"{row['blessed']} of {row['seeds']}{failed}"
