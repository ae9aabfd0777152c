import numpy as np
import pytest
from tiny_shop import examples

from trainer.export.evaluation import _bucket, _groups
from trainer.export.keys import slice_keys


def _row(**values):
    empty = {"past_films": [], "past_times": [], "past_stars": []}
    return {"member": [b"ann"], "film": [9], "at": [86_400], "stars": [], **empty, **values}


@pytest.fixture(scope="module")
def columns(exported, spec):
    rows = [_row(stars=[5.0]), _row(stars=[3.0], film=[33]), _row(member=[b"eve"], film=[7]),
            _row(member=[b"stranger"], film=[424242])]
    return exported.ask("transform_features", examples=examples(rows, spec))


def test_a_label_that_is_absent_is_zero_and_weighs_nothing(columns):
    assert columns["label__rating"].tolist() == [[5], [3], [0], [0]]
    assert columns["weight__rating"].tolist() == [[1], [1], [0], [0]]
    assert columns["label__like"].tolist() == [[1], [0], [0], [0]]
    assert columns["weight__like"].tolist() == [[1], [1], [0], [0]]
    assert not [name for name in columns if "retrieval" in name]


def test_slices_come_from_the_tables(columns, spec, recipe):
    wanted = slice_keys(spec, recipe.modalities)
    assert wanted == ["users__activity", "items__popularity", "item_genres"]
    assert set(wanted) < set(columns)
    assert [v.decode() for v in columns["users__activity"][:, 0]] == [
        "005 to 019 events", "005 to 019 events", "000 to 004 events", "000 to 004 events"]
    assert columns["items__popularity"][0, 0] == b"000 to 004 events"


def test_a_slice_by_category_holds_the_rows_that_have_it(columns):
    """Film 9 has one genre, film 33 three, film 7 and the unknown one none."""
    assert [set(row) for row in columns["item_genres"]] == [
        {b"crime"}, {b"crime", b"drama", b"noir"}, {b"none"}, {b"none"}]


def test_a_category_of_many_values_has_slices_of_its_most_frequent_ones():
    vocabulary = [f"actor {number}" for number in range(1_000)]
    groups = _groups(vocabulary)
    assert groups.tolist() == ["none", *vocabulary[:30], *["other"] * 971]


def test_no_slice_by_categories_that_no_tower_reads(spec):
    assert slice_keys(spec, ("text",)) == ["users__activity", "items__popularity"]


def test_ranges_of_counts_sort_as_text():
    names = _bucket(np.array([0, 4, 5, 19, 20, 50, 199, 200, 9999]))
    assert names.tolist() == [
        "000 to 004 events", "000 to 004 events", "005 to 019 events", "005 to 019 events",
        "020 to 049 events", "050 to 199 events", "050 to 199 events", "200 or more events",
        "200 or more events"]
    assert sorted(names) == names.tolist()
