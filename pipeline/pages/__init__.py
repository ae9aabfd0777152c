"""What the pages on runs and models share: one style, light and dark, and rounded figures."""

from pathlib import Path
from typing import Any

import jinja2

_SHARED = Path(__file__).parent
_SMALL = 0.001


def page(template: Path, **content: Any) -> str:
    """Renders a page that needs nothing from elsewhere; every string is escaped.

    Args:
      template: A template, which may include `style.css.j2`.
      **content: What it shows.
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.FileSystemLoader([template.parent, _SHARED]))
    environment.filters["figure"] = figure
    return environment.get_template(template.name).render(content)


def figure(value: Any) -> str:
    """Returns a figure as a page shows it: rounded, a dash where there is none."""
    if value is None or isinstance(value, str | jinja2.Undefined):
        return str(value or "–")
    if float(value).is_integer():
        return f"{int(value):,}"
    if 0 < abs(value) < _SMALL:
        return f"{value:.1g}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4f}"
