import numpy as np

from trainer.closed_form.biases import (
    Values,
    fit_biased_factors,
    fit_biases,
    squared_error,
    tuned_biased_factors,
    tuned_biases,
)


def rated(rows, seed, users=50, items=40):
    rng = np.random.default_rng(0)
    of_user, of_item = rng.normal(0, 0.5, users), rng.normal(0, 0.7, items)
    left, right = rng.normal(0, 0.6, (users, 2)), rng.normal(0, 0.6, (items, 2))
    drawn = np.random.default_rng(seed)
    user, item = drawn.integers(0, users, rows), drawn.integers(0, items, rows)
    values = 3.5 + of_user[user] + of_item[item] + (left[user] * right[item]).sum(1)
    return Values(user, item, values + drawn.normal(0, 0.3, rows), np.arange(rows),
                  users, items)


def test_biases_solve_the_penalised_least_squares():
    rows = rated(300, 1)
    result = fit_biases(rows, user_penalty=2.0, item_penalty=5.0)
    design = np.zeros((300, 90))
    design[np.arange(300), rows.users] = 1
    design[np.arange(300), 50 + rows.items] = 1
    ridge = np.diag(np.r_[np.full(50, 2.0), np.full(40, 5.0)])
    expected = np.linalg.solve(design.T @ design + ridge,
                               design.T @ (rows.values - rows.values.mean()))
    np.testing.assert_allclose(np.r_[result.users, result.items], expected, atol=1e-3)


def test_factors_add_to_biases_and_biases_to_the_mean():
    train, validation, test = rated(1200, 1), rated(200, 2), rated(400, 3)
    chosen = tuned_biases(train, validation)
    biases = fit_biases(train, **chosen.best)
    with_factors = tuned_biased_factors(train, validation, chosen)
    factors = fit_biased_factors(train, **with_factors.best)
    mean = float(np.mean((test.values - train.values.mean()) ** 2))
    assert squared_error(factors, test) < squared_error(biases, test) < 0.7 * mean
    assert set(chosen.best) < set(with_factors.best)


def test_who_has_no_row_is_average():
    rows = Values(np.array([0, 0]), np.array([1, 1]), np.array([5.0, 3.0]), np.zeros(2, int), 3, 2)
    result = fit_biased_factors(rows, 1.0, 1.0, 1.0, 2)
    assert result.predictions(np.array([2]), np.array([0])).tolist() == [4.0]
    none = fit_biases(Values(*np.zeros((2, 0), int), np.zeros(0), np.zeros(0, int), 1, 1), 1.0, 1.0)
    assert none.predictions(np.array([0]), np.array([0])).tolist() == [0.0]
