import dataclasses

import numpy as np
import pytest

from trainer.data.interactions import InteractionReader
from trainer.data.tables import Table, read_table


@pytest.fixture(scope="module")
def reader(transformed, tmp_path_factory):
    vocabulary = tmp_path_factory.mktemp("users") / "index"
    vocabulary.write_text("b\na\n")
    users = Table(["b", "a"], str(vocabulary), {}, np.zeros(3, np.int32))
    items = read_table(transformed["items"].files, transformed["items"].output)
    return InteractionReader(
        transformed["interactions"].output, users, items, ("rating", "like"), ("stars",))


def test_ids_become_table_indices_and_unknown_ones_zero(reader, transformed):
    rows = reader.rows(transformed["interactions"].files)
    assert rows["user_index"].tolist() == [2, 1, 0]
    assert rows["item_index"].tolist() == [1, 3, 0]
    assert rows["history_index"].tolist() == [[0] * 5, [2, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert rows["history_index"].dtype == np.int32


def test_model_inputs_hold_no_outcome_and_no_string(reader, transformed):
    inputs = reader.inputs(reader.rows(transformed["interactions"].files))
    assert set(inputs) == {
        "user_index", "item_index", "history_index", "history_age", "history_rank",
        "history__stars", "context"}


def test_training_batches_are_full_and_come_with_their_labels(reader, transformed):
    files = transformed["interactions"].files * 3
    batches = list(reader.batches(files, 4, shuffle_seed=1).as_numpy_iterator())
    assert [len(inputs["user_index"]) for inputs, _ in batches] == [4, 4]
    rating_of = {2: 5.0, 1: 2.0}
    for inputs, labels in batches:
        assert set(labels) == {"rating", "like"}
        expected = [rating_of.get(user, np.nan) for user in inputs["user_index"].tolist()]
        np.testing.assert_array_equal(labels["rating"], expected)


def test_shuffling_follows_the_seed_and_differs_by_epoch(reader, transformed):
    files = transformed["interactions"].files * 20

    def epochs(seed):
        batches = reader.batches(files, 60, seed)
        return [next(batches.as_numpy_iterator())[0]["user_index"].tolist() for _ in range(2)]

    first, second = epochs(3)
    assert first != second
    assert sorted(first) == sorted(second)
    assert epochs(3)[0] == first
    assert epochs(4)[0] != first


def test_without_shuffling_the_last_batch_may_be_short(reader, transformed):
    sizes = [len(row["user_index"])
             for row in reader.raw(transformed["interactions"].files, 2).as_numpy_iterator()]
    assert sizes == [2, 1]


def test_of_a_hidden_item_there_is_no_row_and_it_is_unknown_elsewhere(reader, transformed):
    files = transformed["interactions"].files
    hidden = np.zeros(len(reader.items), bool)
    hidden[1] = True
    rows = dataclasses.replace(reader, hidden=hidden).rows(files)
    assert rows["item_index"].tolist() == [3, 0]
    assert rows["history_index"].tolist() == [[2, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert rows["user_index"].tolist() == [1, 0]
