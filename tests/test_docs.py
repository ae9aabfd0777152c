"""The pages of docs/ that are made from the code are what the code makes now."""

import re
from collections import defaultdict
from typing import Annotated

import pytest
import yaml
from pydantic import Field
from source_trees import MODULES, by_room, modules_by_import, relative
from tfx.types.artifact import Artifact

from components import artifacts
from docs.generate import PAGES, ROOT, errors
from docs.recipe_keys import key_rows
from pipeline.recipe_files import load_recipe, recipes
from trainer.options import OneOf, Strict, Way
from trainer.recipe import parse_recipe


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


class Curve(Way):
    """A way with an option.

    Attributes:
      bend: How far it bends, or not at all where
        `None`.
    """

    name = "curve"

    bend: Annotated[int, Field(ge=1, lt=9)] | None = None


class Line(Strict):
    """A section.

    Attributes:
      shape: What it looks like.
      width: How wide it is.
    """

    shape: Annotated[Way, OneOf("straight", Curve)] = Field(
        default="straight", validate_default=True)
    width: Annotated[float, Field(gt=0.5)]


def test_a_key_has_its_values_its_default_and_what_its_class_says():
    assert list(key_rows(Line, "line.")) == [
        "| `line.shape` | `straight`, `curve` | `straight` | What it looks like |",
        "| `line.shape.curve.bend` | integer from 1 to 8, or null | `null` | "
        "How far it bends, or not at all where `null` |",
        "| `line.width` | number above 0.5 | required | How wide it is |"]


def test_a_key_that_no_docstring_explains_is_refused():
    class Silent(Line):
        """Says nothing of its option."""

        more: int = 1

    with pytest.raises(SystemExit, match=r"Silent\.more"):
        list(key_rows(Silent, ""))


def test_every_key_of_the_projects_recipes_is_in_the_reference():
    page = (ROOT / "docs" / "recipe-keys.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)) | {"family"}
    for name in recipes():
        recipe = load_recipe(name)
        tree = recipe.model_dump(exclude={"modalities", "behaviour", "tasks", "tune"})
        assert {key for key, value in tree.items() if not isinstance(value, dict)} <= known, name


def recipes_within(page):
    """Returns the indented blocks of a page that are recipes."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [yaml.safe_load(block)
            for block in re.findall(r"^    description:.*\n(?:    .*\n)+", text, re.MULTILINE)]


def test_the_recipes_of_the_docs_are_recipes():
    trees = recipes_within("recipes.md")
    assert len(trees) > 3
    for tree in trees:
        assert parse_recipe(**tree).description == tree["description"]


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


def test_the_rooms_of_the_trainer_and_the_types_of_artifacts_are_those_of_the_code():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (rooms,) = re.findall(r"in rooms: ([^|]*)\|", page)
    order = re.findall(r"`(\w+)`", rooms)
    assert sorted(order) == sorted(
        path.parent.name for path in (ROOT / "trainer").glob("*/__init__.py"))
    known = by_room(modules_by_import(), depth=2)
    for place, room in enumerate(order):
        before = {f"trainer.{one}" for one in order[:place]}
        assert not known[f"trainer.{room}"] & before, f"{room} imports rooms that are before it"
    names = {name for name, one in vars(artifacts).items()
             if isinstance(one, type) and issubclass(one, Artifact)}
    ours = set(re.findall(r"`([A-Z]\w+)`", page.split("## Components")[1]))
    assert {"Predictions", "Weights"} <= names & ours
    assert names <= ours, "Say in docs/architecture.md who makes it"


@pytest.mark.parametrize(("walk", "pattern"), [
    ("a picture column", "(^|[^`])[\"']image[\"']"), ("a configuration value", r"\bmfcc\b")])
def test_the_rooms_that_a_walk_passes_are_those_of_the_code(walk, pattern):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {walk}.*\|$", page, re.MULTILINE)
    (before, now) = (tuple(map(int, one)) for one in re.findall(r"(\d+) rooms, (\d+) modules", row))
    modules = [relative(path) for path in MODULES
               if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)]
    rooms = {"/".join(module.split("/")[:2]) for module in modules}
    assert now == (len(rooms), len(modules)) < before, sorted(modules)
