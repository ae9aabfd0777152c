"""Renders the model's report."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.model_report import content, worth
from pipeline.model_report.slices import slices

CURVES = "curves.json"
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
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = _figure
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        metrics=metrics, tasks={n: dict(_flat(v)) for n, v in metrics.get("tasks", {}).items()},
        cold=worth.cold_items(metrics), worth=[Markup(svg) for svg in worth.charts(metrics)],
        rankings=_safe(content.rankings(metrics)), slices=slices(metrics),
        curves=[Markup(svg) for svg in content.curve_charts(curves)],
        weights=[Markup(svg) for svg in content.weights(metrics, predictions)],
        questions=content.questions(metrics, predictions),
        sections=[(title, Markup(html)) for title, html in sections],
    )


def _flat(figures: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields a task's figures, those of each label apart with the label behind their name."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from ((f"{name} {label}", of_label) for label, of_label in value.items())
        else:
            yield name, value


def _safe(rankings: dict[str, Any]) -> dict[str, Any]:
    return rankings | {"chart": Markup(rankings.get("chart", ""))}


def _figure(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or "–"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4f}"


def _read(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else otherwise
