"""Models that must not be blessed, in a small world with tastes, under the default checks.

What a run measures is measured here on scores in memory: no model is trained or exported.
"""

import numpy as np
import pytest

from components.gate.component import verdict_reasons
from components.ranking_evaluator import component as ranking
from components.ranking_evaluator.interactions import Interactions
from components.ranking_evaluator.limits import Comparison, Limits, reasons
from components.task_evaluator.component import judge
from components.task_metrics import relative_reasons
from pipeline.checks import Checks
from trainer.closed_form.events import Events
from trainer.closed_form.neighbours import fit_ease
from trainer.closed_form.popularity import fit_popularity
from trainer.evaluation.ranking import PairedDifference
from trainer.evaluation.written_scores import TaskScores
from trainer.tasks.kind import error_metrics
from trainer.tasks.probability import area_limit

USERS, ITEMS, PER_USER = 200, 50, 20
CHECKS = Checks()
LIMITS = Limits(CHECKS.min_ndcg_above_popularity, CHECKS.min_ndcg_difference,
                CHECKS.max_ndcg_shortfall, CHECKS.max_ndcg_decrease, CHECKS.min_ranked_users,
                CHECKS.max_value_loss)
RANDOM = np.random.default_rng(5)
TASTE = 1.5 * RANDOM.normal(size=(USERS, 3)) @ RANDOM.normal(size=(3, ITEMS))
LIKING = TASTE + 1.5 * RANDOM.normal(size=ITEMS)


@pytest.fixture(scope="module")
def world():
    """Each user meets what it likes, by chance, in an order of no meaning."""
    drawn = np.argsort(-(LIKING + RANDOM.gumbel(size=LIKING.shape)), axis=1)[:, :PER_USER]
    items = RANDOM.permuted(drawn, axis=1).ravel()
    splits = np.tile([0] * 14 + [1] * 3 + [2] * 3, USERS)
    order = np.argsort(splits, kind="stable")
    users = np.repeat(np.arange(USERS), PER_USER)
    return Interactions([str(i) for i in range(ITEMS)], USERS, users[order], items[order],
                        np.zeros(len(users), int), False, np.ones(len(users), bool),
                        splits[order], [b""] * (3 * USERS),
                        user_ids=[str(u) for u in range(USERS)])


@pytest.fixture(scope="module")
def baselines(world):
    """The baselines' results, which are the same for every model."""
    return ranking._baselines(world, world.task("test"))


class Scores:
    """A model in memory."""

    def __init__(self, table):
        self._table = np.broadcast_to(table, (USERS, ITEMS))

    def scores(self, users):
        return self._table[users]

    def predictions(self, examples):
        return {}


@pytest.fixture
def judged(world, baselines, monkeypatch):
    """Evaluates a table of scores as the RankingEvaluator does; returns its outcome."""
    monkeypatch.setattr(ranking, "_baselines", lambda *given: baselines)

    def evaluate(table):
        monkeypatch.setattr(ranking, "open_scorer", lambda *given: Scores(table))
        return ranking.evaluate("unused", world, LIMITS)

    return evaluate


def known_of(world: Interactions) -> Events:
    return world.before("test")


def popularity(world: Interactions) -> np.ndarray:
    return fit_popularity(known_of(world), relevant_only=True).scores(np.arange(USERS))


def shuffled(world: Interactions) -> np.ndarray:
    """EASE that learned from events whose items were dealt out anew."""
    known = known_of(world)
    items = np.random.default_rng(0).permutation(known.items)
    return fit_ease(Events(known.users, items, known.times, known.relevant, USERS, ITEMS),
                    True, 50.0).scores(np.arange(USERS))


def network_alone(world: Interactions) -> np.ndarray:
    """Better than popularity and worse than a closed form, as a network alone was on small data."""
    mean, scale = LIKING.mean(), LIKING.std()
    noise = np.random.default_rng(1).normal(size=LIKING.shape)
    return 0.9 * (LIKING - mean) / scale + 0.9 * noise


def test_the_models_own_taste_is_blessed(judged):
    outcome = judged(LIKING)
    assert outcome.reasons == [] and outcome.passed


@pytest.mark.parametrize("table", [
    lambda world: np.zeros(ITEMS), shuffled, lambda world: -popularity(world)],
    ids=["constant", "shuffled labels", "below popularity"])
def test_a_model_that_knows_no_taste_is_refused(judged, world, table):
    outcome = judged(table(world))
    message = verdict_reasons([outcome])
    assert len(message) == 2 and "below the popularity baseline's" in message[0]
    assert "the best baseline (" in message[1] and "95 % interval" in message[1]


@pytest.mark.parametrize(("model", "baseline", "low", "passed"), [
    (0.0150, 0.0150, -0.0010, True), (0.0080, 0.0150, -0.0090, False),
    (0.3000, 0.3000, -0.0090, True), (0.3000, 0.3000, -0.0110, False), (0.02, 0.0, 0.0, True)])
def test_what_may_be_lost_is_a_part_of_a_small_baseline(model, baseline, low, passed):
    paired = PairedDifference(model - baseline, low, 0.5, 0.5)
    best = Comparison("ease", "the best baseline (ease)", model, baseline, paired)
    missed = reasons(LIMITS, {"ndcg@10": 0.0}, {"ndcg@10": model, "users": 500}, best, None)
    assert passed is not bool(missed)


def test_a_network_that_a_simple_model_beats_is_refused(judged, world, baselines):
    outcome = judged(network_alone(world))
    reached, results = outcome.figures["ranking"]["ndcg@10"], baselines[0]
    best = outcome.figures["versus_best_baseline"]
    assert results["popularity"].metrics["ndcg@10"] < reached
    assert reached < results[best["name"]].metrics["ndcg@10"]
    (reason,) = outcome.reasons
    assert f"({best['name']})" in reason and f"{best['low']:+.4f}" in reason


@pytest.mark.parametrize("kind", ["constant", "shuffled"])
def test_predictions_that_know_nothing_are_refused(kind):
    truth = 3 + TASTE[:, 0]
    rating = np.full(USERS, truth.mean()) if kind == "constant" else RANDOM.permutation(truth)
    label = {"test_rows": USERS, "test_value": None}
    facts = {"rating": {
        "demanded": True, "labels": {"rating": label}, "trivial_is": "predicting the mean",
        "trivial": {"rmse": error_metrics(truth, np.full(USERS, truth.mean()))["rmse"]}}}
    measured = {"rating": error_metrics(truth, rating)}
    assert len(relative_reasons(measured, facts, CHECKS.max_error_ratio)) == 1
    like = (truth > 3).astype(float)
    chance = np.full(USERS, 0.5) if kind == "constant" else RANDOM.permutation(like)
    limits = {"like": {"auc": area_limit(CHECKS, 1)}}
    outcome = judge({"like": TaskScores("binary", like, chance)}, limits)
    assert not outcome.passed and "metric auc" in outcome.reasons[0]
    assert judge({"like": TaskScores("binary", like, like)}, limits).passed
