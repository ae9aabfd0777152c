"""Fills lists place by place: at most so many of a category, and as different as is asked for.

Each place goes to the best item that may follow. It is looked for in a pool of the best items, as
long as no item outside of the pool can be better; then the pool is made anew of all items. So a
place costs a look at the pool, and the list is the one that a look at all items would give.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from trainer.export.catalogue import Category, Likeness
from trainer.export.seen import marked

NEVER = -1e30
_POOL = 1000  # items at least


class Wanted(NamedTuple):
    """What lists are made of.

    Attributes:
      scores: Of each item, `(batch, 1 + items)`.
      open: Whether it may be in the list, of that shape.
      share: The diversity, `(batch, 1)`; without any the score itself decides, not what is left
        of it on another scale.
      most: Most items of one value, by category `(batch, 1)`; any number below 0.
    """

    scores: tf.Tensor
    open: tf.Tensor
    share: tf.Tensor
    most: tuple[tf.Tensor, ...]

    @property
    def plain(self) -> tf.Tensor:
        """Whether the scores alone decide in each row, a scalar."""
        bounded = [tf.reduce_any(most >= 0) for most in self.most]
        return tf.logical_not(tf.reduce_any([tf.reduce_any(self.share > 0), *bounded]))


class Chosen(NamedTuple):
    """Lists that grow.

    Attributes:
      index: Item indices so far, `(batch, n)`; 0 where there was no item left.
      nearest: How alike each item is to the one that it is most like, `(batch, 1 + items)`, of the
        first `held` items of the list.
      held: Their number, a scalar.
      counts: How many items of each value the list has, by category `(batch, width)`.
    """

    index: tf.Tensor
    nearest: tf.Tensor
    held: tf.Tensor
    counts: tuple[tf.Tensor, ...]


class Pool(NamedTuple):
    """The best items that may follow; all tensors but the bound are `(batch, size, ...)`.

    Attributes:
      items: Item indices in order, so that of equal items the first is taken as among all.
      value: What an item is worth as the pool is made; `NEVER` if it may not follow.
      bound: What an item outside is worth at most, `(batch,)`.
      relevance: The score on the scale of likenesses.
      units: The items' vectors; of no item where no row is diverse.
      values: The items' values by category.
    """

    items: tf.Tensor
    value: tf.Tensor
    bound: tf.Tensor
    relevance: tf.Tensor
    units: tf.Tensor
    values: tuple[tf.Tensor, ...]


class Filling(NamedTuple):
    """Lists that grow out of a pool.

    Attributes:
      index: As in `Chosen`.
      counts: As in `Chosen`.
      free: Which items of the pool are not in the list, `(batch, size)`.
      nearest: As in `Chosen`, of the pool's items.
      place: Where in the pool the next item is, `(batch,)`.
      found: Whether there is a next item, `(batch,)`.
      trusted: Whether no row's next item can be outside, a scalar.
    """

    index: tf.Tensor
    counts: tuple[tf.Tensor, ...]
    free: tf.Tensor
    nearest: tf.Tensor
    place: tf.Tensor
    found: tf.Tensor
    trusted: tf.Tensor


class Greedy:
    """Fills lists.

    Args:
      likeness: Which items are alike.
      categories: Whose values a list may have only so many of.
      pool: How many items a pool has at least.
    """

    def __init__(self, likeness: Likeness, categories: Sequence[Category],
                 pool: int = _POOL) -> None:
        self._likeness, self._categories, self._least = likeness, categories, pool

    def __call__(self, wanted: Wanted, k: tf.Tensor) -> tf.Tensor:
        """Returns item indices `(batch, k)`, 0 where no item is left."""
        batch = tf.shape(wanted.scores)[0]
        chosen = Chosen(
            tf.zeros([batch, 0], tf.int32), tf.zeros_like(wanted.scores), tf.constant(0),
            tuple(tf.zeros([batch, one.width], tf.int32) for one in self._categories))
        relevance = _relevance(wanted)
        (chosen,) = tf.while_loop(
            lambda one: tf.shape(one.index)[1] < k,
            lambda one: (self._further(one, wanted, relevance, k),), (chosen,), (_shapes(chosen),))
        return tf.ensure_shape(chosen.index, [None, None])

    def _further(self, chosen: Chosen, wanted: Wanted, relevance: tf.Tensor,
                 k: tf.Tensor) -> Chosen:
        """Fills at least one place, and further ones out of the same pool."""
        length, diverse = tf.shape(chosen.index)[1], tf.reduce_any(wanted.share > 0)
        _, nearest = tf.while_loop(
            lambda held, _: tf.logical_and(held < length, diverse),
            lambda held, nearest: (held + 1, tf.maximum(
                nearest, self._likeness.with_all(chosen.index[:, held]))),
            (chosen.held, chosen.nearest), (_any(0), _any(2)))
        pool = self._pool(chosen, wanted, relevance, nearest, k)
        nobody = tf.zeros_like(pool.items[:, 0])
        filling = self._with_next(Filling(
            chosen.index, chosen.counts, pool.value > NEVER,
            tf.gather(nearest, pool.items, batch_dims=1), nobody, nobody > 0,
            tf.constant(True)), pool, wanted)
        # The pool is just made: its best item is the best of all.
        filling = filling._replace(trusted=tf.constant(True))
        (filling,) = tf.while_loop(
            lambda one: tf.logical_and(tf.shape(one.index)[1] < k, one.trusted),
            lambda one: (self._with_next(self._longer(one, pool, diverse), pool, wanted),),
            (filling,), (_shapes(filling),))
        return Chosen(filling.index, nearest, length, filling.counts)

    def _pool(self, chosen: Chosen, wanted: Wanted, relevance: tf.Tensor, nearest: tf.Tensor,
              k: tf.Tensor) -> Pool:
        rows = tf.shape(wanted.scores)[1]
        may = tf.logical_and(wanted.open, tf.logical_not(marked(chosen.index, rows)))
        for one, counts, most in zip(self._categories, chosen.counts, wanted.most, strict=True):
            may = tf.logical_and(may, tf.logical_not(one.having(_full(counts, most))))
        value = tf.where(may, _value(wanted, wanted.scores, relevance, nearest), NEVER)
        size = tf.minimum(tf.maximum(self._least, 2 * k), rows)
        best, items = tf.math.top_k(value, k=size)
        items = tf.sort(items, axis=1)
        units = tf.cond(
            tf.reduce_any(wanted.share > 0), lambda: self._likeness.units(items),
            lambda: self._likeness.units(items[:, :0]))
        return Pool(
            items, tf.gather(value, items, batch_dims=1),
            tf.where(size < rows, best[:, -1], NEVER), tf.gather(relevance, items, batch_dims=1),
            units, tuple(tf.gather(one.table, items) for one in self._categories))

    def _with_next(self, filling: Filling, pool: Pool, wanted: Wanted) -> Filling:
        """Looks for the next item in the pool."""
        may = filling.free
        for values, counts, most in zip(pool.values, filling.counts, wanted.most, strict=True):
            full = tf.gather(_full(counts, most), values, batch_dims=1)
            may = tf.logical_and(may, tf.logical_not(
                tf.reduce_any(tf.logical_and(full, values > 0), axis=2)))
        value = tf.where(
            may, _value(wanted, pool.value, pool.relevance, filling.nearest), NEVER)
        place = tf.argmax(value, axis=1, output_type=tf.int32)
        best = tf.reduce_max(value, axis=1)
        # What an item is worth never rises. An item outside that is worth as much comes later in
        # the catalogue than one that was worth no more from the start.
        first = tf.gather(pool.value, place, batch_dims=1) <= pool.bound
        trusted = (best > pool.bound) | ((best == pool.bound) & first) | (pool.bound <= NEVER)
        return filling._replace(place=place, found=best > NEVER, trusted=tf.reduce_all(trusted))

    def _longer(self, filling: Filling, pool: Pool, diverse: tf.Tensor) -> Filling:
        """Adds the next item."""
        item = tf.where(filling.found, tf.gather(pool.items, filling.place, batch_dims=1), 0)
        taken = tf.one_hot(filling.place, tf.shape(pool.items)[1], True, False)
        return filling._replace(
            index=tf.concat([filling.index, item[:, None]], axis=1),
            counts=tuple(counts + one.of(item) for one, counts in zip(
                self._categories, filling.counts, strict=True)),
            free=tf.logical_and(filling.free, tf.logical_not(taken)),
            nearest=tf.cond(
                diverse, lambda: tf.maximum(filling.nearest, tf.linalg.matvec(
                    pool.units, self._likeness.units(item))), lambda: filling.nearest))


def _full(counts: tf.Tensor, most: tf.Tensor) -> tf.Tensor:
    return tf.logical_and(counts >= most, most >= 0)


def _value(wanted: Wanted, scores: tf.Tensor, relevance: tf.Tensor,
           nearest: tf.Tensor) -> tf.Tensor:
    share = wanted.share
    return tf.where(share > 0, (1 - share) * relevance - share * nearest, scores)


def _relevance(wanted: Wanted) -> tf.Tensor:
    """Scales the scores of the items that may be chosen to 0 to 1, as cosines are scaled."""
    scores, may = wanted.scores, wanted.open
    low = tf.reduce_min(tf.where(may, scores, -NEVER), axis=1, keepdims=True)
    high = tf.reduce_max(tf.where(may, scores, NEVER), axis=1, keepdims=True)
    return tf.math.divide_no_nan(tf.where(may, scores - low, 0.0), high - low)


def _any(rank: int) -> tf.TensorShape:
    return tf.TensorShape([None] * rank)


def _shapes(state):
    """Returns shapes of no size, for sizes change as lists grow."""
    return tf.nest.map_structure(lambda one: _any(one.shape.rank), state)
