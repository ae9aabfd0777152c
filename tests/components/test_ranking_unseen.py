"""Ranking of items that have no event before test, on events made by hand."""

import numpy as np
import pytest

from components.ranking_evaluator.interactions import SPLITS, Interactions
from components.ranking_evaluator.unseen import unseen_figures, unseen_task
from trainer.evaluation.ranking import RankingTask, ranking_metrics

N_ITEMS = 64


class Written:
    """Scores that are written down, for the users of a task."""

    def __init__(self, scores: np.ndarray, task: RankingTask):
        self._scores, self._task = scores, task

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self._scores[np.searchsorted(self._task.users, users)]


def interactions(*events: tuple[int, int, str, bool]) -> Interactions:
    """Events of (user, item, split, relevant)."""
    users, items, splits, relevant = zip(*events, strict=True)
    return Interactions(
        [str(i) for i in range(N_ITEMS)], 1 + max(users), np.array(users), np.array(items),
        np.zeros(len(users), np.int64), False, np.array(relevant),
        np.array([SPLITS.index(split) for split in splits]), [b""] * splits.count("test"))


@pytest.fixture
def events() -> Interactions:
    """Items 0 to 3 are known; users 1 and 2 like unseen ones, user 0 likes a known one only."""
    return interactions(
        (0, 0, "train", True), (1, 1, "train", True), (2, 2, "validation", True),
        (2, 3, "validation", False), (0, 1, "test", True), (0, 9, "test", False),
        (1, 7, "test", True), (1, 8, "test", True), (2, 63, "test", True), (2, 0, "test", True))


def test_candidates_are_what_nobody_met_and_users_those_who_like_one(events) -> None:
    task = unseen_task(events)
    assert np.flatnonzero(task.candidates).tolist() == list(range(4, N_ITEMS))
    assert task.users.tolist() == [1, 2]
    assert [row.indices.tolist() for row in task.relevant] == [[7, 8], [63]]
    assert task.excluded.nnz == 0


def test_figures_of_a_known_order(events) -> None:
    task = unseen_task(events)
    # User 1 has its two items first; user 2 its one on the 51st place, behind items 4 to 53.
    scores = np.zeros((2, N_ITEMS))
    scores[0, [7, 8]] = 2, 1
    scores[1] = -np.arange(N_ITEMS)
    scores[1, 63] = -53.5
    scores[:, :4] = 99  # known items are no candidates
    figures = unseen_figures(Written(scores, task), task)
    assert figures["candidates"] == 60
    model = figures["model"]
    assert model["recall@50"] == pytest.approx(0.5)
    assert model["ndcg@10"] == pytest.approx(0.5)
    assert model["ndcg@10_se"] == pytest.approx(0.5)  # of the values 1 and 0
    assert (model["users"], model["relevant"]) == (2, 3)


def test_users_who_all_reach_the_same_do_not_tell_how_far_off_the_mean_is(events) -> None:
    task = unseen_task(events)
    scores = np.zeros((2, N_ITEMS))
    scores[0, [7, 8]], scores[1, 63] = 1, 1
    model = unseen_figures(Written(scores, task), task)["model"]
    assert (model["ndcg@10"], model["ndcg@10_se"]) == (pytest.approx(1.0), None)


def test_new_items_and_users_of_the_test_are_counted(events) -> None:
    assert events.of_test() == {
        "events": 6, "new_items_share": pytest.approx(4 / 6), "new_users_share": 0.0}
    newcomer = interactions((0, 0, "train", True), (1, 0, "test", True))
    assert newcomer.of_test()["new_users_share"] == 1.0


def test_guessing_is_the_mean_over_random_orders(events) -> None:
    task = unseen_task(events)
    rng = np.random.default_rng(0)
    drawn = [unseen_figures(Written(rng.random((2, N_ITEMS)), task), task)["model"]
             for _ in range(2000)]
    guessed = unseen_figures(Written(np.zeros((2, N_ITEMS)), task), task)["random"]
    assert guessed["ndcg@10"] == pytest.approx(np.mean([d["ndcg@10"] for d in drawn]), abs=0.01)
    assert guessed["recall@50"] == pytest.approx(
        np.mean([d["recall@50"] for d in drawn]), abs=0.02)


def test_few_candidates_are_all_recalled_and_one_user_has_no_error() -> None:
    task = unseen_task(interactions(
        *((0, item, "train", True) for item in range(N_ITEMS - 2)), (0, 63, "test", True)))
    scores = np.arange(N_ITEMS)[None, :].astype(float)
    figures = unseen_figures(Written(scores, task), task)
    assert figures["candidates"] == 2
    assert figures["model"]["ndcg@10_se"] is None
    assert figures["model"]["recall@50"] == figures["random"]["recall@50"] == 1
    assert figures["model"]["ndcg@10"] == ranking_metrics(scores, task).metrics["ndcg@10"] == 1


@pytest.mark.parametrize(("known", "said"), [
    (range(N_ITEMS), "every item has an event in train or validation"),
    (range(60), "none of the 4 items without an event in train and validation has a relevant"),
])
def test_nothing_to_rank_is_said(known, said) -> None:
    task = unseen_task(interactions(
        *((0, item, "train", True) for item in known), (1, 0, "test", True)))
    figures = unseen_figures(Written(np.zeros((0, N_ITEMS)), task), task)
    assert said in figures["skipped"]
    assert "model" not in figures
