import itertools

import numpy as np
import pytest
import tensorflow as tf

from trainer.export.catalogue import Category, Likeness
from trainer.export.greedy import NEVER, Greedy, Wanted
from trainer.export.selection import _best

ITEMS, ROWS, VALUES = 60, 3, 6


def looked_for_among_all(wanted, likeness, tables, k):
    """The list of one row, each place by a look at all items."""
    scores, may, (share,), most = (np.array(one) for one in wanted)
    low, high = scores[may].min(initial=1e30), scores[may].max(initial=-1e30)
    relevance = np.where(may, (scores - low) / np.float32(high - low if high > low else 1), 0)
    nearest, chosen = np.zeros_like(scores), []
    counts = [dict.fromkeys(range(1, VALUES + 1), 0) for _ in tables]
    while len(chosen) < k:
        value = (1 - share) * relevance - share * nearest if share > 0 else scores
        free = may.copy()
        free[[one for one in chosen if one]] = False
        for table, count, (bound,) in zip(tables, counts, most, strict=True):
            full = [one for one, times in count.items() if 0 <= bound <= times]
            free &= ~np.isin(table, full).any(axis=1)
        best = int(np.argmax(np.where(free, value, NEVER))) if free.any() else 0
        chosen.append(best)
        nearest = np.maximum(nearest, likeness.with_all(tf.constant([best]))[0])
        for table, count in zip(tables, counts, strict=True):
            for one in set(table[best]) - {0}:
                count[one] += 1
    return chosen


def wanted_of(random, share, most, equal):
    scores = random.normal(size=(ROWS, ITEMS + 1)).astype(np.float32)
    may = random.random((ROWS, ITEMS + 1)) < random.choice([0.05, 0.5, 1.0], (ROWS, 1))
    may[:, 0] = False
    return Wanted(
        tf.constant(np.round(scores * 2) / 2 if equal else scores), tf.constant(may),
        tf.constant([[0.0], [share], [share]], tf.float32),
        tuple(tf.constant([[most], [-1], [most]]) for _ in range(2)))


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(5)
    vectors = random.normal(size=(ITEMS + 1, 5)).astype(np.float32)
    tables = [random.integers(0, VALUES + 1, (ITEMS + 1, 2)) for _ in range(2)]
    for table in tables:
        table[0] = 0
    names = [b"v%d" % one for one in range(VALUES)]
    return Likeness(vectors), [Category(f"c{n}", table, names) for n, table in enumerate(tables)]


@pytest.fixture(scope="module")
def fill(world):
    """Fills lists out of pools of some size, as a signature does, of no size known before."""
    @tf.function(reduce_retracing=True, autograph=False)
    def traced(wanted, k, size):
        greedy = Greedy(*world, pool=size)
        return tf.cond(wanted.plain, lambda: _best(wanted, k), lambda: greedy(wanted, k))

    def fill(wanted, k, size):
        return traced(wanted, tf.constant(k), tf.constant(size)).numpy()

    return fill


@pytest.mark.parametrize(("share", "most"), [
    *itertools.product([0.0, 0.3, 1.0], [-1, 1, 3, 0])])
def test_lists_are_those_of_a_look_at_all_items(world, fill, share, most):
    likeness, categories = world
    tables = [one.table.numpy() for one in categories]
    random = np.random.default_rng([int(share * 10), most + 1])
    for size, k, equal in ((1, 1, False), (1, 7, False), (8, 5, True), (1, 25, True),
                           (1000, 60, False), (1, 60, True)):
        wanted = wanted_of(random, share, most, equal)
        rows = [looked_for_among_all(tf.nest.map_structure(lambda one: one[row], wanted),  # noqa: B023
                                     likeness, tables, k) for row in range(ROWS)]
        assert fill(wanted, k, size).tolist() == rows, (size, k, equal)


def test_without_categories_the_scores_decide(world):
    wanted = Wanted(tf.constant([[0.0, 1.0, 3.0, 2.0]]), tf.constant([[False, True, True, True]]),
                    tf.constant([[0.5]]), ())
    greedy = Greedy(Likeness(np.eye(4, dtype=np.float32)), [], pool=1)
    assert greedy(wanted, tf.constant(3)).numpy().tolist() == [[2, 3, 1]]
    assert _best(wanted, tf.constant(2)).numpy().tolist() == [[2, 3]]
    assert not wanted.plain and wanted._replace(share=tf.zeros([1, 1])).plain


def test_a_place_costs_no_look_at_the_catalogue(world):
    """Of many places few are looked for among all items: those where the pool is used up."""
    likeness, categories = world
    random = np.random.default_rng(0)
    looks = []

    class Counted(Greedy):
        def _pool(self, *given):
            looks.append(1)
            return super()._pool(*given)

    wanted = wanted_of(random, 0.0, 20, equal=False)._replace(
        open=tf.constant([[False] + [True] * ITEMS] * ROWS))
    index = Counted(likeness, categories, pool=30)(wanted, tf.constant(20)).numpy()
    assert (index > 0).all() and len(looks) == 1
