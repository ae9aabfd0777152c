"""What is remembered of each user, against the histories that ingest builds."""

import numpy as np
import pytest

from components.catalog_gen.histories import Histories
from trainer.data.events import Events
from trainer.data.memory import remember
from trainer.data.tables import Table

LENGTH = 5  # of the histories in the tiny schema


def _table(ids):
    return Table(ids, "", {}, np.zeros(len(ids) + 1, np.int32))


def _events(users, items, times, stars):
    return Events(np.array(users, np.int32), np.array(items, np.int32), np.array(times, np.int64),
                  {}, {"stars": np.array(stars, np.float32)})


def test_events_of_an_unknown_user_or_item_are_not_remembered():
    memory = remember(_events([0, 1, 1], [1, 0, 1], [1, 2, 3], [5, 4, 3]),
                      _table(["a"]), _table(["x"]), 2)
    assert memory.items.tolist() == [[0, 0], [1, 0]]
    assert memory.times.tolist() == [[-1, -1], [3, -1]]
    assert memory.seen_splits.tolist() == [0, 0, 1]


@pytest.mark.parametrize(("events", "length"), [(0, 3), (3, 0)])
def test_nothing_to_remember(events, length):
    memory = remember(_events([1] * events, [1] * events, range(events), [1] * events),
                      _table(["a"]), _table(["x"]), length)
    assert memory.items.shape == (2, length) and not memory.items.any()
    assert memory.seen_splits.tolist() == [0, 0, events]


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_history_that_ingest_would_give_a_next_event(spec, seed):
    """Many events share a second, so that the order of ties shows."""
    random = np.random.default_rng(seed)
    users, items = [f"u{i}" for i in range(9)], [str(i) for i in range(200)]
    pairs = random.permutation([(u, i) for u in range(1, 9) for i in range(1, 201)])[:600]
    times = random.integers(0, 25, 600)
    stars = random.integers(1, 6, 600)
    memory = remember(_events(*pairs.T, times, stars), _table(users), _table(items), LENGTH)
    for user in range(1, 9):
        rows = [{"member": [users[user - 1]], "film": [int(items[item - 1])], "at": [int(time)],
                 "stars": [float(star)]}
                for (who, item), time, star in zip(pairs, times, stars, strict=True) if who == user]
        probe = {"member": [users[user - 1]], "film": [999], "at": [99], "stars": [1.0]}
        Histories(spec).add([*rows, probe], ["train"] * (len(rows) + 1))
        assert [int(items[i - 1]) for i in memory.items[user]] == probe["past_films"]
        assert memory.times[user].tolist() == probe["past_times"]
        assert memory.values["stars"][user].tolist() == probe["past_stars"]
        start, end = memory.seen_splits[user : user + 2]
        assert sorted(memory.seen[start:end]) == sorted(i for u, i in pairs if u == user)
    assert len(np.unique(memory.times[8])) < LENGTH  # ties are there
