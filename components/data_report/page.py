"""Renders the report: a self-contained page, and strict JSON with the same content."""

import hashlib
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_NOTHING = "–"


def template_digest() -> str:
    """Returns a digest of the template, which is part of the code that makes the report."""
    return hashlib.sha256(_TEMPLATE.read_bytes()).hexdigest()[:8]


def to_html(content: dict[str, Any]) -> str:
    """Renders the page; every string of the data is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": _number, "share": _share, "date": _date, "size": _size}
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
