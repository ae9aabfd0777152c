import numpy as np
import pytest

from trainer.closed_form.biases import Values
from trainer.late_fusion.stack_weights import Tangent, fit_shares, fit_weights

USERS, ITEMS = 30, 20


def _of(values):
    users = np.arange(len(values)) % USERS
    return Values(users, users % ITEMS, values, users, USERS, ITEMS)


def _drawn(outputs, rng):
    return (rng.random(len(outputs)) < 1 / (1 + np.exp(-outputs))).astype(float)


@pytest.mark.parametrize("binary", [False, True])
def test_weight_goes_to_what_says_something(binary):
    rng = np.random.default_rng(2)
    truth, noise, biases = 3 * rng.normal(size=(3, 2_000))
    biases = biases * (0.01 if binary else 1.0)
    values = _drawn(truth, rng) if binary else truth
    _, network, of_biases, of_noise, of_truth = fit_weights(
        np.stack([np.zeros(2_000), biases, noise, truth], axis=1), _of(values), 0.5, binary)
    assert of_truth == pytest.approx(1.0, abs=0.15) and abs(of_noise) < 0.1
    assert network == 0.0 and abs(of_biases) < (6.0 if binary else 0.05)


@pytest.mark.parametrize("binary", [False, True])
def test_a_network_that_says_all_takes_the_place_of_the_biases(binary):
    rng = np.random.default_rng(2)
    truth = 2 * rng.normal(size=3_000)
    values = _drawn(truth, rng) if binary else truth
    biases = (0.1 if binary else 0.5) * truth + (0.1 if binary else 1.0) * rng.normal(size=3_000)
    columns = np.stack([truth, biases], axis=1)
    constant, *weights = fit_weights(columns, _of(values), values.mean(), binary)
    predictions = constant + columns @ weights
    assert np.abs(predictions - truth).mean() < 0.2 and weights[0] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_what_adds_nothing_to_the_biases_has_no_weight(seed, binary):
    rng = np.random.default_rng(seed)
    truth, *noise = rng.normal(size=(9, 400))
    values = _drawn(truth, rng) if binary else truth + rng.normal(size=400)
    biases = 0.5 + truth / 4 if binary else truth
    columns = np.stack([*noise[:1], biases, *noise[1:]], axis=1)
    weights = fit_weights(columns, _of(values), 0.5, binary)
    assert not weights or not any(np.abs(weights[3:]) > 0.1)


def test_a_drift_is_no_merit_of_the_others():
    rng = np.random.default_rng(2)
    truth, *noise = rng.normal(size=(4, 500))
    columns = np.stack([noise[0], truth, *noise[1:]], axis=1)
    values = truth + rng.normal(size=500) + 5.0
    constant, *weights = fit_weights(columns, _of(values), 0.0, False)
    assert constant == pytest.approx(5.0, abs=0.2)
    assert weights == pytest.approx([0.0, 1.0, 0.0, 0.0], abs=0.1)


def test_a_shift_of_the_label_is_the_constants():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=500)
    columns = np.stack([truth + rng.normal(size=500), truth + 0.4 * rng.normal(size=500),
                        rng.normal(size=500)], axis=1)
    one, other = (fit_weights(columns, _of(truth + shift), 0.0, False) for shift in (2.0, 5.0))
    assert one[1:] == pytest.approx(other[1:], abs=1e-6)
    assert other[0] - one[0] == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize(("rows", "values"), [
    (0, None), (150, None), (400, 1.0)], ids=["no rows", "few rows", "one value"])
def test_nothing_can_be_learned_of_few_or_of_equal_rows(rows, values):
    given = np.random.default_rng(0).normal(size=rows) if values is None else np.full(rows, values)
    for binary in (False, True):
        assert fit_weights(np.ones((rows, 3)), _of(given), 0.5, binary) == []
        assert fit_shares(np.ones((rows, 3)), _of(given), 0.5, binary) == Tangent.at(
            0.5, binary).alone(3)


@pytest.mark.parametrize("binary", [False, True])
def test_shares_of_whole_predictions_sum_to_one(binary):
    rng = np.random.default_rng(2)
    truth, noise = rng.normal(size=(2, 2_000))
    values = (rng.random(2_000) < 1 / (1 + np.exp(-truth))).astype(float) if binary else truth
    biases, rest = (0.5 + 0.1 * truth, 0.02 * noise) if binary else (0.5 * truth, 0.5 * truth)
    columns = np.stack([noise, biases, rest], axis=1)
    constant, network, *weights = fit_shares(columns, _of(values), values.mean(), binary)
    predictions = constant + columns @ np.r_[network, weights]
    assert abs(network) < 0.1 and np.corrcoef(predictions, truth)[0, 1] > 0.9
    assert np.mean(predictions) == pytest.approx(0.0, abs=0.15)
    if not binary:
        assert constant == 0.0 and network + weights[0] == pytest.approx(1.0)


def test_a_drift_moves_no_share():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=500)
    columns = np.stack([truth + rng.normal(size=500), truth + 0.4 * rng.normal(size=500)], axis=1)
    plain, drifted = (fit_shares(columns, _of(truth + drift), 0.0, False) for drift in (0.0, 5.0))
    assert plain == pytest.approx(drifted, abs=1e-4)


@pytest.mark.parametrize("binary", [False, True])
def test_where_others_add_nothing_the_biases_have_the_whole_share(binary):
    rng = np.random.default_rng(2)
    truth, *noise = rng.normal(size=(3, 400))
    values = _drawn(truth, rng) if binary else truth
    columns = np.stack([noise[0], truth / 4 if binary else truth, noise[1]], axis=1)
    mean = float(values.mean())
    assert fit_shares(columns, _of(values), mean, binary) == Tangent.at(mean, binary).alone(3)
