"""Pictures as pretrained encoders take them: float32 of 0 to 1 in the network's size."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from schemas import InputError
from trainer.modalities.encoder_input import EncoderInput, filled
from trainer.modalities.image.preprocess import small_image


def _reader(options: Any, takes: tf.TensorSpec) -> Callable:
    height, width = _size(options, takes)
    return lambda raw: (
        tf.cast(small_image(raw, height, width), tf.float32) / 255.0, None, filled(raw))


def _size(options: Any, takes: tf.TensorSpec) -> tuple[int, int]:
    own = takes.shape[1:3].as_list() if takes.shape.rank else [None, None]
    size = []
    for name, given, fixed in zip(
            ("height", "width"), (options.height, options.width), own, strict=True):
        if given is None and fixed is None:
            raise InputError("encoder-size-needed",
                             f"modalities.image.encoder.{name} is not given, and the encoder "
                             f"{options.handle!r} takes pictures of any size. Give the pixels.")
        if given is not None and fixed is not None and given != fixed:
            raise InputError("encoder-size-fixed",
                             f"modalities.image.encoder.{name} is {given}; the encoder "
                             f"{options.handle!r} takes {fixed}. Leave the key out.")
        size.append(given or fixed)
    return size[0], size[1]


INPUT = EncoderInput(tf.float32, (4,), "float32 (batch, height, width, 3)", _reader)
