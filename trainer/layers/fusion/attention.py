"""Fusion by attention over the modalities."""

import keras
from keras import ops

from trainer.layers.fusion.parts import Fusion, PerModality, usable, weighted_sum
from trainer.layers.towers import masked_softmax


@keras.saving.register_keras_serializable("tessera")
class AttentionFusion(Fusion):
    """Each modality is scored by its own content; the scores weigh a sum of projections.

    The additive attention of Yang et al. 2016, "Hierarchical attention networks for document
    classification", over modalities in the place of words.
    """

    def build(self, vectors_shape, present_shape):
        """Creates the projections and the scoring network."""
        self.project = PerModality(self.dim, name="project")
        self.project.build(vectors_shape)
        self.hidden = keras.layers.Dense(self.dim, activation="tanh", name="hidden")
        self.hidden.build((None, None, self.dim))
        # Zeros: a new layer weighs all alike.
        self.score = keras.layers.Dense(
            1, use_bias=False, kernel_initializer="zeros", name="score")
        self.score.build((None, None, self.dim))

    def fuse(self, vectors, present):
        """Fuses modalities, see the base."""
        mask = usable(present)
        projected = self.project(vectors)
        logits = ops.cast(self.score(self.hidden(projected))[..., 0], "float32")
        weights = masked_softmax(logits, mask)
        return weighted_sum(projected, weights, mask), weights


@keras.saving.register_keras_serializable("tessera")
class CoAttentionFusion(Fusion):
    """A cross-modal transformer: modalities attend to each other, then attention pools them.

    After Lu et al. 2016 (arXiv:1606.00061) and Tsai et al. 2019 (arXiv:1906.00295), with all
    modalities in one sequence of one vector each.

    Args:
      dim: Width of the result and of the blocks.
      heads: Attention heads of a block.
      blocks: Number of blocks.
    """

    def __init__(self, dim: int, heads: int = 4, blocks: int = 1, **kwargs):
        super().__init__(dim, **kwargs)
        self.heads, self.blocks = heads, blocks

    def build(self, vectors_shape, present_shape):
        """Creates the blocks between a projection for each modality and the pooling."""
        self.project = PerModality(self.dim, name="project")
        self.project.build(vectors_shape)
        self.transformer = [CrossModalBlock(self.dim, self.heads, name=f"block_{number}")
                            for number in range(self.blocks)]
        inner = (vectors_shape[0], vectors_shape[1], self.dim)
        for block in self.transformer:
            block.build(inner, present_shape)
        self.pool = AttentionFusion(self.dim, name="pool")
        self.pool.build(inner, present_shape)

    def fuse(self, vectors, present):
        """Fuses modalities, see the base."""
        mask = usable(present)
        # The projections' biases show the block which modality a vector is of.
        tokens = self.project(vectors)
        for block in self.transformer:
            tokens = block(tokens, mask)
        return self.pool(tokens, mask)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "heads": self.heads, "blocks": self.blocks}


@keras.saving.register_keras_serializable("tessera")
class CrossModalBlock(keras.layers.Layer):
    """Attention of every modality to the usable ones, and a small network, both residual.

    Args:
      dim: Width of the vectors.
      heads: Number of attention heads.
    """

    def __init__(self, dim: int, heads: int = 4, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.heads = dim, heads
        self._width = -(-dim // heads)

    def build(self, tokens_shape, mask_shape):
        """Creates the block's layers."""
        def dense(name, units, width, **options):
            layer = keras.layers.Dense(units, name=name, **options)
            layer.build((None, None, width))
            return layer

        inner = self.heads * self._width
        # A key's bias would add the same to all of a row's logits.
        self.query = dense("query", inner, self.dim)
        self.key = dense("key", inner, self.dim, use_bias=False)
        self.value = dense("value", inner, self.dim)
        self.back = dense("back", self.dim, inner)
        self.hidden = dense("hidden", 2 * self.dim, self.dim, activation="gelu")
        self.out = dense("out", self.dim, 2 * self.dim)
        self.norms = [keras.layers.LayerNormalization(name=f"norm_{n}") for n in range(2)]
        for norm in self.norms:
            norm.build(tokens_shape)

    def call(self, tokens, mask):
        """Maps `(batch, modalities, dim)` and a mask `(batch, modalities)` to new vectors."""
        normed = self.norms[0](tokens)
        query, key, value = (self._split(layer(normed))
                             for layer in (self.query, self.key, self.value))
        logits = ops.einsum("bqhw,bkhw->bhqk", query, key) / self._width**0.5
        weights = masked_softmax(ops.cast(logits, "float32"), mask[:, None, None, :])
        mixed = ops.einsum("bhqk,bkhw->bqhw", ops.cast(weights, value.dtype), value)
        joined = ops.reshape(mixed, (-1, tokens.shape[1], self.heads * self._width))
        tokens = tokens + self.back(joined)
        return tokens + self.out(self.hidden(self.norms[1](tokens)))

    def _split(self, vectors):
        return ops.reshape(vectors, (-1, vectors.shape[1], self.heads, self._width))

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "dim": self.dim, "heads": self.heads}
