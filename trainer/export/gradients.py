"""Integrated gradients of a score along the straight path from a baseline to what is read."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.modalities.terms import UNKNOWN, terms_key
from trainer.network.model import Network
from trainer.parts.part import Embedded, Numbers, Part
from trainer.recipe import Recipe

Tensors = dict[str, tf.Tensor]
SCORE, BASELINE = "score", "baseline"
# With fewer, co-attention, whose score turns sharply on the way, misses a third of its sum.
_STEPS = 96
# How far the steps are moved from Gauss' places (0) to equal distances (1).
_EVENNESS = 0.99


@dataclass(frozen=True)
class Reader:
    """A part, as its gradients are read.

    Attributes:
      part: The part, with its layer.
      terms: What the indices of its embeddings mean, for each embedding; none of ids.
    """

    part: Part
    terms: tuple[tf.Variable, ...] = ()

    @property
    def by_index(self) -> bool:
        """Whether it embeds what it reads; else it reads numbers."""
        return not self.numbers

    @property
    def numbers(self) -> list[Numbers]:
        """The numbers that it reads; none where it embeds."""
        return [one for one in self.part.gradient if isinstance(one, Numbers)]


def readers(network: Network, transforms: dict[str, tft.TFTransformOutput]) -> Iterator[Reader]:
    """Yields the parts whose inputs a gradient reaches.

    Args:
      network: The network.
      transforms: The outputs of the transforms, by table, which know the vocabularies.
    """
    for part in (*network.user_parts, *network.item_parts):
        if part.gradient:
            names = [one.vocabulary for one in part.gradient
                     if isinstance(one, Embedded) and one.vocabulary]
            yield Reader(part, tuple(_terms(name, transforms[part.side]) for name in names))


def _terms(vocabulary: str, transform: tft.TFTransformOutput) -> tf.Variable:
    # As Transform counts: 0 is none, and the unknown come last.
    known = [b"", *transform.vocabulary_by_name(vocabulary), UNKNOWN.encode()]
    return tf.Variable(np.array(known, dtype=object), trainable=False)


@dataclass(frozen=True)
class Moved:
    """An input of a tower somewhere between its baseline and itself.

    Attributes:
      reader: The tower.
      number: Which of its inputs, or of its embeddings.
      distance: From the baseline to itself.
      value: Where it is.
      terms: What is at each place, strings, where it is embedded and has names.
    """

    reader: Reader
    number: int
    distance: tf.Tensor
    value: tf.Tensor
    terms: tf.Tensor | None = None


class Path:
    """Moves what towers read.

    What is read by index goes from zeros to its embedding. Numbers go from their mean, pictures
    and videos from grey, a sound from silence as long, topics from equal shares, a vector of an
    encoder or of sentiment from zeros. Presence stays as it is.

    Args:
      share: Place of each step, from 0 (baseline) to 1 (itself), `(steps,)`.
    """

    def __init__(self, share: tf.Tensor):
        self._share = share
        self.moved: list[Moved] = []
        self._at_work: Reader | None = None  # towers may share an embedding
        self._embedded = 0

    @contextmanager
    def among(self, readers: Iterable[Reader]) -> Iterator[None]:
        """Moves what these towers read, as long as the context lasts."""
        calls: list[tuple[keras.layers.Layer, Callable]] = []
        for reader in readers:
            calls.append((reader.part.layer, self._tower(reader)))
            if reader.by_index:
                calls += [(layer, self._embedding(layer.call))
                          for layer in reader.part.layer._flatten_layers()
                          if isinstance(layer, keras.layers.Embedding)]
        replaced = {id(layer): (layer, call) for layer, call in calls}.values()
        for layer, call in replaced:
            layer.call = call
        try:
            yield
        finally:
            for layer, _ in replaced:
                del layer.call

    def _tower(self, reader: Reader) -> Callable:
        call, numbers = reader.part.layer.call, reader.numbers

        def moved(inputs, *args, **kwargs):
            if not reader.by_index:
                *values, present = inputs
                values = [tf.cast(value, tf.float32) for value in values]
                inputs = (*(self._move(reader, number, numbers[number].baseline(value), value)
                            for number, value in enumerate(values)), present)
            self._at_work, self._embedded = reader, 0
            result = call(inputs, *args, **kwargs)
            self._at_work = None
            return result

        return moved

    def _embedding(self, call: Callable) -> Callable:
        def moved(index, *args, **kwargs):
            vectors, reader = call(index, *args, **kwargs), self._at_work
            if reader is None:  # a tower of the other side
                return vectors
            number = self._embedded
            self._embedded += 1
            terms = tf.gather(reader.terms[number], index) if reader.terms else None
            return self._move(reader, number, tf.zeros_like(vectors), vectors, terms)

        return moved

    def _move(self, reader: Reader, number: int, start: tf.Tensor, end: tf.Tensor,
              terms: tf.Tensor | None = None) -> tf.Tensor:
        distance = end - start
        share = tf.reshape(self._share, [-1] + [1] * (len(end.shape) - 1))
        value = start + tf.cast(share, end.dtype) * distance
        self.moved.append(Moved(reader, number, distance, value, terms))
        return value


def path_rule(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places from 0 to 1 where a path is looked at, and their weights, `(steps,)` each.

    Gauss' rule is exact for smooth scores, but its places are half as far again apart in the
    middle as at equal distances, and a score may turn sharply anywhere. An arcsine moves them
    together (Kosloff and Tal-Ezer 1993; Hale and Trefethen 2008, "New quadrature formulas from
    conformal maps"): of a turn a hundredth of the path wide 96 of them miss a quarter of what
    Gauss' miss.

    Args:
      steps: How many places there are.

    Example:
      >>> places, weights = path_rule(96)
      >>> round(float(weights @ places**2), 6)
      0.333333
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    scale = np.arcsin(_EVENNESS)
    places = np.arcsin(_EVENNESS * nodes) / scale
    slopes = _EVENNESS / np.sqrt(1 - (_EVENNESS * nodes) ** 2) / scale
    return (places + 1) / 2, weights * slopes / 2


class IntegratedGradients(tf.Module):
    """Attributes a network's score to the parts that it reads, along `Path`.

    What no tower of content or ids reads stays as it is: times, past values, counts and series.

    Args:
      recipe: The tasks.
      readers: The towers.
    """

    def __init__(self, recipe: Recipe, readers: list[Reader]):
        super().__init__(name="integrated_gradients")
        self._recipe = recipe
        self._readers: Any = readers
        self._terms = [terms for reader in readers for terms in reader.terms]

    def __call__(self, predict: Callable[[Tensors, Tensors], Tensors], users: Tensors,
                 items: Tensors, task: tf.Tensor) -> Tensors:
        """Attributes one score of each row.

        Args:
          predict: Maps the inputs of the user and of the item model to every task's prediction,
            `(batch,)`.
          users: Inputs of the user model.
          items: Inputs of the item model.
          task: The tasks to explain, strings `(batch,)`; '' is the one that ranks.

        Returns:
          `score`, and `baseline`, the baseline's score, `(batch,)`; for each part
          `<side>_<part>` its share in their difference, `(batch,)`, or a share for each pixel,
          moment, event or term, `(batch, ...)`; and the terms' names. The shares sum to the
          difference, as nearly as 96 steps reach.
        """
        def of_a_row(row: tuple[Tensors, Tensors, tf.Tensor]) -> Tensors:
            return self._of_a_row(predict, *row)

        # A row is a hundred of the model's: those of many rows must not be in memory at once.
        rows = (users, items, task)
        one = tf.function(of_a_row).get_concrete_function(tf.nest.map_structure(
            lambda value: tf.TensorSpec(value.shape[1:], value.dtype), rows))
        return tf.map_fn(one, rows, parallel_iterations=1,
                         fn_output_signature=tf.nest.map_structure(
                             tf.TensorSpec.from_tensor, one.structured_outputs))

    def _of_a_row(self, predict: Callable[[Tensors, Tensors], Tensors], user: Tensors,
                  item: Tensors, task: tf.Tensor) -> Tensors:
        nodes, weights = path_rule(_STEPS)
        # Both ends of the path have no weight; their scores show whether the sum is right.
        shares = np.array([*nodes, 0, 1], np.float32)
        weights = np.array([*weights, 0, 0], np.float32)
        path = Path(tf.constant(shares))
        with path.among(self._readers):
            predicted = predict(*({name: tf.repeat(value[None], len(shares), axis=0)
                                   for name, value in side.items()} for side in (user, item)))
        # Which task it is, not its name, is repeated: a name may be as long as a request.
        task = tf.where(task == "", self._recipe.ranking, task)
        score = tf.add_n([tf.where(task == name, predicted[name], 0.0)
                          for name in self._recipe.scored])
        outputs = {BASELINE: score[-2], SCORE: score[-1]}
        # Steps do not touch each other, so the gradient of their sum is that of each.
        gradients = tf.gradients(score * weights, [moved.value for moved in path.moved],
                                 unconnected_gradients="zero")
        for moved, gradient in zip(path.moved, gradients, strict=True):
            self._add(outputs, moved, gradient)
        return outputs

    def _add(self, outputs: Tensors, moved: Moved, gradient: tf.Tensor) -> None:
        names = moved.reader.part.outputs()
        # Several embeddings of ids, of items and types of events for example, speak as one.
        name = names[min(moved.number, len(names) - 1)]
        by_place = tf.cast(gradient, tf.float32) * tf.cast(moved.distance, tf.float32)
        axes = _kept(moved)
        by_place = tf.reduce_sum(by_place, axis=list(range(axes, len(by_place.shape))))
        share = tf.reduce_sum(by_place, axis=0)
        outputs[name] = outputs[name] + share if name in outputs else share
        if moved.terms is not None:
            outputs[terms_key(name)] = moved.terms[0]


def _kept(moved: Moved) -> int:
    if moved.reader.by_index:
        return len(moved.distance.shape) - 1
    return moved.reader.numbers[moved.number].axes
