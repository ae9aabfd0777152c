"""Closed forms on MovieLens-100K, against the figures that are known of them."""

import numpy as np
import pytest

from benchmarks.folds import errors
from benchmarks.protocols import FOLDS, Ratings, literature_fold, u80
from trainer.closed_form.biases import Values, fit_biased_factors, fit_biases, squared_error
from trainer.closed_form.events import Events
from trainer.closed_form.rankers import RANKERS
from trainer.evaluation.ranking import rank, ranking_task

pytestmark = pytest.mark.slow


def _values(ratings: Ratings) -> Values:
    return Values(ratings.users, ratings.items, ratings.values.astype(float), ratings.times,
                  944, 1_683)


@pytest.mark.parametrize(("name", "published"), [
    ("popularity", 0.0733), ("item-knn", 0.1203), ("ease", 0.1332), ("ials", 0.1327)])
def test_rankers_under_u80(movielens_dir, name, published):
    ratings = Ratings.read(movielens_dir / "ml-100k" / "u.data")
    splits, relevant = u80(ratings), ratings.values >= 4

    def before(split):
        rows = splits < split
        known = ratings.take(rows)
        events = Events(known.users, known.items, known.times, relevant[rows], 944, 1_683)
        return events, ranking_task(ratings.users, ratings.items, relevant, known=rows,
                                    held_out=splits == split, n_items=1_683)

    train, validation = before(1)
    best = RANKERS[name].tuned(train, True, validation).best
    events, task = before(2)
    result = rank(RANKERS[name].fit(events, True, **best), task).metrics["ndcg@10"]
    assert result == pytest.approx(published, abs=0.004)


def test_biases_and_factors_on_the_folds_of_the_literature(movielens_dir):
    """The biases are those of papers; the factors are as good as a tuned SVD, .912."""
    biases, factors = [], []
    for number in FOLDS:
        base, test = map(_values, literature_fold(movielens_dir / "ml-100k", number))
        biases.append(squared_error(fit_biases(base, 5.0, 5.0), test) ** 0.5)
        factors.append(squared_error(fit_biased_factors(base, 5.0, 5.0, 10.0, 64), test) ** 0.5)
    assert np.mean(biases) == pytest.approx(0.942, abs=0.003)
    assert np.mean(factors) < 0.925


def test_the_stack_is_better_than_a_tuned_factorization(movielens_dir):
    """The .912 of a tuned SVD is the figure to beat on these folds."""
    assert np.mean(list(errors(movielens_dir / "ml-100k"))) < 0.91
