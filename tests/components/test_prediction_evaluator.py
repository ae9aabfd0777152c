import math
from dataclasses import dataclass

import numpy as np
import pytest
from refusals import refuses
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from components.prediction_evaluator.component import judge, measured
from components.ranking_evaluator.model import open_scorer
from trainer.evaluation.written_scores import TaskScores, WrittenScores
from trainer.tasks.kind import Limit
from trainer.tasks.probability import calibration_error

LIMITS = {name: {"auc": Limit(low=0.55)} for name in ("seen", "like")}

RANDOM = np.random.default_rng(3)
LABEL = (RANDOM.random(200) < 0.4).astype("float32")
CHANCE = np.round(np.clip(0.3 * LABEL + 0.7 * RANDOM.random(200), 0, 1), 1).astype("float32")


def test_a_binary_task_is_measured_as_scikit_learn_does():
    result = measured(TaskScores("binary", LABEL, CHANCE))
    assert result["auc"] == pytest.approx(roc_auc_score(LABEL, CHANCE))
    assert result["f1"] == pytest.approx(f1_score(LABEL, CHANCE > 0.5))
    assert result["accuracy"] == pytest.approx(((CHANCE > 0.5) == (LABEL > 0)).mean())
    assert result["log_loss"] == pytest.approx(log_loss(LABEL, np.clip(CHANCE, 1e-7, 1 - 1e-7)))


def test_calibration_by_hand():
    positive = np.array([1, 0, 1, 1], bool)
    # Two rows are in the range from .2 on, with one positive; two are at the top, both positive.
    assert calibration_error(positive, np.array([0.2, 0.29, 0.9, 1.0])) == pytest.approx(
        (abs(0.49 - 1) + abs(1.9 - 2)) / 4)
    assert calibration_error(positive, positive.astype(float)) == 0
    assert math.isnan(calibration_error(positive[:0], np.zeros(0)))


@pytest.mark.parametrize(("task", "reason"), [
    (TaskScores("binary", np.array([1.0, 0.0]), np.array([0.1, 0.9])),
     "seen, metric auc 0 is below 0.55"),
    (TaskScores("binary", np.zeros(0), np.zeros(0)), "seen, metric auc nan is below 0.55"),
])
def test_what_is_not_reached_is_a_reason(task, reason):
    outcome = judge({"seen": task}, LIMITS)
    assert (outcome.passed, outcome.reasons) == (False, [reason])


def test_what_is_reached_passes():
    stars = TaskScores("regression", np.array([1.0, 4.0]), np.array([2.0, 1.0]))
    outcome = judge({"like": TaskScores("binary", LABEL, CHANCE), "stars": stars}, LIMITS)
    assert outcome.passed and set(outcome.figures["tasks"]) == {"like", "stars"}
    assert outcome.figures["tasks"]["stars"] == {
        "rmse": pytest.approx(math.sqrt(5)), "mae": pytest.approx(2.0)}


def test_nothing_is_asked_of_a_curve_that_labels_of_one_value_do_not_have():
    outcome = judge({"seen": TaskScores("binary", np.ones(3), np.ones(3))}, LIMITS)
    assert outcome.passed and math.isnan(outcome.figures["tasks"]["seen"]["auc"])


@pytest.fixture
def written(tmp_path):
    tasks = {"like": TaskScores("binary", LABEL, CHANCE)}
    ranking = np.arange(6, dtype="float32").reshape(2, 3)
    WrittenScores(["ann", "bob"], ["7", "9", "10"], ranking, tasks).save(tmp_path / "scores")
    return tmp_path / "scores"


@dataclass(frozen=True)
class Asked:
    """The ids of some interactions."""

    catalogue: list[str]
    user_ids: list[str]


def test_users_and_items_are_found_by_name(written):
    assert WrittenScores.there(written) and not WrittenScores.there(written.parent)
    np.testing.assert_array_equal(WrittenScores.load(written).tasks["like"].predictions, CHANCE)
    result = open_scorer(str(written), Asked(["10", "7", "9"], ["bob", "zoe", "ann"]))
    (written / "ranking.npz").unlink()  # it was read once, for all that is asked
    assert result.scores(np.array([2, 0])).tolist() == [[2, 0, 1], [5, 3, 4]]


def test_who_is_missing_is_named(written):
    with refuses("scores-incomplete", "lack 1 of", "'zoe'"):
        open_scorer(str(written), Asked(["7"], ["ann", "zoe"])).scores(np.arange(2))
    with refuses("scores-incomplete", "lack 1 of", "'11'"):
        open_scorer(str(written), Asked(["7", "11"], ["ann"]))
