"""Renders the model's report: the verdict first, and the model before this one."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from components.task_metrics import metric_facts
from pipeline.model_report import content
from pipeline.model_report.content import slices
from pipeline.pages import page

_RANKING = ("ndcg@10", "recall@20", "hr@10", "mrr")
CURVES = "curves.json"
_SHOWN = 3  # explanations; the others are a click away


def verdict(metrics: dict[str, Any]) -> dict[str, Any]:
    """Returns the `word`, its `tone`, the `reasons` of a refusal, and the `warnings`.

    Args:
      metrics: The content of `metrics.json`.
    """
    warnings = [*metrics.get("data", {}).get("warnings", ()),
                *(f"{name}: {reason}" for name, check in metrics.get("checks", {}).items()
                  if not (check["passed"] or check.get("blesses", True))
                  for reason in check["reasons"])]
    if not metrics.get("blessed"):
        return {"word": "Not blessed", "tone": "bad", "warnings": warnings,
                "reasons": metrics.get("not_blessed_because", ())}
    return {"word": "Blessed", "tone": "warn" if warnings else "good", "reasons": (),
            "warnings": warnings}


def since_last_blessed(metrics: dict[str, Any]) -> dict[str, Any]:
    """Puts the figures of the last blessed model and of this one side by side.

    Args:
      metrics: The content of `metrics.json`.

    Returns:
      `rows` of `name`, `past`, `now` and `tone`; `interval`, that of the difference in NDCG@10; and
      `skipped`, why the last model could not rank. All are empty in a first run.
    """
    versus = metrics.get("versus_last_blessed", {})
    rows = [*_rows("", versus, metrics.get("ranking", {}), {name: {} for name in _RANKING})]
    for task, past in metrics.get("last_blessed", {}).get("tasks", {}).items():
        rows += _rows(f"{task} ", past, metrics.get("tasks", {}).get(task, {}),
                      {name: {} for name in past} | metric_facts(metrics).get(task, {}))
    return {"rows": rows, "skipped": versus.get("skipped"),
            "interval": versus if "difference" in versus else None}


def _rows(prefix: str, past: dict[str, Any], now: dict[str, Any], facts: dict[str, dict[str, Any]]
          ) -> Iterator[dict[str, Any]]:
    for name, of in facts.items():
        before, after = past.get(name), now.get(name)
        if isinstance(before, int | float) and isinstance(after, int | float):
            better = (before - after) if of.get("less_is_better") else (after - before)
            tone = "good" if better > 0 else "bad" if better < 0 else ""
            yield {"name": prefix + name, "past": before, "now": after, "tone": tone}


_TEMPLATE = Path(__file__).with_name("page.html.j2")

Section = tuple[str, str]  # a title, and HTML that is safe and needs nothing from elsewhere


def read_report(metrics: dict[str, Any], curves: Path, predictions: Path | None,
                sections: Sequence[Section] = ()) -> str:
    """Renders the report from a run's files; what is not there is left out.

    Args:
      metrics: The content of `metrics.json`.
      curves: The Trainer's `curves.json`.
      predictions: The Trainer's `predictions.json`; a model that is not served has none.
      sections: See `report`.
    """
    return report(metrics, _read(curves, {}), _read(predictions, []) if predictions else [],
                  sections)


def report(metrics: dict[str, Any], curves: dict[str, dict[str, list[float]]],
           predictions: list[dict[str, Any]], sections: Sequence[Section] = ()) -> str:
    """Renders the page.

    Args:
      metrics: The content of `metrics.json`, in numbers that JSON can hold.
      curves: By fit and figure, its values by epoch.
      predictions: Recorded requests with the network's outputs.
      sections: Further sections, such as explanations of single recommendations.

    Returns:
      HTML that needs nothing from elsewhere.
    """
    return page(
        _TEMPLATE, metrics=metrics,
        verdict=verdict(metrics), since=since_last_blessed(metrics),
        warm=_safe(content.warm_start(metrics)),
        tasks={n: dict(_flat(v)) for n, v in metrics.get("tasks", {}).items()},
        cold=content.cold_items(metrics), worth=[Markup(svg) for svg in content.charts(metrics)],
        rankings=_safe(content.rankings(metrics)), slices=slices(metrics),
        curves=[Markup(svg) for svg in content.curve_charts(metrics, curves)],
        weights=[Markup(svg) for svg in content.weights(metrics, predictions)],
        explained_predictions=[*((title, Markup(html)) for title, html in sections),
                               *content.questions(metrics, predictions)],
        shown=_SHOWN)


def _flat(figures: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields a task's figures, those of each label apart with the label behind their name."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from ((f"{name} {label}", of_label) for label, of_label in value.items())
        else:
            yield name, value


def _safe(rankings: dict[str, Any]) -> dict[str, Any]:
    return rankings | {"chart": Markup(rankings.get("chart", ""))}


def _read(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else otherwise
