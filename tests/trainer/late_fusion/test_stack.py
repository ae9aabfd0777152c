"""The stack of a head and predictors."""

import numpy as np
import pytest

from trainer.closed_form.biases import Values
from trainer.closed_form.events import Events
from trainer.late_fusion.predictors import Known
from trainer.late_fusion.stack import Stack, fit_stack, fit_weights

USERS, ITEMS = 30, 20


def _rows(seed, rows=400, binary=False):
    rng = np.random.default_rng(seed)
    users, items = rng.integers(1, USERS, rows), rng.integers(1, ITEMS, rows)
    taste = np.random.default_rng(0)
    value = (3 + taste.normal(size=USERS)[users] + taste.normal(size=ITEMS)[items]
             + 0.3 * rng.normal(size=rows))
    return Values(users, items, (value > 3).astype(float) if binary else value,
                  np.arange(rows), USERS, ITEMS)


def _known(rows):
    return Known(rows, Events(rows.users, rows.items, rows.times, rows.values > 0, USERS, ITEMS),
                 np.zeros((USERS, 0)), np.zeros((ITEMS, 0)), {})


def _of(values):
    users = np.arange(len(values)) % USERS
    return Values(users, users % ITEMS, values, users, USERS, ITEMS)


@pytest.mark.parametrize("binary", [False, True])
def test_weight_goes_to_what_says_something(binary):
    rng = np.random.default_rng(2)
    truth, noise = 3 * rng.normal(size=(2, 2_000))
    values = (rng.random(2_000) < 1 / (1 + np.exp(-truth))).astype(float) if binary else truth
    _, of_noise, of_truth = fit_weights(np.stack([noise, truth], axis=1), _of(values), binary)
    assert of_truth == pytest.approx(1.0, abs=0.15) and abs(of_noise) < 0.1


def test_a_shift_of_the_label_is_the_constants():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=500)
    columns = np.stack([truth + rng.normal(size=500), truth + 0.4 * rng.normal(size=500)], axis=1)
    plain, shifted = (fit_weights(columns, _of(truth + shift), False) for shift in (0.0, 5.0))
    assert plain[1:] == pytest.approx(shifted[1:], abs=1e-6)
    assert shifted[0] - plain[0] == pytest.approx(5.0, abs=1e-6)


@pytest.mark.parametrize(("rows", "values"), [
    (0, None), (20, None), (400, 1.0)], ids=["no rows", "few rows", "one value"])
def test_the_network_is_left_alone_if_nothing_can_be_learned(rows, values):
    given = np.random.default_rng(0).normal(size=rows) if values is None else np.full(rows, values)
    for binary in (False, True):
        assert fit_weights(np.ones((rows, 3)), _of(given), binary) == [0.0, 1.0, 0.0, 0.0]


def test_a_column_that_never_differs_has_no_weight():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=500)
    *_, constant = fit_weights(np.stack([truth, np.full(500, 7.0)], axis=1), _of(truth), False)
    assert constant == 0.0


@pytest.mark.parametrize("binary", [False, True])
def test_a_head_that_knows_nothing_is_left_aside(binary, tmp_path):
    train, validation = _rows(1, binary=binary), _rows(2, 200, binary)
    noise = np.random.default_rng(9).normal(size=200)
    stack, said = fit_stack(["biases", "factors", "content"], _known(train), validation,
                            _known(train), noise, binary)
    assert said["network"] == stack.network
    assert said["biases"]["weights"][0] > 3 * abs(stack.network) and "penalty" in said["factors"]
    assert stack.bounds == (None if binary else (train.values.min(), train.values.max()))
    stack.save(tmp_path / "one.npz")
    again = Stack.load(tmp_path / "one.npz")
    assert (again.start, again.network, again.weights, again.bounds) == (
        stack.start, stack.network, stack.weights, stack.bounds)
    for mine, kept in zip(stack.predictors, again.predictors, strict=True):
        np.testing.assert_array_equal(mine.users, kept.users)
        np.testing.assert_array_equal(mine.items, kept.items)
