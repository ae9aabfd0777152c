"""The page about the data and its JSON twin, of plain values."""

import hashlib
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from components.data_validator.verdict import DataVerdict

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_NOTHING = "–"
VERSION = 4  # of the JSON twin


def template_digest() -> str:
    """Returns a digest of the template, which is part of the code that makes the report."""
    return hashlib.sha256(_TEMPLATE.read_bytes()).hexdigest()[:8]


def to_html(content: dict[str, Any]) -> str:
    """Renders the page; every string of the data is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": _number, "share": _share, "date": _date, "size": _size,
                            "above": _above, "densities": _densities, "unchanged": _unchanged}
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(strict(content))


def to_json(content: dict[str, Any]) -> str:
    """Renders the JSON twin, without the pictures."""
    return json.dumps(strict(content, leave_out="picture"), indent=1, allow_nan=False)


def strict(value: Any, leave_out: str | None = None) -> Any:
    """Copies plain values with `None` for every number that JSON cannot hold.

    Args:
      value: Nested lists and dicts of plain values.
      leave_out: A key that the copy leaves out.

    Returns:
      The copy.
    """
    if isinstance(value, dict):
        return {k: strict(v, leave_out) for k, v in value.items() if k != leave_out}
    if isinstance(value, list):
        return [strict(v, leave_out) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float | None) -> str:
    if value is None:
        return _NOTHING
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}" if 1 <= abs(value) < 1e6 else f"{value:.3g}"


def _share(value: float | None) -> str:
    if value is None:
        return _NOTHING
    if 0 < value < 0.0001:
        return "< 0.01 %"
    return f"{100 * value:.2f} %" if 0 < value < 1 else f"{100 * value:.0f} %"


def _date(seconds: float | None) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return _number(seconds)


def _size(count: float | None) -> str:
    return _NOTHING if count is None else f"{count / 1024:,.1f} KiB"


def _unchanged(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in changes if one["past"] == one["today"]]


def _above(value: float) -> str:
    """Returns the next number of two digits from a value on, as a limit that lets it pass."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1) if value > 0 else 1.0
    return np.format_float_positional(
        math.ceil(value / step) * step, precision=2, fractional=False, trim="-")


def _densities(bars: list[dict[str, Any]]) -> list[float]:
    """Returns the share of all in a bar by its width, so that two runs' bars compare."""
    total = sum(bar["count"] or 0 for bar in bars) or 1
    return [(bar["count"] or 0) / total / ((bar["high"] - bar["low"]) or 1) for bar in bars]


def of_unread(dataset: str, verdict: DataVerdict) -> dict[str, Any]:
    """Returns the content of the report where nothing but the verdict is there.

    Args:
      dataset: What results call the dataset.
      verdict: Why the data were not read.
    """
    line = "The data could not be read as far as to be judged"
    missing = {"note": line}
    return {"version": VERSION, "dataset": dataset, "unread": True,
            "headline": f"{verdict.verdict}: {line}", "summary": line,
            "verdict": {"note": None, **verdict.as_json(), "headline": verdict.headline, "days": [],
                        "labels": []},
            "counts": missing, "tables": {}, "media": [], "reasons": missing}


def write_pages(content: dict[str, Any], folder: Path) -> None:
    """Writes `data_report.html` and `data_report.json`.

    Args:
      content: See `components.data_report.content.gather`, and `folder`, the data's.
      folder: The folder to write to; made if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data_report.html").write_text(to_html(content), encoding="utf-8")
    (folder / "data_report.json").write_text(to_json(content), encoding="utf-8")
