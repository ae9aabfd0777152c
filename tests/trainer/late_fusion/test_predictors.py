import numpy as np
import pytest

from trainer.closed_form.biases import Values, fit_biases
from trainer.closed_form.events import Events
from trainer.late_fusion.predictors import PREDICTOR_KINDS, Behaviour, Known

USERS, ITEMS, ROWS = 40, 30, 1_500
PENALTIES = {"user_penalty": 2.0, "item_penalty": 2.0}
CONTENT = np.random.default_rng(0).normal(size=(ITEMS, 3))
PROFILE = np.random.default_rng(1).normal(size=(USERS, 3))


def _drawn(effect, seed=2, rows=ROWS):
    """Returns values of a mean and an effect."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(1, USERS, rows), rng.integers(1, ITEMS, rows)
    times = np.arange(rows) + 10_000 * (seed - 2)
    values = 3 + effect(users, items, times) + 0.2 * rng.normal(size=rows)
    return Values(users, items, values, times, USERS, ITEMS)


def _known(rows):
    above = rows.values > (rows.values.mean() if len(rows.values) else 0.0)
    events = Events(rows.users, rows.items, rows.times, above, USERS, ITEMS)
    return Known(rows, Behaviour(events), PROFILE, CONTENT, PENALTIES)


TASTES = np.random.default_rng(5).normal(size=(USERS, 3))
LOVED = np.random.default_rng(6).normal(size=(ITEMS, 3))
GROUPS = np.random.default_rng(7).integers(0, 2, USERS), np.arange(ITEMS) % 2
EFFECTS = {
    "recent_biases": lambda users, items, times: np.where(times > ROWS * 0.7, 1.5, -1.0),
    "factors": lambda users, items, times: np.einsum("rd,rd->r", TASTES[users], LOVED[items]),
    "item_to_item": lambda users, items, times: 2.0 * (GROUPS[0][users] == GROUPS[1][items]),
    "content": lambda users, items, times: np.einsum("rd,rd->r", TASTES[users], CONTENT[items]),
    "profile": lambda users, items, times: np.einsum("rd,rd->r", PROFILE[users], LOVED[items]),
}


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_a_predictor_explains_what_the_biases_leave(name):
    train, later = _drawn(EFFECTS[name]), _drawn(EFFECTS[name], seed=3, rows=300)
    known, kind = _known(train), PREDICTOR_KINDS[name]
    products = kind.fit(known, **kind.tuned(known, later))
    left = later.values - known.biases.predictions(later.users, later.items)
    if name == "recent_biases":  # all later rows are as the latest ones were: the user's rise
        assert np.mean(products[0].predictions(later.users, later.items)) > 0.5
        return
    predictions = products[0].predictions(later.users, later.items)
    assert np.corrcoef(predictions, left)[0, 1] > 0.5


@pytest.mark.parametrize("name", sorted(PREDICTOR_KINDS))
def test_of_who_or_what_is_unknown_only_the_mean_is_said(name):
    rows = _drawn(EFFECTS["factors"])
    known, kind = _known(rows), PREDICTOR_KINDS[name]
    profile, content = PROFILE.copy(), CONTENT.copy()
    profile[0] = content[0] = 0.0
    known = Known(known.rows, known.behaviour, profile, content, PENALTIES)
    for product in kind.fit(known, **kind.tuned(known, rows)):
        expected = rows.values.mean() if name == "biases" else 0.0
        assert product.predictions(np.array([0]), np.array([0]))[0] == pytest.approx(
            expected, abs=1e-5)


def test_the_product_of_biases_is_the_biases():
    rows = _drawn(EFFECTS["factors"])
    users, items = np.array([0, 3, 7]), np.array([5, 0, 2])
    made, = PREDICTOR_KINDS["biases"].fit(_known(rows))
    np.testing.assert_allclose(made.predictions(users, items),
                               fit_biases(rows, **PENALTIES).predictions(users, items), rtol=1e-5)


def test_rows_of_one_second_have_one_age():
    rows = _drawn(EFFECTS["recent_biases"])
    same = Values(rows.users, rows.items, rows.values, np.zeros_like(rows.times), USERS, ITEMS)
    fitted = [PREDICTOR_KINDS["recent_biases"].fit(_known(same))]
    order = np.random.default_rng(0).permutation(ROWS)
    shuffled = Values(same.users[order], same.items[order], same.values[order], same.times, USERS,
                      ITEMS)
    fitted.append(PREDICTOR_KINDS["recent_biases"].fit(_known(shuffled)))
    for one, other in zip(*fitted, strict=True):
        np.testing.assert_allclose(one.users, other.users, atol=1e-5)


def test_without_rows_nothing_fails():
    nothing = Values(*np.zeros((2, 0), int), np.zeros(0), np.zeros(0, int), USERS, ITEMS)
    known = _known(nothing)
    for kind in PREDICTOR_KINDS.values():
        for product in kind.fit(known, **kind.tuned(known, nothing)):
            assert not product.predictions(np.arange(3), np.arange(3)).any()
