"""Raw values of a column to vectors, in one graph for MediaEncoder and for the exported model."""

from typing import Any

import tensorflow as tf

from schemas import InputError
from trainer.encoders.module import Module
from trainer.modalities import MODALITIES
from trainer.modalities.options import Encoder as Options


class Encoder(tf.Module):
    """A pretrained network behind what turns raw values into its input.

    A text is taken as it is; a picture becomes float32 of 0 to 1 in the network's size; a sound
    float32 samples of -1 to 1 at 16 kHz, cut to its middle or followed by silence. Frames of a
    sound are averaged over time; those of the silence do not count.

    Args:
      modality: One that encoders read.
      options: The recipe's options.
      module: The loaded network.

    Raises:
      InputError: The network takes or returns something else; the message names the key.
    """

    def __init__(self, modality: str, options: Options, module: Module):
        super().__init__(name=f"{modality}_encoder")
        self._modality, self._options, self._module = modality, options, module
        self._input = MODALITIES[modality].encoder_input()
        self._owner = module.owner  # so that a SavedModel of this one holds its variables
        self._check_input(module.takes)
        self._read = self._input.reader(options, module.takes)
        self.shape: tuple[int, ...] = self._probe()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def encode(self, raw: tf.Tensor) -> dict[str, tf.Tensor]:
        """Encodes values.

        Args:
          raw: Texts or media in the form of ingest, `(batch,)`; the empty string for none.

        Returns:
          `vector`, float32 `(batch, width)`, zeros where there is no value; and `present`, 1.0 or
          0.0, `(batch,)`.
        """
        vectors, present = self._encode(raw)
        known = tf.reshape(present > 0, [-1, *(1 for _ in self.shape)])
        vectors = tf.ensure_shape(vectors, (None, *self.shape))
        return {"vector": tf.where(known, vectors, 0.0), "present": present}

    def _encode(self, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        given, share, present = self._read(raw)
        if self._input.one_by_one(self._module.takes):
            vectors = tf.map_fn(
                lambda one: self._pooled(self._output(one[0])[None], one[1][None])[0],
                (given, share), fn_output_signature=tf.TensorSpec(None, tf.float32))
        else:
            vectors = self._pooled(self._output(given), share)
        return vectors, present

    def _output(self, given: tf.Tensor) -> tf.Tensor:
        output = self._module.call(given)
        if isinstance(output, (list, tuple)):
            output = dict(enumerate(output))
        if not isinstance(output, dict):
            output = {0: output}
        wanted = self._options.output
        if wanted is None and len(output) == 1:
            (wanted,) = output
        if wanted not in output:
            known = ", ".join(repr(name) for name in sorted(output, key=str))
            raise InputError(
                "unknown-encoder-output",
                f"modalities.{self._modality}.encoder.output is {wanted!r}; the encoder gives "
                f"{known}. Name the one that is the vector.")
        return output[wanted]

    def _pooled(self, output: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
        if not self._input.lasts or output.shape.rank != 3:
            return output
        # Frames are evenly spaced; `share` of the samples is sound, the rest is silence.
        frames = tf.shape(output)[1]
        heard = tf.math.ceil(share * tf.cast(frames, tf.float32))
        weight = tf.cast(tf.cast(tf.range(frames), tf.float32)[None] < heard[:, None], tf.float32)
        total = tf.reduce_sum(output * weight[:, :, None], axis=1)
        return tf.math.divide_no_nan(total, tf.reduce_sum(weight, axis=1)[:, None])

    def _check_input(self, takes: tf.TensorSpec) -> None:
        dtype, ranks, words = self._input.dtype, self._input.ranks, self._input.words
        right = takes.dtype == dtype and takes.shape.rank in (None, *ranks)
        if right and takes.shape.rank and takes.shape.rank == max(ranks):
            right = takes.shape[0] is None  # a batch of any size
        if right and takes.shape.rank == 4:
            right = takes.shape[3] == 3
        if not right:
            raise InputError(
                "encoder-of-other-content",
                f"modalities.{self._modality}.encoder.handle is {self._options.handle!r}, which "
                f"takes "
                f"{takes.dtype.name} {_shown(takes.shape)}; an encoder of this modality takes "
                f"{words}.")

    def _probe(self) -> tuple[int, ...]:
        """Encodes nothing twice, to see what comes out."""
        key = f"modalities.{self._modality}.encoder.handle is {self._options.handle!r}"
        try:
            vectors, _ = self._encode(tf.constant(["", ""]))
        except (tf.errors.OpError, ValueError, TypeError) as error:
            words = str(getattr(error, "message", error)).splitlines()[0]
            raise InputError("encoder-fails-on-absent",
                             f"{key}, which fails on values without content: {words}") from error
        tail = self._module.tail
        output = vectors if tail is None else tail.outputs[0]
        if vectors.dtype != tf.float32 or len(output.shape) != 2 or len(vectors) != 2:
            rows = vectors.shape[0] if vectors.shape.rank else None
            shape = (_shown((None, *output.shape[1:])) if rows == 2
                     else f"{tuple(vectors.shape)} for two values")
            raise InputError(
                "encoder-without-vector",
                f"{key}, which returns {tf.as_dtype(output.dtype).name} {shape}; allowed is "
                "one vector for each value, float32 (batch, width).")
        return tuple(vectors.shape[1:])


def _shown(shape: Any) -> str:
    """Returns a shape as it is written in the recipes' documentation."""
    if getattr(shape, "rank", 0) is None:
        return "of any shape"
    sizes = ["batch" if i == 0 and s is None else "any" if s is None else str(s)
             for i, s in enumerate(shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
