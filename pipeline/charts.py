"""Charts as SVG: self-contained, readable in light and dark, and small enough for a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LABEL, _ROW, _TOP = 720, 210, 24, 34
_PLOT, _HEIGHT, _LEFT = 440, 300, 60
_INKS = ("#2f6db3", "#c4622d", "#3b8f5c", "#8a5ab8", "#a8892b", "#b8476b", "#4a9aa5", "#777777")
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#777}.title{font-weight:600;font-size:14px}"
    ".axis{stroke:#999;stroke-width:1;fill:none}.small{font-size:11px}"
)


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
      label: What it shows.
      value: Its length.
      error: Half the length of its whisker, 0 for none.
      reference: Whether it is something to compare with, drawn in grey.
    """

    label: str
    value: float
    error: float = 0.0
    reference: bool = False


def bars(title: str, rows: Sequence[Bar], digits: int = 3) -> str:
    """Draws horizontal bars from 0 on, with whiskers.

    Args:
      title: The heading.
      rows: The bars, from top to bottom; at least one.
      digits: Digits behind the point.

    Returns:
      The SVG.
    """
    longest = max((row.value + row.error for row in rows), default=0.0) or 1.0
    room = _WIDTH - _LABEL - 90
    parts = []
    for place, row in enumerate(rows):
        y, length = _TOP + place * _ROW, room * max(row.value, 0.0) / longest
        ink = _INKS[-1] if row.reference else _INKS[0]
        parts.append(
            f'<text x="{_LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(row.label)}</text>'
            f'<rect x="{_LABEL}" y="{y + 3}" width="{length:.1f}" height="{_ROW - 8}" '
            f'fill="{ink}"/>')
        end = _LABEL + length
        if row.error:
            half = room * row.error / longest
            parts.append(f'<path class="axis" d="M{end - half:.1f} {y + 11}H{end + half:.1f}"/>')
            end += half
        parts.append(f'<text x="{end + 6:.1f}" y="{y + 15}" class="small">'
                     f'{row.value:.{digits}f}</text>')
    return _svg(title, _WIDTH, _TOP + len(rows) * _ROW + 6, parts)


def lines(title: str, series: Mapping[str, Sequence[float]]) -> str:
    """Draws curves over epochs on one scale.

    Args:
      title: The heading.
      series: The values by name, from the first epoch on.

    Returns:
      The SVG.
    """
    values = [v for curve in series.values() for v in curve]
    low, high = min(values), max(values)
    span, longest = (high - low) or 1.0, max(len(curve) for curve in series.values())

    def place(number: int, value: float) -> tuple[float, float]:
        x = _LEFT + _PLOT * (number / max(longest - 1, 1))
        return x, _TOP + (_HEIGHT - _TOP - 40) * (1 - (value - low) / span)

    parts = _axes(f"{low:.3g}", f"{high:.3g}", "1", str(longest))
    for number, (name, curve) in enumerate(series.items()):
        ink = _INKS[number % len(_INKS)]
        spots = [place(i, v) for i, v in enumerate(curve)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        if len(spots) == 1:
            parts.append(f'<circle cx="{spots[0][0]:.1f}" cy="{spots[0][1]:.1f}" r="3" '
                         f'fill="{ink}"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="2"/>'
                     f'<text x="{_LEFT + _PLOT + 12}" y="{_TOP + 8 + 18 * number}" '
                     f'style="fill:{ink}">{escape(name)}</text>')
    return _svg(title, _WIDTH, _HEIGHT, parts)


def points(title: str, spots: Sequence[tuple[str, float, float]], x_name: str, y_name: str) -> str:
    """Draws named points.

    Args:
      title: The heading.
      spots: Name, x and y of each; x starts at 0.
      x_name: What x is, with its unit.
      y_name: What y is.

    Returns:
      The SVG.
    """
    far = max(x for _, x, _ in spots) or 1.0
    low, high = min(y for *_, y in spots), max(y for *_, y in spots)
    span = (high - low) or 1.0
    parts = _axes(f"{low:.3g}", f"{high:.3g}", "0", f"{far:.3g}")
    for number, (name, x, y) in enumerate(spots):
        left = _LEFT + _PLOT * x / far
        top = _TOP + (_HEIGHT - _TOP - 40) * (1 - (y - low) / span)
        parts.append(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="5" '
                     f'fill="{_INKS[number % len(_INKS)]}"/>'
                     f'<text x="{left + 8:.1f}" y="{top + 4:.1f}" class="small">'
                     f'{escape(name)}</text>')
    parts.append(f'<text x="{_LEFT + _PLOT / 2}" y="{_HEIGHT - 6}" class="small" '
                 f'text-anchor="middle">{escape(x_name)}</text>'
                 f'<text x="{_LEFT}" y="{_TOP - 2}" class="small">{escape(y_name)}</text>')
    return _svg(title, _WIDTH, _HEIGHT, parts)


def _axes(low: str, high: str, first: str, last: str) -> list[str]:
    bottom = _HEIGHT - 40
    return [
        f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{_LEFT + _PLOT}"/>'
        f'<text x="{_LEFT - 6}" y="{_TOP + 10}" text-anchor="end" class="small">{high}</text>'
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end" class="small">{low}</text>'
        f'<text x="{_LEFT}" y="{bottom + 16}" class="small">{first}</text>'
        f'<text x="{_LEFT + _PLOT}" y="{bottom + 16}" text-anchor="end" class="small">{last}</text>'
    ]


def _svg(title: str, width: int, height: int, parts: list[str]) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-label="{escape(title)}">'
            f'<style>{_STYLE}</style><text x="0" y="18" class="title">{escape(title)}</text>'
            f'{"".join(parts)}</svg>\n')
