import numpy as np
import pytest

from trainer.closed_form.events import Events
from trainer.late_fusion.linear import NEVER_FADES
from trainer.late_fusion.member import Member
from trainer.late_fusion.new_items import fit_new_items

USERS, ITEMS = 80, 50
_MEMBERS = [Member("popularity", "popularity", False, {}),
            Member("content", "content", False, {"penalty": 10.0})]


def _world():
    """Events by a taste of content, which differs from user to user."""
    rng = np.random.default_rng(1)
    content = rng.normal(size=(ITEMS, 3))
    chance = np.exp(2 * rng.normal(size=(USERS, 3)) @ content.T)
    items = np.concatenate([rng.choice(ITEMS, 12, replace=False, p=row / row.sum())
                            for row in chance])
    users = np.repeat(np.arange(USERS), 12)
    return content, Events(users, items, np.arange(len(users)), np.ones(len(users), bool), USERS,
                           ITEMS)


def test_the_ranker_that_knows_of_hidden_items_has_the_weight():
    content, events = _world()
    weights = fit_new_items(_MEMBERS, events, [content], NEVER_FADES, seed=1).weights
    assert weights["content"] > weights["popularity"]
    assert sum(weights.values()) == pytest.approx(1.0)


def test_without_content_or_enough_events_there_are_none():
    content, events = _world()
    assert not fit_new_items(
        _MEMBERS[:1], events, [content[:, :0]], NEVER_FADES, seed=1).weights
    few = Events(np.arange(4), np.arange(4), np.arange(4), np.ones(4, bool), USERS, ITEMS)
    assert not fit_new_items(_MEMBERS, few, [content], NEVER_FADES, seed=1).weights


def test_the_less_content_says_the_less_freely_it_is_followed():
    content, events = _world()
    factors = [Member("factors", "factors", False, {
        "penalty": 0.05, "unobserved": 0.4, "dim": 8.0, "content_penalty": 1.0})]
    noise = 3 * np.random.default_rng(5).normal(size=(ITEMS, 200))
    penalties = [fit_new_items(factors, events, [one], NEVER_FADES, seed=1).content_penalty
                 for one in (content, np.concatenate([content, noise], axis=1))]
    assert penalties[0] < penalties[1]


def test_the_content_that_says_more_is_read():
    content, events = _world()
    factors = [Member("factors", "factors", False, {
        "penalty": 0.05, "unobserved": 0.4, "dim": 8.0, "content_penalty": 1.0})]
    noise = np.concatenate([content, np.random.default_rng(5).normal(size=(ITEMS, 200))], axis=1)
    for contents, best in (([content[:, :1], content], 1), ([content, noise], 0)):
        assert fit_new_items(factors, events, contents, NEVER_FADES, seed=1).content == best
