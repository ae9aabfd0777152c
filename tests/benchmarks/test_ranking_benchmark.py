"""The benchmark of the ranking evaluation, on a size that takes no time."""

import numpy as np

from benchmarks.ranking import made_up, measure


def test_it_ranks_the_sample_among_all_items():
    steps, peak, metrics = measure(n_users=400, n_items=90, sample=50)
    assert metrics["users"] == 50 and 0 < metrics["ndcg@10"] < 1
    assert set(steps.seconds) == {"events", "task", "popularity", "model", "figures"}
    assert peak > 0


def test_the_events_of_a_user_are_in_order():
    events = made_up(20, 30)
    times = events.times.reshape(20, -1)
    assert (np.diff(times, axis=1) >= 0).all() and events.items.max() < 30
    assert np.bincount(events.items, minlength=30)[:10].sum() > len(events) / 2
