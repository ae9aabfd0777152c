import numpy as np
import pytest
import tensorflow as tf
from layer_contract import shaken, weight

from trainer.layers.heads import (
    INTERACTIONS,
    InnerProduct,
    PairHead,
    ProductHead,
    ProfileHead,
    StackedHead,
)
from trainer.layers.history import DistanceForm, HistorySum, UnitLength
from trainer.layers.lookup import BiasedFactors
from trainer.layers.sharing import ConcatenatedBranches

BATCH, DIM, CLASSES = 5, 4, 3
RANDOM = np.random.default_rng(1)
USER, ITEM = RANDOM.normal(size=(2, BATCH, DIM)).astype("float32")


@pytest.mark.parametrize("name", INTERACTIONS)
def test_one_user_meets_many_items(name):
    for units in (1, CLASSES):
        head = shaken(INTERACTIONS[name](DIM, units=units), USER, ITEM)
        pairs = np.asarray(head(USER, ITEM))
        assert pairs.shape == ((BATCH,) if units == 1 else (BATCH, CLASSES))
        table = np.asarray(head(USER[:, None, :], ITEM[None]))
        np.testing.assert_allclose(table[range(BATCH), range(BATCH)], pairs, rtol=1e-4, atol=1e-5)


def test_a_product_head_is_a_matrix_factorization():
    head = shaken(ProductHead(DIM, offset=3.5), USER, ITEM)
    weights = {w.path.split("/")[-2] + "/" + w.name: np.asarray(w) for w in head.weights}
    expected = (3.5 + USER @ weights["user_bias/kernel"][:, 0] + weights["user_bias/bias"]
                + ITEM @ weights["item_bias/kernel"][:, 0] + weights["item_bias/bias"]
                + (USER * ITEM) @ weights["diagonal/kernel"][:, 0])
    np.testing.assert_allclose(head(USER, ITEM), expected, rtol=1e-5)


def test_a_concatenating_head_is_a_network_over_both_side_by_side():
    head = shaken(INTERACTIONS["concat"](DIM), USER, ITEM)
    both = np.concatenate([USER, ITEM], axis=1)
    kernel = np.concatenate([weight(head, "user/kernel"), weight(head, "item/kernel")])
    hidden = np.maximum(both @ kernel + weight(head, "user/bias"), 0)
    second = np.maximum(hidden @ weight(head, "second/kernel") + weight(head, "second/bias"), 0)
    expected = second @ weight(head, "out/kernel") + weight(head, "out/bias")
    np.testing.assert_allclose(head(USER, ITEM), expected[:, 0], rtol=1e-4)


def test_half_precision_ends_in_float32(policy):
    for precision in ("mixed_float16", "mixed_bfloat16"):
        policy(precision)
        result = PairHead(DIM, offset=3.3)(USER, ITEM).numpy()
        assert result.tolist() == [np.float32(3.3)] * BATCH


def test_a_stacked_head_sums_as_its_weights_say_in_batches_of_any_size():
    own = shaken(PairHead(DIM), USER, ITEM)
    head = StackedHead(own, warm=[0.5, 2, 3, 4], cold=[1, 1.5, 0, -2], widths=[2, 3, 1],
                       start=DIM, bounds=None)
    for rows in (1, 24, 64):
        user, item = RANDOM.normal(size=(2, rows, DIM + 6)).astype("float32")
        user[:, -1], item[:, -1] = 1, np.arange(rows) % 2  # every second item is unknown
        product = user[:, DIM:] * item[:, DIM:]
        first, second = product[:, :2].sum(axis=1), product[:, 2:5].sum(axis=1)
        base = np.asarray(own(user[:, :DIM], item[:, :DIM]))
        expected = np.where(item[:, -1] == 1, 0.5 + 2 * base + 3 * first + 4 * second,
                            1 + 1.5 * base - 2 * second)
        np.testing.assert_allclose(head(user, item), expected, rtol=1e-4, atol=1e-4)


def test_heads_start_at_the_mean():
    for head in (*(kind(DIM, offset=3.5) for kind in INTERACTIONS.values()
                   if kind is not ProductHead),):
        assert np.asarray(head(USER, ITEM)).tolist() == [3.5] * BATCH
    assert np.asarray(ProfileHead(DIM, offset=30.0)(USER)).tolist() == [30.0] * BATCH


def test_every_task_reads_every_branch():
    layer = shaken(ConcatenatedBranches(["rating", "like", "find"], DIM), USER)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(USER)["like"] ** 2)
    result = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    reached = {w.path.split("/")[-2] for w, g in zip(layer.trainable_weights, result, strict=True)
               if g is not None}
    assert reached == {"branch_rating", "branch_like", "branch_find", "like"}


def test_one_inner_product_adds_the_product_and_both_biases():
    users, items = np.array([0, 1, 2, 2]), np.array([3, 0, 3, 1])
    sides = [shaken(BiasedFactors(4, DIM, first), users) for first in (True, False)]
    head = InnerProduct(DIM + 2, offset=3.5)
    result = np.asarray(head(sides[0](users), sides[1](items)))
    (p, bias), (q, other) = ([np.asarray(w) for w in side.weights] for side in sides)
    expected = 3.5 + (p[users] * q[items]).sum(1) + bias[users, 0] + other[items, 0]
    expected[0] = 3.5 + other[3, 0]  # nothing is known of index 0
    expected[1] = 3.5 + bias[1, 0]
    np.testing.assert_allclose(result, expected, rtol=1e-5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head(sides[0](users), sides[1](items)) ** 2)
    weights = [w.value for side in sides for w in side.trainable_weights]
    assert all(g is not None for g in tape.gradient(loss, weights))


def test_distances_are_inner_products():
    query, candidate = DistanceForm(query=True)(USER), DistanceForm(query=False)(ITEM)
    result = np.asarray(query) @ np.asarray(candidate).T
    expected = -((USER[:, None] - ITEM[None]) ** 2).sum(-1)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


def test_lengths_become_one_and_nothing_stays_nothing():
    result = np.asarray(UnitLength()(np.concatenate([USER, np.zeros((1, DIM), "float32")])))
    np.testing.assert_allclose(np.linalg.norm(result, axis=1), [*[1.0] * BATCH, 0.0], rtol=1e-5)


def test_a_history_is_summed_or_averaged_over_what_counts():
    past = np.stack([USER, ITEM, USER], axis=1)
    weights = np.tile([[1.0, 1.0, 0.0]], (BATCH, 1)).astype("float32")
    weights[-1] = 0
    for mean, divisor in ((False, 1), (True, 2)):
        result = np.asarray(HistorySum(mean)(past, weights))
        np.testing.assert_allclose(result[:-1], ((USER + ITEM) / divisor)[:-1], rtol=1e-5)
        assert not result[-1].any()
