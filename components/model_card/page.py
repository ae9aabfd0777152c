"""Renders a model's card as Markdown and as HTML."""

import re
from collections.abc import Sequence
from pathlib import Path

import jinja2

from components.model_card.content import Section

_FOLDER = Path(__file__).parent
# What Markdown, or HTML within it, would take for a mark; names come from the user's data.
_MARKS = re.compile(r"([\\`*_\[\]<>|#])")


def to_markdown(title: str, sections: Sequence[Section]) -> str:
    """Renders the card as Markdown."""
    return _rendered("card.md.j2", title, sections, escaped=False)


def to_html(title: str, sections: Sequence[Section]) -> str:
    """Renders the card as one HTML page that needs nothing from elsewhere."""
    return _rendered("card.html.j2", title, sections, escaped=True)


def _rendered(template: str, title: str, sections: Sequence[Section], escaped: bool) -> str:
    environment = jinja2.Environment(autoescape=escaped, trim_blocks=True, lstrip_blocks=True)
    environment.filters["md"] = lambda text: _MARKS.sub(r"\\\1", text)
    text = (_FOLDER / template).read_text(encoding="utf-8")
    return environment.from_string(text).render(title=title, sections=sections)
