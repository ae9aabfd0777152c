"""Charts are well-formed SVG whose marks stand where the values say."""

import xml.etree.ElementTree as ElementTree

import pytest

from pipeline.charts import Bar, bars, lines

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in parsed(svg).iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_values():
    drawn = [Bar("a <b> & c", 0.2), Bar("best", 0.4, 0.1), Bar("floor", 0.1, 0, True)]
    svg = bars("NDCG@10", drawn)
    widths = [float(rect.get("width")) for rect in parsed(svg).iter(f"{SVG}rect")]
    assert widths[1] / widths[0] == pytest.approx(2, rel=1e-2)
    assert widths[0] / widths[2] == pytest.approx(2, rel=1e-2)
    assert {"NDCG@10", "a <b> & c", "0.400"} <= set(texts(svg))
    (whisker,) = parsed(svg).iter(f"{SVG}path")
    left, right = whisker.get("d")[1:].split(" ")[0], whisker.get("d").split("H")[1]
    assert float(right) - float(left) == pytest.approx(widths[0], rel=1e-2)  # 2 × 0.1
    fills = [rect.get("fill") for rect in parsed(svg).iter(f"{SVG}rect")]
    assert fills[0] == fills[1] != fills[2]


def test_lines_share_one_scale():
    svg = lines("loss", {"like": [3.0, 2.0, 1.0], "rating": [2.0, 2.0]})
    (falling, flat) = (line.get("points").split() for line in parsed(svg).iter(f"{SVG}polyline"))
    heights = [float(point.split(",")[1]) for point in falling]
    assert heights[0] < heights[1] < heights[2]  # down on the page is small
    assert {point.split(",")[1] for point in flat} == {f"{heights[1]:.1f}"}
    assert {"like", "rating", "1", "3"} <= set(texts(svg))
