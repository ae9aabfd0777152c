"""The data report in a real browser: Debian's Chromium, driven by playwright.

Neither is among the project's packages: `apt-get install chromium` and `pip install playwright`.
"""

import itertools
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

# Before a run is made for them.
playwright = pytest.importorskip(
    "playwright.sync_api", reason="Nothing drives a browser: pip install playwright")
_CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    _CHROMIUM is None, reason="No browser is installed: apt-get install chromium")]
_NARROW, _WIDE = 360, 1360
_LEAST_CONTRAST = 4.5  # of text, as WCAG 2.1 asks at level AA

_HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3, h4')].map(one => +one.tagName[1])"
_TABLES = """() => [...document.querySelectorAll('table')].filter(
    table => !table.querySelector('thead th[scope=col]')).length"""
_CHARTS = """() => [...document.querySelectorAll('svg')].filter(svg => !svg.closest('[aria-hidden]')
    && !(svg.getAttribute('aria-label') || svg.querySelector('title')?.textContent)).length
    + [...document.querySelectorAll('img')].filter(img => !img.alt).length"""
# What is cut off or may be moved sideways must take the keyboard's focus.
_STUCK = """() => [...document.querySelectorAll('main *')].filter(one =>
    /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1
    && one.tabIndex < 0 && !one.querySelector('a, summary, [tabindex]')).map(
    one => one.outerHTML.slice(0, 90))"""
_CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (colour) => rgba(colour).slice(0, 3).map(part => part / 255).map(
    part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (one) => { for (; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor; if (rgba(colour)[3]) return colour; }
    return 'white'; };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = [];
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !one.checkVisibility() || one.closest('svg'))
      continue;
    const [low, high] = [light(getComputedStyle(one).color), light(behind(one))].sort(
      (a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < LEAST) poor.push([texts.currentNode.textContent.trim().slice(0, 40), ratio]);
  }
  return poor; }""".replace("LEAST", str(_LEAST_CONTRAST))
_PLACE = """() => { const one = document.activeElement;
  return [...document.querySelectorAll('*')].indexOf(one); }"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        # Chromium's own sandbox does not start as root, as in a container.
        opened = driver.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def address(project, first) -> str:
    return (project.root / "runs" / "latest" / "data_report.html").resolve().as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_by_anybody(browser, address, scheme):
    page = browser.new_page(viewport={"width": _WIDE, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
    levels = page.evaluate(_HEADINGS)
    steps = [later - earlier for earlier, later in itertools.pairwise(levels)]
    assert levels.count(1) == 1 and levels[0] == 1 and max(steps) <= 1, levels
    assert page.evaluate(_TABLES) == 0, "a table without headers of its columns"
    assert page.evaluate(_CHARTS) == 0, "a chart or a picture without a text"
    assert page.evaluate(_CONTRAST) == []
    page.set_viewport_size({"width": _NARROW, "height": 700})
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= _NARROW
    assert page.evaluate(_STUCK) == []
    assert said == []
    assert [one for one in asked if not one.startswith(("file:", "data:"))] == []
    page.close()


def test_the_keyboard_goes_through_the_page_in_its_order(browser, address):
    page = browser.new_page(viewport={"width": _WIDE, "height": 900})
    page.goto(address)
    places = []
    for _ in range(12):
        page.keyboard.press("Tab")
        places.append(page.evaluate(_PLACE))
    assert places == sorted(set(places)), "focus goes back, or stays"
    page.close()
