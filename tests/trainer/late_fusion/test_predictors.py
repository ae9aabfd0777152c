"""Predictors in closed form, and their stack with a head."""

import numpy as np
import pytest

from trainer.closed_form.biases import Values, fit_biased_factors, fit_biases
from trainer.late_fusion.predictors import (
    PREDICTOR_KINDS,
    Scale,
    Stack,
    _log_loss,
    _square_loss,
    fit_shares,
    fit_stack,
)

USERS, ITEMS = 30, 20


def _values(seed, rows=400, binary=False):
    rng = np.random.default_rng(seed)
    users, items = rng.integers(1, USERS, rows), rng.integers(1, ITEMS, rows)
    taste = np.random.default_rng(0)
    value = (3 + taste.normal(size=USERS)[users] + taste.normal(size=ITEMS)[items]
             + 0.3 * rng.normal(size=rows))
    return Values(users, items, (value > 3).astype(float) if binary else value, USERS, ITEMS)


def test_a_pair_product_is_the_model_that_it_was_made_of():
    rows = _values(1)
    users, items = np.array([0, 3, 7]), np.array([5, 0, 2])
    parameters = {"user_penalty": 2.0, "item_penalty": 3.0}
    more = parameters | {"penalty": 2.0, "dim": 4.0}
    plain = Scale.of(rows, False)
    for name, given, model in (("biases", parameters, fit_biases),
                               ("factors", more, fit_biased_factors)):
        made = PREDICTOR_KINDS[name].fit(rows, plain, **given)
        np.testing.assert_allclose(made.predictions(users, items),
                                   model(rows, **given).predictions(users, items), rtol=1e-5)


def test_of_a_binary_label_a_product_is_log_odds_in_the_same_order():
    rows = _values(1, binary=True)
    given = {"user_penalty": 2.0, "item_penalty": 3.0}
    odds = PREDICTOR_KINDS["biases"].fit(rows, Scale.of(rows, True), **given).predictions(
        rows.users, rows.items)
    share = fit_biases(rows, **given).predictions(rows.users, rows.items)
    assert np.argsort(odds).tolist() == np.argsort(share.astype(np.float32)).tolist() or (
        np.corrcoef(odds, share)[0, 1] > 0.999999)
    mean = rows.values.mean()
    assert odds.mean() == pytest.approx(
        np.log(mean / (1 - mean)) + (share.mean() - mean) / (mean * (1 - mean)), abs=1e-4)


@pytest.mark.parametrize(("loss", "scale"), [(_square_loss, 1.0), (_log_loss, 3.0)])
def test_shares_go_to_what_says_something(loss, scale):
    rng = np.random.default_rng(2)
    truth, noise = rng.normal(size=2000) * scale, rng.normal(size=2000) * scale
    values = truth if loss is _square_loss else (
        rng.random(2000) < 1 / (1 + np.exp(-truth))).astype(float)
    shares = fit_shares(np.stack([noise, truth], axis=1), values, loss)
    assert sum(shares) == pytest.approx(1.0) and shares[1] > 0.85


def test_a_drift_of_the_validation_rows_moves_no_share():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=500)
    columns = np.stack([truth + rng.normal(size=500), truth + 0.4 * rng.normal(size=500)], axis=1)
    plain, drifted = (fit_shares(columns, truth + drift, _square_loss) for drift in (0.0, 5.0))
    assert plain == pytest.approx(drifted, abs=1e-4)


def test_without_rows_the_network_is_all_there_is():
    assert fit_shares(np.zeros((0, 3)), np.zeros(0), _square_loss) == [1.0, 0.0, 0.0]
    assert fit_shares(np.ones((4, 2)), np.ones(4), _log_loss) == [1.0, 0.0]


@pytest.mark.parametrize("binary", [False, True])
def test_a_stack_leaves_a_head_that_knows_nothing_aside_and_is_kept(binary, tmp_path):
    train, validation = _values(1, binary=binary), _values(2, 200, binary)
    noise = np.random.default_rng(9).normal(size=200)
    stack = fit_stack(["biases", "factors"], train, validation, train, noise, binary)
    assert stack.network < 0.2
    assert stack.network + sum(stack.weights) == pytest.approx(1.0)
    stack.save(tmp_path / "one.npz")
    again = Stack.load(tmp_path / "one.npz")
    assert (again.network, again.weights) == (stack.network, stack.weights)
    for mine, kept in zip(stack.predictors, again.predictors, strict=True):
        np.testing.assert_array_equal(mine.users, kept.users)
        np.testing.assert_array_equal(mine.items, kept.items)
