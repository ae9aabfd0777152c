"""The demo shop's truth: what taste hangs on, and that it shows in what customers do."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from scipy.stats import norm

from components.sources.demo import DemoSizes, DemoWorld, make_world, new_products
from components.sources.demo.events import END, Event, make_events
from components.sources.demo.world import (
    ATTRIBUTES,
    STARS_AT_ZERO,
    STARS_NOISE,
    STARS_PER_TASTE,
)

SIZES = DemoSizes()


@pytest.fixture(scope="module")
def world():
    return make_world(7, SIZES)


@pytest.fixture(scope="module")
def events(world):
    return make_events(world, SIZES, 7)


def shuffled(world: DemoWorld, column: str) -> DemoWorld:
    """The world after products have swapped what shows in a column."""
    order = np.random.default_rng(0).permutation(SIZES.items)
    return replace(world, levels={
        name: levels[order] if ATTRIBUTES[name][0] == column else levels
        for name, levels in world.levels.items()
    })


def ndcg(scores: np.ndarray, events: list[Event], k: int = 10) -> float:
    """NDCG@10 on the last tenth of each customer's events (the test rows of U80)."""
    seen, relevant = np.zeros(scores.shape, bool), {}
    ordered = sorted(events, key=lambda e: (e.user, e.time, e.item))
    for user, group in groupby(ordered, key=lambda e: e.user):
        rows = list(group)
        cut = round(0.9 * len(rows))
        seen[user, [e.item for e in rows[:cut]]] = True
        relevant[user] = [e.item for e in rows[cut:] if (e.stars or 0) >= 4]
    scores = np.where(seen | ~seen.any(0), -np.inf, scores)
    gains = 1 / np.log2(np.arange(k) + 2)
    result = []
    for user, items in relevant.items():
        items = [item for item in items if seen[:, item].any()]
        if items:
            hits = np.isin(np.argsort(-scores[user])[:k], items)
            result.append((gains * hits).sum() / gains[: len(items)].sum())
    return float(np.mean(result))


@pytest.mark.parametrize("column", ["photo", "sound", "description"])
def test_a_model_blind_to_a_column_loses_much(world, events, column):
    assert ndcg(shuffled(world, column).taste(), events) < 0.7 * ndcg(world.taste(), events)


def test_the_oracle_beats_popularity_by_far(world, events):
    counts = np.bincount([e.item for e in events], minlength=SIZES.items)
    popularity = ndcg(np.tile(counts, (SIZES.users, 1)), events)
    assert popularity > ndcg(np.random.default_rng(0).random((SIZES.users, SIZES.items)), events)
    assert ndcg(world.taste(), events) > 3 * popularity


def at_least(stars: int, taste: np.ndarray) -> np.ndarray:
    """Returns the probability of so many stars or more."""
    mean = STARS_AT_ZERO + STARS_PER_TASTE * taste
    return norm.cdf((mean - (stars - 0.5)) / STARS_NOISE)


def test_stars_follow_their_expectation(world, events):
    rated = [e for e in events if e.stars]
    taste = world.taste()[[e.user for e in rated], [e.item for e in rated]]
    expected = 1 + sum(at_least(stars, taste) for stars in (2, 3, 4, 5))
    stars = np.array([e.stars for e in rated])
    assert abs(expected.mean() - stars.mean()) < 0.02
    assert np.sqrt(np.mean((expected - stars) ** 2)) < 0.75 * stars.std()
    assert abs(at_least(4, taste).mean() - (stars >= 4).mean()) < 0.02


def test_events_are_as_many_as_asked_distinct_and_in_time(events):
    assert len(events) == SIZES.events
    assert len({(e.user, e.item) for e in events}) == SIZES.events
    times = np.array([e.time for e in events])
    assert (np.diff(times) >= 0).all()
    assert times.min() >= END - 90 * 86_400 and END - 2 * 86_400 < times.max() < END
    assert len({e.user for e in events}) == SIZES.users
    counts = np.sort(np.bincount([e.item for e in events], minlength=SIZES.items))[::-1]
    assert 0.2 < counts[:40].sum() / SIZES.events < 0.5, "few products have many events"
    small = DemoSizes(60, 100, 1800)
    assert not new_products(small, 7).any() and make_world(1, small).taste().shape == (60, 100)
    assert len(make_events(make_world(7, small), small, 7)) == 1800


def new_ndcg(scores: np.ndarray, events: list[Event], k: int = 10) -> float:
    """NDCG@10 of the new products, over the customers who like one."""
    new = np.flatnonzero(new_products(SIZES, 7))
    liked: dict[int, list[int]] = {}
    for event in events:
        if event.item in new and (event.stars or 0) >= 4:
            liked.setdefault(event.user, []).append(event.item)
    gains = 1 / np.log2(np.arange(k) + 2)
    return float(np.mean([
        (gains * np.isin(new[np.argsort(-scores[user, new])][:k], items)).sum()
        / gains[: len(items)].sum() for user, items in liked.items()]))


@pytest.mark.parametrize("column", ["photo", "sound", "description"])
def test_what_shows_in_a_column_finds_new_products(world, events, column):
    best = new_ndcg(world.taste(), events)
    blind = new_ndcg(shuffled(world, column).taste(), events)
    guessed = new_ndcg(np.random.default_rng(0).random((SIZES.users, SIZES.items)), events)
    assert guessed + 0.2 < blind < best - 0.1


def test_nobody_meets_the_new_products_before_the_last_tenth(events):
    new = new_products(SIZES, 7)
    assert new.sum() == 40
    known, held_out = set(), []
    ordered = sorted(events, key=lambda e: (e.user, e.time, e.item))
    for _, group in groupby(ordered, key=lambda e: e.user):
        rows = list(group)
        cut = round(0.9 * len(rows))
        known |= {e.item for e in rows[:cut]}
        held_out += rows[cut:]
    assert not known & set(np.flatnonzero(new))
    liked = [e for e in held_out if new[e.item] and (e.stars or 0) >= 4]
    assert len({e.user for e in liked}) > 150
    assert sum(not new[e.item] for e in held_out) > 500  # the others are tested as before
