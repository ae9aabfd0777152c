import math

import pytest
from keras_tuner.errors import FatalError
from tiny_fit import tiny_data

from schemas import InputError
from trainer.recipe import parse_recipe
from trainer.training.fit import fit_once
from trainer.tuning import RecipeTuner

TASKS = {"retrieval": {"head": "retrieval"}, "like": {"head": "binary", "label": "like"}}
RANGES = {"model.dim": {"min": 8, "max": 32, "step": 8}, "model.dropout": {"min": 0, "max": 0.5},
          "training.learning_rate": {"min": 0.0001, "max": 0.01, "log": True},
          "model.fusion": {"choices": ["gated", "attention"]},
          "model.interaction": {"choices": ["neural", "concat"]},
          "balancing.fixed.weights.like": {"choices": [1, 0.5]}}


def some(ranges=None, modalities="all", **tune):
    return parse_recipe(description="some", tasks=TASKS, modalities=modalities,
                        balancing={"fixed": {"weights": {"like": 0.3}}},
                        tune={"ranges": ranges or RANGES, **tune})


def nearest(trial, recipe, state):
    """Scores as if a width of 24 and a small dropout were best; the best epoch is the second."""
    best = 1 - abs(recipe.model.dim - 24) / 100 - recipe.model.dropout
    return [best - 0.1, best, best - 0.05]


def values(tuner):
    return [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]


def test_the_best_of_all_trials_is_found(tmp_path, log_lines):
    tuner = RecipeTuner(some(trials=24), 1, nearest, tmp_path, "one")
    tuner.search()
    tried = values(tuner)
    assert len(tried) == 24 and len({str(one) for one in tried}) == 24
    for one in tried:
        assert one["model.dim"] in (8, 16, 24, 32) and 0 <= one["model.dropout"] <= 0.5
        assert 0.0001 <= one["training.learning_rate"] <= 0.01
        assert one["model.fusion"] in ("gated", "attention")
        assert one["model.interaction"] in ("neural", "concat")
        assert one["balancing.fixed.weights.like"] in (1.0, 0.5)
    expected = max(1 - abs(one["model.dim"] - 24) / 100 - one["model.dropout"] for one in tried)
    best, = tuner.oracle.get_best_trials()
    assert best.score == pytest.approx(expected)
    message = log_lines
    assert sum(line.startswith("Trial ") for line in message) == 24
    assert message[-1].startswith("Trial 24 of 24: ndcg@10 0.")


def test_a_bayesian_search_closes_in(tmp_path):
    ranges = {key: RANGES[key] for key in ("model.dropout", "training.learning_rate")}
    tuner = RecipeTuner(some(ranges, method="bayesian", trials=9), 1, nearest, tmp_path, "one")
    tuner.search()
    dropouts = [one["model.dropout"] for one in values(tuner)]
    assert max(dropouts[6:]) < 0.1 < max(dropouts[:6])  # the first six are drawn at random


def test_a_search_ends_where_nothing_new_is_left(tmp_path):
    tuner = RecipeTuner(some({"model.dim": {"choices": [8, 16]}}, trials=9), 1, nearest, tmp_path,
                        "one")
    tuner.search()
    assert sorted(one["model.dim"] for one in values(tuner)) == [8, 16]


def test_a_killed_search_goes_on_with_its_trial(tmp_path):
    seen = []

    def killed(trial, recipe, state):
        seen.append((trial, recipe.model.dropout))
        state.mkdir(parents=True, exist_ok=True)
        (state / str(len(seen))).touch()
        if len(seen) == 3:
            raise KeyboardInterrupt
        return nearest(trial, recipe, state)

    with pytest.raises(KeyboardInterrupt):
        RecipeTuner(some(trials=5), 1, killed, tmp_path, "one").search()
    after = RecipeTuner(some(trials=5), 1, killed, tmp_path, "one")
    after.search()
    assert seen[3] == seen[2] and len(seen) == 6
    assert len(after.oracle.trials) == 5
    assert not list(tmp_path.rglob("checkpoints"))


def test_an_error_ends_the_search(tmp_path):
    def failing(trial, recipe, state):
        raise InputError("no-rows", "No validation row")

    with pytest.raises(FatalError, match="Trial 0 failed: No validation row") as message:
        RecipeTuner(some(trials=3), 1, failing, tmp_path, "one").search()
    assert isinstance(message.value.__cause__, InputError)


def test_a_combination_that_is_no_recipe_is_passed_over(tmp_path, log_lines, monkeypatch):
    monkeypatch.setattr("trainer.recipe.tune._COMBINATIONS", 0)  # as if there were too many
    ranges = {"training.alignment": {"choices": [0.0, 0.5]}, "model.dim": {"min": 8, "max": 16}}
    tuner = RecipeTuner(some(ranges, trials=8, modalities=[]), 1, nearest, tmp_path, "one")
    tuner.search()
    assert {trial.hyperparameters.values["training.alignment"]: math.isnan(trial.score)
            for trial in tuner.oracle.trials.values()} == {0.0: False, 0.5: True}
    assert "no recipe with training.alignment 0.5" in "\n".join(log_lines)


def test_a_trial_does_the_first_fit_alone(tmp_path):
    scores = fit_once(tiny_data(max_epochs=2), 1, tmp_path / "logs", tmp_path / "state")
    assert len(scores) == 2 and all(0 <= score <= 1 for score in scores)
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["first"]
