from dataclasses import replace

import numpy as np
import pytest

from trainer.closed_form.biases import Values
from trainer.closed_form.events import Events
from trainer.late_fusion.predictors import Behaviour, Known
from trainer.late_fusion.stack import Stack, fit_stack

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
    return Known(rows, Behaviour(Events(rows.users, rows.items, rows.times, rows.values > 0, USERS,
                                        ITEMS)), np.zeros((USERS, 0)), np.zeros((ITEMS, 0)), {})


@pytest.mark.parametrize("binary", [False, True])
def test_of_few_rows_the_biases_say_all(binary):
    train, few = _rows(1, binary=binary), _rows(2, 150, binary)
    stack, _ = fit_stack(["biases", "factors"], _known(train), few, _known(train), few.values,
                         binary)
    assert stack.warm == stack.cold and not any(np.delete(stack.warm, [0, 2]))
    none, _ = fit_stack(["biases"], _known(train), few.at(np.zeros(150, bool)), _known(train),
                        np.zeros(0), binary)
    share = train.values.mean()
    slope = 1 / (share * (1 - share)) if binary else 1.0
    assert none.warm[1:] == pytest.approx((0.0, slope))
    at_mean = none.warm[0] + slope * share
    assert at_mean == pytest.approx(np.log(share / (1 - share)) if binary else share)


@pytest.mark.parametrize("binary", [False, True])
def test_a_head_that_knows_nothing_is_left_aside(binary, tmp_path):
    train, validation = _rows(1, binary=binary), _rows(2, 200, binary)
    noise = np.random.default_rng(9).normal(size=200)
    stack, figures = fit_stack(["factors", "biases", "content"], _known(train), validation,
                            _known(train), noise, binary)
    assert figures["warm"]["network"] == stack.warm[1]
    assert "penalty" in figures["parameters"]["factors"]
    assert figures["warm"]["biases"][0] > 3 * abs(stack.warm[1])
    assert stack.bounds == (None if binary else (train.values.min(), train.values.max()))
    assert stack.users[0] == stack.items[0] == 0.0 and stack.users[1:].all()
    stack.save(tmp_path / "one.npz")
    again = Stack.load(tmp_path / "one.npz")
    assert (again.warm, again.cold, again.bounds) == (stack.warm, stack.cold, stack.bounds)
    for mine, kept in zip(stack.predictors, again.predictors, strict=True):
        np.testing.assert_array_equal(mine.users, kept.users)
        np.testing.assert_array_equal(mine.items, kept.items)


@pytest.mark.parametrize("side", ["users", "items"])
def test_a_drift_of_the_known_is_not_that_of_the_unknown(side):
    train, validation = _rows(1), _rows(2, 300)
    fallen = replace(validation, values=validation.values - 1.0)
    one = np.where(getattr(train, side) == 3, 1, getattr(train, side))
    train = replace(train, **{side: one})
    stack, _ = fit_stack(["biases", "recent_biases"], _known(train), fallen, _known(train),
                         np.zeros(300), False)
    known = np.array([stack.warm[0] + stack.warm[2] * 3, stack.cold[0] + stack.cold[2] * 3])
    assert known[0] < 2.4 and known[1] == pytest.approx(3.0)
    assert stack.cold[3:] == (0.0, 0.0, 0.0)
    assert getattr(stack, side)[3] == 0.0
