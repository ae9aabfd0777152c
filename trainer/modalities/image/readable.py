"""Pictures of a request that do not decode count as absent, as broken sounds and videos do."""

import tensorflow as tf


def whole_pictures(encoded: tf.Tensor) -> tf.Tensor:
    """Empties pictures that TensorFlow's decoder refuses.

    The decoder's error would end the whole request, for all of its rows. A graph cannot catch it;
    a dataset within the graph can leave out what fails.

    Args:
      encoded: JPEG, PNG, GIF or BMP, string of any shape; `''` where there is none.

    Returns:
      The same, `''` where a picture does not decode.
    """

    def decodes(one: tf.Tensor) -> tf.Tensor:
        tried = tf.data.Dataset.from_tensors(one).map(
            lambda data: tf.size(tf.io.decode_image(data, channels=3, expand_animations=False)))
        return tf.logical_or(
            tf.equal(tf.strings.length(one), 0),
            tried.ignore_errors().reduce(False, lambda decoded, size: size > 0))

    flat = tf.reshape(encoded, [-1])
    whole = tf.map_fn(decodes, flat, fn_output_signature=tf.bool)
    return tf.reshape(tf.where(whole, flat, ""), tf.shape(encoded))
