import keras
import numpy as np
import pytest

from trainer.layers.lookup import TableLookup

PICTURES = np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2) + 240


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("table", [
    PICTURES, np.array([1, 70_000, 3], np.int32), np.array([1.0, 70_000.5, 3.0], np.float32),
], ids=["uint8", "int32", "float32"])
def test_rows_come_as_they_are(table, precision, policy):
    policy(precision)
    look = TableLookup(table)
    for index in (np.array([2, 0]), np.array([[1, 1], [0, 2]])):
        result = look(index).numpy()
        assert result.dtype == table.dtype
        np.testing.assert_array_equal(result, table[index])


def test_a_table_is_no_trainable_weight_and_takes_no_more_than_its_bytes():
    look = TableLookup(PICTURES)
    look(np.array([0]))
    assert look.trainable_weights == []
    [weight] = look.weights
    assert weight.value.dtype == "uint8"


def test_a_functional_model_knows_shape_and_dtype():
    index = keras.Input((4,), dtype="int32")
    rows = TableLookup(PICTURES)(index)
    assert rows.shape == (None, 4, 2, 2)
    assert keras.backend.standardize_dtype(rows.dtype) == "uint8"
    result = keras.Model(index, rows)(np.array([[0, 1, 2, 0]]))
    np.testing.assert_array_equal(result, PICTURES[[[0, 1, 2, 0]]])
