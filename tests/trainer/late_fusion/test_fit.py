"""A fusion keeps up with the best of its rankers in data of very different kinds."""

import numpy as np
import pytest

from trainer.closed_form.events import Events
from trainer.closed_form.rankers import RANKERS
from trainer.evaluation.ranking import rank, ranking_metrics, ranking_task
from trainer.late_fusion.content import ContentMap, ItemContent
from trainer.late_fusion.fit import fit_late_fusion
from trainer.late_fusion.linear import weighted_history
from trainer.late_fusion.weights import standardised, weighted_sum

USERS, ITEMS, EACH = 200, 60, 20
DAY = 86_400


def successive(rng, times):
    """Each event is about one of the next items, and now and then about any."""
    items = np.empty(times.shape, int)
    for user in range(USERS):
        place = rng.integers(ITEMS)
        for event in range(EACH):
            place = (place + rng.integers(1, 4)) % ITEMS if rng.random() < 0.85 else rng.integers(
                ITEMS)
            items[user, event] = place
    return items


def short_lived(rng, times):
    """Everybody takes what has come out in the last days."""
    release = rng.uniform(0, 200, ITEMS) * DAY
    age = times[..., None] - release
    chance = np.where(age >= 0, np.exp(-age / (12 * DAY)), 0) + 1e-9
    cut = rng.random((*times.shape, 1)) * chance.sum(axis=-1, keepdims=True)
    return np.argmax(chance.cumsum(axis=-1) > cut, axis=-1)


@pytest.mark.parametrize(("kind", "best", "share"), [
    (successive, "decayed-ease", 0.85), (short_lived, "recent-popularity", 0.7)])
def test_a_fusion_is_about_as_good_as_the_ranker_that_fits_the_data(kind, best, share):
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, 200 * DAY, (USERS, EACH)), axis=1)
    users, items = np.repeat(np.arange(USERS), EACH), kind(rng, times).ravel()
    place = np.tile(np.arange(EACH), USERS)
    every = np.ones(len(users), bool)

    def events(end):
        rows = place < end
        return Events(users[rows], items[rows], times.ravel()[rows], every[rows], USERS, ITEMS)

    def task(begin, end):
        return ranking_task(users, items, every, known=place < begin,
                            held_out=(place >= begin) & (place < end), n_items=ITEMS)

    train, known, validation, test = events(16), events(18), task(16, 18), task(18, 20)
    fusion = fit_late_fusion(
        ["popularity", "recent_popularity", "item_to_item", "factors"], train, known, validation,
        [ItemContent(ContentMap({}, {}), np.zeros((ITEMS, 0)))], None, False, seed=1)
    histories = weighted_history(known, False, fusion.horizon)[test.users]
    scores = weighted_sum(
        [fusion.weights[name] for name in fusion.rankers],
        [standardised(one.scores(histories), known.warm) for one in fusion.rankers.values()])
    tuned = RANKERS[best].tuned(train, True, validation).best
    alone = rank(RANKERS[best].fit(known, True, **tuned), test).metrics["ndcg@10"]
    assert ranking_metrics(scores, test).metrics["ndcg@10"] > share * alone > 0.2
