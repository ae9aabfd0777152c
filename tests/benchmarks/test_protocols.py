"""The protocols against what is known of MovieLens-100K under them."""

import numpy as np
import pytest
from refusals import refuses

from benchmarks.protocols import FOLDS, Ratings, cold_items, literature_fold, t80, u80
from trainer.evaluation.ranking import RankingTask, ranking_task

TRAIN, VALIDATION, TEST = range(3)


@pytest.fixture(scope="module")
def folder(movielens_dir):
    return movielens_dir / "ml-100k"


@pytest.fixture(scope="module")
def ratings(folder):
    return Ratings.read(folder / "u.data")


@pytest.fixture(scope="module")
def by_user(ratings):
    return u80(ratings)


def ranked(ratings: Ratings, splits: np.ndarray) -> RankingTask:
    """The ranking of test, given train and validation."""
    return ranking_task(
        ratings.users, ratings.items, ratings.values >= 4, known=splits < TEST,
        held_out=splits == TEST, n_items=int(ratings.items.max()) + 1)


def last_known(ratings: Ratings, splits: np.ndarray) -> np.ndarray:
    """The time of each user's last event before test."""
    last = np.full(ratings.users.max() + 1, -1)
    np.maximum.at(last, ratings.users[splits < TEST], ratings.times[splits < TEST])
    return last


def test_u80(ratings, by_user):
    task = ranked(ratings, by_user)
    assert (len(task.users), task.relevant.nnz, task.candidates.sum()) == (841, 4727, 1644)
    test = ratings.take(by_user == TEST)
    assert len(test.users) == 9991
    tied = test.times == last_known(ratings, by_user)[test.users]
    assert tied.sum() == 993
    assert len(np.intersect1d(test.users[tied], task.users)) == 430
    late = ratings.times[by_user == TRAIN] > np.median(test.times)
    assert late.mean() == pytest.approx(0.35, abs=0.005)


def test_ids_sort_as_integers(ratings, by_user):
    """As texts they would split 957 rows otherwise, which shows that ties are many."""
    as_texts = Ratings(ratings.users, np.char.add("i", ratings.items.astype(str)),
                       ratings.values, ratings.times)
    assert (u80(as_texts) != by_user).sum() == 957


def test_t80(ratings):
    splits = t80(ratings)
    shares = np.bincount(splits) / len(splits)
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.001)
    assert ratings.times[splits < TEST].max() < ratings.times[splits == TEST].min()
    of_test = ratings.users[splits == TEST]
    known = np.bincount(ratings.users[splits < TEST], minlength=ratings.users.max() + 1)
    assert (known[of_test] == 0).mean() == pytest.approx(0.71, abs=0.005)
    of_ranked = known[ranked(ratings, splits).users]
    assert (of_ranked > 1).sum() == 72 and (of_ranked == 1).sum() == 1


def test_cold_items(ratings):
    draws = [cold_items(ratings, draw) for draw in range(5)]
    ids, counts = np.unique(ratings.items, return_counts=True)
    assert [len(drawn) for drawn in draws] == [269] * 5
    assert all(counts[np.isin(ids, drawn)].min() >= 5 for drawn in draws)
    assert len(set(map(tuple, draws))) == 5
    assert cold_items(ratings, 3).tolist() == draws[3].tolist()


def test_the_folds_of_the_literature(folder, ratings):
    tested = []
    for number in FOLDS:
        base, test = literature_fold(folder, number)
        assert (len(base.users), len(test.users)) == (80_000, 20_000)
        tested.append(test.users * 10_000 + test.items)
    pairs = np.sort(ratings.users * 10_000 + ratings.items)
    assert np.array_equal(np.sort(np.concatenate(tested)), pairs)  # each row is tested once


def test_a_fold_that_is_not_there_is_told(tmp_path):
    with refuses("fold-missing", "u2.base"):
        literature_fold(tmp_path, 2)
