"""The pages of a run in a real browser: Debian's Chromium, driven by playwright and asked by axe.

None is among the project's packages: `apt-get install chromium`, `pip install
axe-playwright-python`.
"""

import shutil

import pytest

# Before a run is made for them.
playwright = pytest.importorskip(
    "playwright.sync_api", reason="Nothing drives a browser: pip install axe-playwright-python")
axe = pytest.importorskip("axe_playwright_python.sync_playwright",
                          reason="Nothing judges a page: pip install axe-playwright-python")
_CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    _CHROMIUM is None, reason="No browser is installed: apt-get install chromium")]
_DATA_REPORT = "latest/data_report.html"
_WIDTHS = (1360, 390, 360)
_PAPER = 718  # of A4 within a browser's margins, in pixels

_TABLES = """() => [...document.querySelectorAll('table')].filter(
    table => !table.querySelector('thead th[scope=col]')).length"""
_WIDTH = "() => document.scrollingElement.scrollWidth"
_PLACE = """() => { const one = document.activeElement;
  return [...document.querySelectorAll('*')].indexOf(one); }"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        # Chromium's own sandbox does not start as root, as in a container.
        opened = driver.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def runs(project, first):
    return (project.root / "runs").resolve().as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [_DATA_REPORT, "latest/model_report.html", "index.html"])
def test_a_page_can_be_read_by_anybody(browser, runs, name, scheme):
    page = browser.new_page(color_scheme=scheme)
    messages: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{runs}/{name}")
    page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
    assert messages == []
    assert [one for one in asked if not one.startswith(("file:", "data:"))] == []
    assert page.evaluate(_TABLES) == 0, "a table without headers of its columns"
    for width in _WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        violations = axe.Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]])
                for one in violations] == [], width
        assert page.evaluate(_WIDTH) <= width
    page.emulate_media(media="print")
    page.set_viewport_size({"width": _PAPER, "height": 900})
    assert page.evaluate(_WIDTH) <= _PAPER, "it is cut on paper"
    page.close()


def test_the_keyboard_goes_through_the_page_in_its_order(browser, runs):
    page = browser.new_page(viewport={"width": _WIDTHS[0], "height": 900})
    page.goto(f"{runs}/{_DATA_REPORT}")
    places = []
    for _ in range(12):
        page.keyboard.press("Tab")
        places.append(page.evaluate(_PLACE))
    assert places == sorted(set(places)), "focus goes back, or stays"
    page.close()
