"""The pages of docs/ that are made from the code are what the code makes now."""

import re
from collections import defaultdict

import pytest

from docs.generate import PAGES, ROOT, errors


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_code_makes_it(name):
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert page == PAGES[name](), f"docs/{name} is older than the code: run `make docs`"


def test_a_code_is_used_for_one_error():
    places = defaultdict(list)
    for error in errors():
        places[error.code].append(error.place)
    assert len(places) > 200
    assert {code: where for code, where in places.items() if len(where) > 1} == {}
    assert [code for code in places if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code)] == []


def test_an_error_without_a_code_is_refused(tmp_path):
    (tmp_path / "schemas").mkdir()
    module = tmp_path / "schemas" / "one.py"
    module.write_text('class Odd(TesseraError): exit_code = 7\nraise Odd("a-code", f"No {x}.")\n')
    [error] = errors(tmp_path)
    assert (error.code, error.exit_code, error.message) == ("a-code", 7, "No {x}.")
    module.write_text('class Odd(TesseraError): pass\nraise Odd("Message alone.")\n')
    with pytest.raises(SystemExit):
        errors(tmp_path)


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))],
                         ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:")):
            continue
        file, _, anchor = target.partition("#")
        other = (page.parent / file).resolve() if file else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
