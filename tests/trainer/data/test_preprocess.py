import math

import numpy as np
import pytest
import tensorflow as tf

from trainer.behaviour.declarations import interaction_columns
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Role, check_made, columns_of


@pytest.fixture(scope="module")
def items(transformed):
    """Transformed items by id."""
    ids = transformed["items"].output.vocabulary_by_name(columns.INDEX)
    rows = _rows(transformed["items"])
    return {int(ids[row[columns.INDEX]]): row for row in rows}


@pytest.fixture(scope="module")
def events(transformed):
    return _rows(transformed["interactions"])


def _rows(side):
    spec = side.output.transformed_feature_spec()
    dataset = tf.data.TFRecordDataset(side.files, compression_type="GZIP")
    return [
        {name: value.numpy() for name, value in tf.io.parse_single_example(one, spec).items()}
        for one in dataset
    ]


def test_integer_ids_are_in_numeric_order(transformed, items):
    ids = transformed["items"].output.vocabulary_by_name(columns.INDEX)
    assert ids == [b"9", b"10", b"100"]
    assert [items[i][columns.INDEX] for i in (9, 10, 100)] == [0, 1, 2]


def test_categories_are_indices_from_one(transformed, items):
    assert transformed["items"].output.vocabulary_by_name("genres") == [b"drama", b"crime"]
    assert items[100]["genres"].tolist() == [2, 1, 0]
    assert items[9]["genres"].tolist() == [1, 0, 0]
    assert items[10]["genres"].tolist() == [0, 0, 0]


def test_numbers_are_standardized_over_the_known_ones(items):
    assert {i: float(items[i]["price"]) for i in items} == pytest.approx({100: -1, 9: 1, 10: 0})
    assert {i: items[i]["price__present"] for i in items} == {100: 1, 9: 1, 10: 0}


def test_texts_are_words_in_order_and_a_weighted_bag(transformed, items):
    vocabulary = transformed["items"].output.vocabulary_by_name("plot")
    assert vocabulary[:2] == [b"a", b"train"]
    assert items[100]["plot"].tolist() == [1, 2, 1, 2]
    bag = dict(zip(items[100]["plot__tfidf_ids"], items[100]["plot__tfidf"], strict=True))
    rare = 1 + math.log(4 / 2)  # three rows, one of them has the word
    heist = vocabulary.index(b"heist") + 1
    assert bag == pytest.approx({1: 3 / 6 * rare, 2: 2 / 6 * rare, heist: 1 / 6 * rare, 0: 0})
    chinese = [vocabulary.index(character.encode()) + 1 for character in "三国"]
    assert items[9]["plot"].tolist()[:2] == chinese
    assert not items[10]["plot"].any()
    assert not items[10]["plot__tfidf"].any()


def test_pictures_are_pixels_and_a_flag(items):
    assert (items[100]["poster"] == [0, 128, 255]).all()
    assert (items[9]["poster"] == 0).all()
    assert (items[100]["poster__present"], items[9]["poster__present"]) == (1, 0)


def test_labels_are_nan_where_absent(events):
    rating, like = ([row[columns.label(name)] for row in events] for name in ("rating", "like"))
    np.testing.assert_array_equal(rating, [5, 2, np.nan])
    np.testing.assert_array_equal(like, [1, 0, np.nan])
    assert [row[columns.event_value("stars")] for row in events] == [5, 2, -1]


def test_histories_are_padded_and_relative_to_the_row(events):
    row = events[1]
    assert row[columns.HISTORY_ITEM_ID].tolist() == [b"10", b"9", b"", b"", b""]
    assert row[columns.HISTORY_TIME].tolist() == [2 * 86_400, 86_400, -1, -1, -1]
    np.testing.assert_allclose(
        row[columns.HISTORY_AGE], [math.log(2), math.log(3), 0, 0, 0], rtol=1e-6)
    assert row[columns.HISTORY_RANK].tolist() == [0, 1, 2, 2, 2]
    assert row[columns.history_value("stars")].tolist() == [3, 5, -1, -1, -1]
    assert row[columns.CONTEXT][4:] == pytest.approx([math.log(2), math.log(3)])


def test_a_first_event_has_an_empty_history_and_a_moment(events):
    row = events[0]
    assert not row[columns.HISTORY_AGE].any()
    assert (row[columns.HISTORY_ITEM_ID] == b"").all()
    assert row[columns.CONTEXT][:2] == pytest.approx([0, 1], abs=1e-6)
    assert row[columns.CONTEXT][4:].tolist() == [0, 0]


def test_ids_are_strings_and_no_column_is_personal(events, transformed):
    assert [row[columns.USER_ID] for row in events] == [b"a", b"b", b"?"]
    assert [row[columns.ITEM_ID] for row in events] == [b"9", b"100", b"7"]
    assert "mail" not in transformed["items"].output.transformed_feature_spec()


def test_every_column_is_declared_with_its_role(spec, transformed):
    declared = columns_of(transformed["interactions"].output)
    roles = {role: {name for name, column in declared.items() if column.role is role}
             for role in Role}
    assert roles[Role.INPUT] == {
        columns.HISTORY_AGE, columns.HISTORY_RANK, columns.CONTEXT, columns.history_value("stars")}
    assert roles[Role.LABEL] == {columns.label("rating"), columns.label("like")}
    assert roles[Role.EVENT] == {columns.event_value("stars")}
    assert roles[Role.ID] == {columns.USER_ID, columns.ITEM_ID, columns.HISTORY_ITEM_ID}
    assert roles[Role.TIME] == {columns.TIMESTAMP, columns.HISTORY_TIME}
    assert list(declared.values()) == list(interaction_columns(spec))


def test_a_column_that_is_not_as_declared_is_refused():
    made = {"price": tf.zeros((2,)), "genres": tf.zeros((2, 3), tf.int64)}
    declared = [Column("price", "price", "float32"), Column("genres", "genres", "int32", (3,))]
    check_made(made, declared)
    for wrong in ([declared[0]], [declared[0], Column("genres", "genres", "int32", (4,))],
                  [declared[0], Column("genres", "genres", "float32", (3,))]):
        with pytest.raises(ValueError, match="genres"):
            check_made(made, wrong)
