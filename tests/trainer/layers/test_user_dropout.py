"""Cold-start users in training: chosen rows lose all that is known of their user."""

import keras
import numpy as np
from keras import ops

from trainer.layers.dropout import UserDropout

ROWS = {"user_index": np.arange(1, 201, dtype="int32"), "age": np.ones((200, 3), "float32")}


def test_only_training_hides_users_and_always_all_of_a_row():
    layer = UserDropout(0.5, seed=1)
    rows = {name: ops.convert_to_tensor(values) for name, values in ROWS.items()}
    same = layer(rows, training=False)
    np.testing.assert_array_equal(same["user_index"], ROWS["user_index"])
    hidden = {name: np.asarray(value) for name, value in layer(rows, training=True).items()}
    gone = hidden["user_index"] == 0
    assert 60 < gone.sum() < 140
    np.testing.assert_array_equal(hidden["age"], np.where(gone[:, None], 0.0, ROWS["age"]))
    assert hidden["user_index"].dtype == np.int32


def test_it_survives_serialization():
    layer = UserDropout(0.25, seed=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.rate, again.seed) == (0.25, 3)
