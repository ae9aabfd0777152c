"""Renders the model's report."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipeline.model_report import content, worth
from pipeline.model_report.slices import slices
from pipeline.model_report.verdict import since_last_blessed, verdict
from pipeline.pages import page

CURVES = "curves.json"
_SHOWN = 3  # explanations; the others are a click away
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
        cold=worth.cold_items(metrics), worth=[Markup(svg) for svg in worth.charts(metrics)],
        rankings=_safe(content.rankings(metrics)), slices=slices(metrics),
        curves=[Markup(svg) for svg in content.curve_charts(curves)],
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
