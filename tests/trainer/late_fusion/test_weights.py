import numpy as np
import pytest

from trainer.evaluation.ranking import ranking_metrics, ranking_task
from trainer.late_fusion.weights import fit_weights, sampled, standardised

USERS, ITEMS = 80, 30


@pytest.fixture(scope="module")
def world():
    """A task in which each user wants the three items of the highest taste, and that taste."""
    rng = np.random.default_rng(0)
    taste = rng.normal(size=(USERS, ITEMS))
    best = np.argsort(-taste, axis=1)[:, :3]
    users, items = np.repeat(np.arange(USERS), 3), best.ravel()
    every = np.r_[users, np.zeros(ITEMS, int) + USERS]  # one more user, who makes items known
    held_out = np.arange(len(every)) < len(users)
    task = ranking_task(every, np.r_[items, np.arange(ITEMS)], np.ones(len(every), bool),
                        known=~held_out, held_out=held_out, n_items=ITEMS)
    return task, taste


def test_noise_and_its_opposite_get_next_to_nothing(world):
    task, taste = world
    noise = np.random.default_rng(1).normal(size=taste.shape)
    weights = fit_weights([noise, taste, -taste], task, seed=0)
    assert weights[1] > 0.9 and weights.sum() == pytest.approx(1.0)
    assert weights[2] == 0


def test_two_halves_of_the_truth_share_the_weight(world):
    task, taste = world
    rng = np.random.default_rng(2)
    first, second = (taste + rng.normal(size=taste.shape) for _ in range(2))
    weights = fit_weights([first, second], task, seed=0)
    assert weights.min() > 0.25

    def ndcg(scores):
        return ranking_metrics(scores, task).metrics["ndcg@10"]

    fused = ndcg(weights[0] * first + weights[1] * second)
    assert fused > max(ndcg(first), ndcg(second)) + 0.02


def test_without_a_user_all_weights_are_equal(world):
    task, taste = world
    nobody = task.take(np.zeros(0, int))
    assert fit_weights([taste[:0], taste[:0]], nobody, 0).tolist() == [0.5, 0.5]


def test_standardised_scores_have_mean_0_and_deviation_1_over_known_items():
    scores = np.random.default_rng(3).normal(2.0, 5.0, (4, 10))
    scores[3] = 1.0  # says the same of everything
    known = np.arange(10) < 7
    result = standardised(scores, known)
    np.testing.assert_allclose(result[:3, known].mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(result[:3, known].std(axis=1), 1)
    assert not result[3].any()


def test_a_sample_bounds_the_memory(world, monkeypatch):
    task, _ = world
    monkeypatch.setattr("trainer.late_fusion.weights._CELLS", ITEMS * 60 * 2)
    assert len(sampled(task, 2).users) == 60


def test_of_a_large_catalogue_the_first_items_of_each_ranker_give_about_the_same_weights(
        world, monkeypatch):
    task, taste = world
    rng = np.random.default_rng(4)
    parts = [taste + rng.normal(size=taste.shape) for _ in range(3)]
    expected = fit_weights(parts, task, seed=0)
    monkeypatch.setattr("trainer.late_fusion.weights._CONTENDERS", 20)
    np.testing.assert_allclose(fit_weights(parts, task, seed=0), expected, atol=0.01)
