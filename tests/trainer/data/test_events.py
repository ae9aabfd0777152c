import numpy as np
import pytest
from tiny_fit import tiny_data

from schemas import InputError
from trainer.data.events import Events, concatenate, read_events


def _events(users, items, rating, times=None):
    times = np.arange(len(users)) if times is None else times
    return Events(np.array(users), np.array(items), np.asarray(times),
                  {"rating": np.array(rating, np.float32)}, {"stars": np.array(rating)})


def test_an_items_probability_is_its_share_of_the_events():
    events = _events([1, 1, 2, 3], [2, 2, 1, 2], [5, 4, 3, 2])
    share = events.item_probability(4)
    assert share.tolist() == [0, 0.25, 0.75, 0]
    assert share.dtype == np.float32


@pytest.mark.parametrize(("rating", "mean"), [
    ([5, np.nan, 2], 3.5), ([np.nan, np.nan, np.nan], 0.0), ([1, 2, 3], 2.0)])
def test_a_labels_mean_counts_the_rows_that_have_it(rating, mean):
    assert _events([1, 2, 3], [1, 2, 3], rating).label_mean("rating") == mean


@pytest.mark.parametrize(("rating", "variance"), [
    ([5, np.nan, 1], 4.0), ([np.nan, np.nan, np.nan], 1.0), ([2, 2, 2], 1.0)])
def test_a_labels_variance_is_1_where_it_has_none(rating, variance):
    assert _events([1, 2, 3], [1, 2, 3], rating).label_variance("rating") == variance


def test_shares_of_classes_count_the_rows_that_have_one():
    events = _events([1, 2, 3, 4], [1, 2, 3, 4], [2, np.nan, 0, 2])
    assert events.class_shares("rating", 4) == pytest.approx([1 / 3, 0, 2 / 3, 0])
    assert _events([1], [1], [np.nan]).class_shares("rating", 2) == [0.5, 0.5]


def test_splits_come_one_after_the_other():
    both = concatenate([_events([1, 2], [3, 4], [5, 1]), _events([6], [7], [np.nan])])
    assert len(both) == 3
    assert both.users.tolist() == [1, 2, 6]
    assert both.items.tolist() == [3, 4, 7]
    assert both.times.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(both.labels["rating"], [5, 1, np.nan])
    np.testing.assert_array_equal(both.values["stars"], [5, 1, np.nan])


def test_events_are_read_in_the_files_order():
    data = tiny_data()
    events = read_events(data.reader, ["validation", "test"])
    rows = data.reader.splits
    for name, values in (("user_index", events.users), ("item_index", events.items),
                         ("timestamp", events.times), ("label__like", events.labels["like"])):
        expected = np.concatenate([rows["validation"][name], rows["test"][name]])
        np.testing.assert_array_equal(values, expected)


def test_a_split_without_rows_is_told(transformed, tmp_path):
    from trainer.data.interactions import InteractionReader
    from trainer.data.tables import read_table

    items = read_table(transformed["items"].files, transformed["items"].output)
    reader = InteractionReader(transformed["interactions"].output, items, items, ("like",))
    with pytest.raises(InputError, match="A split of the interactions has no rows"):
        read_events(reader, [])
