"""The page of results has a place for each table, and a command that was measured fills it."""

import pytest

from benchmarks.results import PAGE, Table, replaced, tables
from pipeline.recipe_files import recipes

EVERY = tables(",".join(recipes()))


def test_every_table_has_a_place_in_the_page():
    page = PAGE.read_text(encoding="utf-8")
    for table in EVERY:
        assert replaced(page, table, "| new |").count("| new |") == 1


def test_a_table_takes_the_place_of_the_one_before():
    table = Table("one", "demo", "--recipes ease --seeds 2")
    page = "Head\n<!-- begin one -->\nold\n<!-- end one -->\nfoot"
    filled = replaced(page, table, "new")
    assert "old" not in filled and filled.startswith("Head\n") and filled.endswith("\nfoot")
    assert "    tessera compare --dataset demo --recipes ease --seeds 2\n\nnew\n" in filled
    assert replaced(filled, table, "newer") == filled.replace("new", "newer")


def test_a_page_without_the_place_is_refused():
    with pytest.raises(ValueError):
        replaced("nothing", EVERY[0], "new")
