import keras
import numpy as np
import tensorflow as tf

from trainer.training.optimizer import RowAdamW

RATE, DECAY = 0.1, 0.3
START = np.arange(12, dtype="float32").reshape(4, 3)


def after(optimizer, gradients) -> np.ndarray:
    table = keras.Variable(START)
    optimizer.build([table])
    for gradient in gradients:
        optimizer.apply([gradient], [table])
    return table.numpy()


def rows(places: list[int]) -> tf.IndexedSlices:
    values = tf.reshape(tf.range(3.0 * len(places)) - 2.0, (len(places), 3))
    return tf.IndexedSlices(values, tf.constant(places), (4, 3))


def test_what_is_dense_is_updated_as_by_adamw():
    gradients = [tf.constant(START - 5), tf.constant(START * -2)]
    expected = after(keras.optimizers.AdamW(RATE, weight_decay=DECAY), gradients)
    np.testing.assert_allclose(after(RowAdamW(RATE, DECAY), gradients), expected, rtol=1e-5)


def test_rows_that_every_step_meets_are_updated_as_by_adamw():
    gradients = [rows([0, 1, 2, 3]), rows([3, 2, 1, 0])]
    expected = after(keras.optimizers.AdamW(RATE, weight_decay=DECAY),
                     [tf.convert_to_tensor(one) for one in gradients])
    np.testing.assert_allclose(after(RowAdamW(RATE, DECAY), gradients), expected, rtol=1e-5)


def test_rows_without_a_gradient_stay():
    result = after(RowAdamW(RATE, DECAY), [rows([2]), rows([2])])
    np.testing.assert_array_equal(result[[0, 1, 3]], START[[0, 1, 3]])
    assert (result[2] != START[2]).all()


def test_a_row_that_occurs_twice_has_the_sum_of_its_gradients():
    twice = tf.IndexedSlices([[1.0, 2, 3], [4, 5, 6]], [1, 1], (4, 3))
    once = tf.IndexedSlices([[5.0, 7, 9]], [1], (4, 3))
    np.testing.assert_allclose(
        after(RowAdamW(RATE), [twice]), after(RowAdamW(RATE), [once]), rtol=1e-6)
