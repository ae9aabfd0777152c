"""Texts as pretrained encoders take them: as they are."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from trainer.modalities.encoder_input import EncoderInput, filled


def _reader(options: Any, takes: tf.TensorSpec) -> Callable:
    return lambda raw: (raw, None, filled(tf.strings.strip(raw)))


INPUT = EncoderInput(tf.string, (1,), "strings (batch,)", _reader)
