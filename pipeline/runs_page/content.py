"""What the page shows of each run, read from its folder."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from components.task_metrics import metric_facts
from pipeline.charts import lines
from pipeline.model_report.page import verdict
from pipeline.root import read_json
from schemas import InputError

_ID = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)")
_LINKS = {"data_report.html": "data", "model_report.html": "model", "metrics.json": "metrics",
          "error.log": "error"}
_RANKING = "ndcg@10"
_DRAWN = 60  # newest runs of a chart


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
      name: Its id.
      metrics: The content of its `metrics.json`.
      data: The verdict on its data: `OK`, `WARN` or `FAIL`; empty where it was stopped before.
      links: By file in its folder, what the page calls it.
    """

    name: str
    metrics: dict[str, Any]
    data: str
    links: dict[str, str]

    @property
    def moment(self) -> str:
        """When it began, by its id."""
        match = _ID.match(self.name)
        return "{}-{}-{} {}:{}".format(*match.groups()) if match else self.name

    @property
    def span(self) -> str:
        """The newest span that it read, empty where its data had none."""
        return self.metrics.get("spans", {}).get("until", "")

    @property
    def outcome(self) -> dict[str, Any]:
        """The verdict on the model, see `pipeline.model_report.page`."""
        return verdict(self.metrics)

    @property
    def seconds(self) -> float:
        """How long its steps took."""
        return sum(self.metrics.get("timings", {}).values())

    @property
    def kind(self) -> tuple[str, ...]:
        """What it has in common with the runs that it may be compared with."""
        return tuple(str(self.metrics.get(key, "")) for key in ("dataset", "recipe", "split",
                                                                "seed"))

    @property
    def figures(self) -> dict[tuple[str, str], float]:
        """The figures that tables show, by metric and task; that of the ranking has no task."""
        figures = {(_RANKING, ""): self.metrics.get("ranking", {}).get(_RANKING)}
        for task, facts in metric_facts(self.metrics).items():
            values = self.metrics.get("tasks", {}).get(task, {})
            figures |= {(key, task): values.get(key) for key in facts if facts[key].get("shown")}
        return {key: value for key, value in figures.items() if value is not None}


def read_runs(folder: Path) -> list[Run]:
    """Reads the runs of a root, the oldest first; a folder without whole metrics is left out."""
    runs = []
    for path in sorted(folder.glob("*/metrics.json")):
        if path.parent.is_symlink():  # latest
            continue
        try:
            metrics = read_json(path)
        except (OSError, InputError):
            continue
        links = {name: label for name, label in _LINKS.items() if (path.parent / name).is_file()}
        runs.append(Run(path.parent.name, metrics, _data_verdict(path.parent, metrics), links))
    return runs


def _data_verdict(folder: Path, metrics: dict[str, Any]) -> str:
    if verdict := metrics.get("data", {}).get("verdict"):
        return verdict
    try:  # the gate stopped the run, so that the metrics have none
        report = read_json(folder / "data_report.json")
        return report["verdict"]["verdict"]
    except (OSError, InputError, KeyError, TypeError):
        return ""


def groups(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Returns the runs that may be compared with one another, the group that ran last first.

    Returns:
      `heading`, `figures` (the columns: metric and task), `charts`, and `runs`, the newest first.
    """
    by_kind: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        by_kind.setdefault(run.kind, []).append(run)
    newest_first = sorted(by_kind.items(), key=lambda one: one[1][-1].name, reverse=True)
    return [{"heading": "{1} on {0}, split {2}, seed {3}".format(*kind),
             "figures": list(dict.fromkeys(key for run in of for key in run.figures)),
             "charts": [Markup(svg) for svg in _charts(of)], "runs": of[::-1]}
            for kind, of in newest_first]


def _charts(runs: Sequence[Run]) -> Iterator[str]:
    """Draws each metric over the runs, on a scale of its own."""
    drawn = runs[-_DRAWN:]
    series: dict[str, dict[str, list[float]]] = {}
    for run in drawn:
        for (metric, task), value in run.figures.items():
            series.setdefault(metric, {}).setdefault(task or "ranking", []).append(value)
    for metric, named in series.items():
        if any(len(values) > 1 for values in named.values()):
            yield lines(f"{metric} by run, from the oldest to the newest", named)
