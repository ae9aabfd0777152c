"""Towers of the rhythm of a user's events: counts, and series of days."""

import keras
from keras import ops

from trainer.layers.towers import NumericTower, Tower


@keras.saving.register_keras_serializable("tessera")
class CountsTower(NumericTower):
    """A small network over counts of events, and of the distinct things among them."""

    def call(self, inputs, training=None):
        """Maps a user's history to vectors.

        Args:
          inputs: Counts `(batch, width)`, and for everything whose variety counts, such as the
            items and their categories, its indices `(batch, any)` with 0 for none; the first of
            them are the items.
          training: Whether dropout acts.

        Returns:
          `(vector (batch, dim), present (batch,))`.
        """
        counts, *things = inputs
        variety = [ops.log1p(distinct(index))[:, None] for index in things]
        numbers = ops.concatenate([ops.cast(counts, "float32"), *variety], axis=1)
        present = ops.cast(ops.max(things[0], axis=1) > 0, "float32")
        return super().call((ops.cast(numbers, self.compute_dtype), present), training)


def distinct(index):
    """Counts the distinct indices of each row, 0 being none.

    Args:
      index: `(batch, any)`.

    Returns:
      float32 `(batch,)`.
    """
    ordered = ops.sort(index, axis=1)
    first = ops.cast(ordered[:, :1] > 0, "float32")
    new = ops.logical_and(ordered[:, 1:] > 0, ordered[:, 1:] != ordered[:, :-1])
    return ops.sum(ops.concatenate([first, ops.cast(new, "float32")], axis=1), axis=1)


@keras.saving.register_keras_serializable("tessera")
class SeriesRnn(Tower):
    """A gated recurrent unit from the oldest day to the newest (Cho 2014, arXiv:1406.1078)."""

    def __init__(self, dim, **kwargs):
        super().__init__(dim, **kwargs)
        self._gru = keras.layers.GRU(dim, use_cudnn=False, name="gru")

    def call(self, series, training=None):
        """Maps series to vectors."""
        known = _known(series)
        state = self._gru(ops.flip(ops.cast(series, self.compute_dtype), axis=1),
                          mask=ops.flip(known, axis=1) > 0)
        return self.finish(state, ops.max(known, axis=1), training)


@keras.saving.register_keras_serializable("tessera")
class SeriesAutoencoder(Tower):
    """A variational autoencoder of the series (Kingma and Welling 2014, arXiv:1312.6114).

    The code's mean is what the model reads; in training it is a draw from its distribution.

    Args:
      latent: Width of the code.
      seed: Seed of the draws.
    """

    def __init__(self, dim, latent=8, seed=0, **kwargs):
        super().__init__(dim, **kwargs)
        self.latent, self.seed = latent, seed
        self._random = keras.random.SeedGenerator(seed)
        self._encode = keras.layers.Dense(dim, activation="gelu", name="encode")
        self._mean = keras.layers.Dense(latent, name="mean")
        # Starts narrow, at a deviation of e to the power of -1.
        self._log_variance = keras.layers.Dense(
            latent, bias_initializer=keras.initializers.Constant(-2.0), name="log_variance")
        self._decode = keras.layers.Dense(dim, activation="gelu", name="decode")
        self._project = keras.layers.Dense(dim, name="project")

    def build(self, shape):
        """Creates the last layer of the decoder, as wide as the series."""
        self._series = keras.layers.Dense(shape[1] * (shape[2] - 1), name="series")

    def call(self, series, training=None):
        """Maps series to vectors and to the loss of their codes.

        Args:
          series: `(batch, days, channels)`.
          training: Whether codes are drawn, and dropout acts.

        Returns:
          `(vector (batch, dim), present (batch,), loss (batch,))`; the loss is the negative
          evidence lower bound but for a constant, with the squared error of known days and a
          deviation of 1 in the decoder, 0 where nothing is known.
        """
        known = _known(series)
        present = ops.max(known, axis=1)
        series = ops.cast(series, self.compute_dtype)
        shape = ops.shape(series)
        hidden = self._encode(ops.reshape(series, (shape[0], series.shape[1] * series.shape[2])))
        mean = ops.cast(self._mean(hidden), "float32")
        log_variance = ops.clip(ops.cast(self._log_variance(hidden), "float32"), -10.0, 10.0)
        code = mean
        if training:
            noise = keras.random.normal(ops.shape(mean), seed=self._random)
            code = mean + ops.exp(log_variance / 2) * noise
        code = ops.cast(code, self.compute_dtype)
        again = ops.reshape(self._series(self._decode(code)), (-1, *series[:, :, :-1].shape[1:]))
        error = ops.cast(again, "float32") - ops.cast(series[:, :, :-1], "float32")
        loss = ops.sum(ops.square(error) * known[:, :, None], axis=(1, 2)) / 2
        divergence = ops.exp(log_variance) + ops.square(mean) - 1 - log_variance
        loss = (loss + ops.sum(divergence, axis=1) / 2) * present
        vector, present = self.finish(self._project(code), present, training)
        return vector, present, loss

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "latent": self.latent, "seed": self.seed}


def _known(series):
    return ops.cast(series[:, :, -1], "float32")
