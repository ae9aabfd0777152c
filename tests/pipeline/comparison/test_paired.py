"""Recipes of a comparison against its first one, over the same users."""

import numpy as np

from components.artifacts import Verdict
from components.verdict import Outcome
from pipeline.comparison.paired import against_first, of_users
from pipeline.nodes import NodeRun

USERS = 200
BASE = np.random.default_rng(0).random(USERS)


def run(recipe, seed=1, lift=0.0, relevant="like", users=USERS):
    noise = 0.01 * np.random.default_rng(seed).normal(size=users)
    return {"recipe": recipe, "seed": seed, "relevant": relevant, "failed": None,
            "of_users": {"ndcg@10": (BASE[:users] + lift + noise).tolist()}}


def lines(runs):
    return [line.split(" | ") for line in against_first(runs).splitlines()[2:]]


def test_a_difference_is_the_mean_over_seeds_and_users():
    (name, mean, interval, p), = lines([run("a"), run("b", lift=-0.1), run("a", 2),
                                        run("b", 2, lift=-0.3)])
    assert (name, mean, p) == ("| b", "-0.2000", "0.001 |")
    low, high = map(float, interval.split(" to "))
    assert low <= -0.2 <= high < 0


def test_seeds_that_one_of_both_lacks_do_not_count():
    (line,) = lines([run("a"), run("b", lift=-0.1), run("a", 2, lift=0.5)])
    assert line[1] == "-0.1000"


def test_other_users_other_events_and_failed_runs_are_not_compared():
    failed = {"recipe": "d", "seed": 1, "relevant": "like", "failed": "no memory"}
    assert against_first([failed]) == ""
    assert against_first([run("a"), run("b", relevant=None), run("c", users=9), failed]) == ""


def test_what_checks_measured_of_users_is_read_from_their_verdicts(tmp_path):
    Outcome(True).save(str(tmp_path / "one"), "One")
    Outcome(True, of_users={"ndcg@10": [0.5, 1.0]}).save(str(tmp_path / "two"), "Two")
    nodes = {name: NodeRun(name, outputs={"verdict": str(tmp_path / name)},
                           types={"verdict": Verdict.TYPE_NAME}) for name in ("one", "two")}
    assert of_users(nodes) == {"ndcg@10": [0.5, 1.0]}
