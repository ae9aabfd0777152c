"""What a comparison leaves behind: its figures as JSON, a page in Markdown, charts as SVG."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.charts import Bar, bars, points
from pipeline.comparison.figures import rows
from pipeline.comparison.table import markdown, notes
from pipeline.config import RunConfig
from pipeline.results import finite
from pipeline.root import write_whole

_FILE = "comparison.json"


def finished(folder: Path, configs: Sequence[RunConfig]) -> list[tuple[str, int]]:
    """Returns recipe and seed of the runs that an earlier comparison, perhaps stopped, ended."""
    try:
        earlier = json.loads((folder / _FILE).read_text(encoding="utf-8"))["runs"]
        ended = {(run["recipe"], run["seed"]) for run in earlier if run["failed"] is None}
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [(c.recipe_name, c.seed) for c in configs if (c.recipe_name, c.seed) in ended]


def write(folder: Path, runs: list[dict[str, Any]], configs: Sequence[RunConfig],
          command: str) -> None:
    """Writes what is known so far; each file appears whole.

    Args:
      folder: Where `comparison.json`, `comparison.md` and the charts go.
      runs: What ran, see `pipeline.comparison.figures.rows`.
      configs: All runs that are planned.
      command: The command that makes the table.
    """
    first, table = configs[0], rows(runs)
    folder.mkdir(parents=True, exist_ok=True)
    content = finite({
        "dataset": first.dataset, "split": first.split, "command": command,
        "planned": len(configs), "rows": table, "runs": runs,
    })
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(folder / _FILE, text.encode())
    charts = _charts(table)
    for name, svg in charts.items():
        write_whole(folder / name, svg.encode())
    open_ = len(configs) - len(runs)
    parts = [
        f"# {first.dataset}, split {first.split}", f"    {command}", markdown(table),
        *([f"{open_} of {len(configs)} runs are still to come."] if open_ else []),
        "\n".join(f"- {note}" for note in notes(table)),
        *(f"![{Path(name).stem}]({name})" for name in charts),
    ]
    write_whole(folder / "comparison.md", ("\n\n".join(p for p in parts if p) + "\n").encode())


def _charts(table: list[dict[str, Any]]) -> dict[str, str]:
    """Draws what there are figures for; recipes of another relevance are not on one scale."""
    found: dict[str, str] = {}
    kinds = dict.fromkeys(row["relevant"] for row in table)
    for relevant in kinds:
        mine = [row for row in table if row["relevant"] == relevant]
        suffix = f"-{relevant or 'every-event'}" if len(kinds) > 1 else ""
        for key, name, title in (("ndcg@10", "ndcg", "NDCG@10"),
                                 ("unseen_ndcg@10", "unseen", "NDCG@10 of unseen items")):
            if drawn := [_bar(row, key) for row in mine if key in row["figures"]]:
                found[f"{name}{suffix}.svg"] = bars(title, drawn)
        spots = [(row["name"], row["figures"]["training_s"]["mean"],
                  row["figures"]["ndcg@10"]["mean"]) for row in mine
                 if {"training_s", "ndcg@10"} <= row["figures"].keys()]
        if spots:
            found[f"training{suffix}.svg"] = points(
                "NDCG@10 against training time", spots, "seconds of training", "NDCG@10")
    return found


def _bar(row: dict[str, Any], key: str) -> Bar:
    figure = row["figures"][key]
    return Bar(row["name"], figure["mean"], figure.get("se", 0.0), row["kind"] == "baseline")
