"""What a comparison leaves behind: its figures as JSON, a page in Markdown, charts as SVG."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.charts import Bar, bars, points
from pipeline.comparison.figures import rows
from pipeline.comparison.paired import against_first
from pipeline.comparison.plan import Plan
from pipeline.comparison.table import markdown, markdown_lines, notes, summary
from pipeline.config import RunConfig
from pipeline.results import finite
from pipeline.root import point, write_whole

_SPENT = {"parameters": "parameters", "training_s": "training, s"}
_FILE = "comparison.json"
# What a run's figures do not depend on.
_NO_MATTER: Any = {"root": True, "push": True, "kubeflow": True, "recipe": {"tune"}}


def against_single_tasks(rows: Sequence[dict[str, Any]],
                         singles: Mapping[str, Mapping[str, str]]) -> str:
    """Returns a table in Markdown for each recipe whose single tasks have all run.

    Args:
      rows: The rows of `pipeline.comparison.figures.rows`.
      singles: By recipe and task, the name of the recipe with that task alone.
    """
    figures = {row["name"]: {key: one["mean"] for key, one in row["figures"].items()}
               for row in rows if row["kind"] == "recipe"}
    shown = {key: of for row in rows for key, of in row["shown"].items()}
    return "\n".join(
        _table(recipe, figures[recipe], {task: figures[name] for task, name in of_task.items()},
               shown)
        for recipe, of_task in singles.items()
        if figures.get(recipe) and all(figures.get(name) for name in of_task.values()))


def _table(recipe: str, several: dict[str, float], single: dict[str, dict[str, float]],
           shown: dict[str, dict[str, Any]]) -> str:
    lines = []
    for task, alone in single.items():
        # One that is not judged has the ranking's figure.
        of_task = {key: of for key, of in shown.items() if of["task"] == task} or {"ndcg@10": {}}
        for key, of in ((k, of) for k, of in of_task.items() if k in several and k in alone):
            better = several[key] - alone[key]
            better = -better if of.get("less_is_better") else better
            lines.append((f"{task} {of.get('shown', key)}", f"{several[key]:.4f}",
                          f"{alone[key]:.4f}", f"{better:+.4f}"))
    for key, name in _SPENT.items():
        together = sum(alone.get(key, 0.0) for alone in single.values())
        if key in several and together:
            lines.append((name, f"{several[key]:,.0f}", f"{together:,.0f}",
                          f"{several[key] / together:.0%} of it"))
    heading = [(f"{recipe}, all tasks in one", "in one", "each alone", "better by"),
               ("---", "---:", "---:", "---:")]
    return markdown_lines([*heading, *lines])


def run_key(config: RunConfig) -> str:
    """Returns a digest of all that a run was asked for, its recipe's content included."""
    tree = config.model_dump(mode="json", exclude=_NO_MATTER)
    return _digest(json.dumps(tree, sort_keys=True))


def folder_of(plan: Plan) -> Path:
    """Returns a comparison's folder: another comparison, another folder."""
    first = plan.configs[0]
    name = _digest(" ".join(map(run_key, plan.configs)))
    return first.root / "comparisons" / first.dataset_name / f"{first.split}-{name}"


def finished(plan: Plan) -> list[tuple[str, int]]:
    """Returns recipe and seed of the runs that any earlier comparison, perhaps stopped, ended."""
    ended = set()
    for path in folder_of(plan).parent.glob(f"*/{_FILE}"):
        try:
            runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
            ended |= {run["asked"] for run in runs if run["failed"] is None}
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [(c.recipe_name, c.seed) for c in plan.configs if run_key(c) in ended]


def write(folder: Path, runs: list[dict[str, Any]], plan: Plan, command: str) -> None:
    """Writes what is known so far; each file appears whole, and `latest` points at the folder.

    Args:
      folder: Where `comparison.json`, `comparison.md` and the charts go.
      runs: What ran, see `pipeline.comparison.figures.rows`.
      plan: All that is planned.
      command: The command that makes the table.
    """
    first, table, planned = plan.configs[0], rows(runs), len(plan.configs)
    folder.mkdir(parents=True, exist_ok=True)
    content = finite({
        "dataset": first.dataset_name, "split": first.split, "command": command,
        "planned": planned, "left_out": plan.left_out, "rows": table,
        "runs": [{key: of for key, of in run.items() if key != "of_users"} for run in runs],
    })
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(folder / _FILE, text.encode())
    charts = _charts(table)
    for name, svg in charts.items():
        write_whole(folder / name, svg.encode())
    open_ = planned - len(runs)
    parts = [
        f"# {first.dataset_name}, split {first.split}", f"    {command}", markdown(table),
        "\n".join(f"- {line}" for line in summary(table)),
        against_first(runs), against_single_tasks(table, plan.singles),
        *([f"{open_} of {planned} runs are still to come."] if open_ else []),
        "\n".join(f"- {note}" for note in (*notes(table), *plan.left_out)),
        *(f"![{Path(name).stem}]({name})" for name in charts),
    ]
    write_whole(folder / "comparison.md", ("\n\n".join(p for p in parts if p) + "\n").encode())
    point(folder.with_name("latest"), folder.name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _charts(table: list[dict[str, Any]]) -> dict[str, str]:
    """Draws what there are figures for; recipes of another relevance are not on one scale."""
    files: dict[str, str] = {}
    kinds = dict.fromkeys(row["relevant"] for row in table)
    for relevant in kinds:
        mine = [row for row in table if row["relevant"] == relevant]
        suffix = f"-{relevant or 'every-event'}" if len(kinds) > 1 else ""
        for key, name, title in (("ndcg@10", "ndcg", "NDCG@10"),
                                 ("unseen_ndcg@10", "unseen", "NDCG@10 of unseen items")):
            if drawn := [_bar(row, key) for row in mine if key in row["figures"]]:
                files[f"{name}{suffix}.svg"] = bars(title, drawn)
        spots = [(row["name"], row["figures"]["training_s"]["mean"],
                  row["figures"]["ndcg@10"]["mean"]) for row in mine
                 if {"training_s", "ndcg@10"} <= row["figures"].keys()]
        if spots:
            files[f"training{suffix}.svg"] = points(
                "NDCG@10 against training time", spots, "seconds of training", "NDCG@10")
    return files


def _bar(row: dict[str, Any], key: str) -> Bar:
    figure = row["figures"][key]
    return Bar(row["name"], figure["mean"], figure.get("se", 0.0), row["kind"] == "baseline")
