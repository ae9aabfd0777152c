import numpy as np
import pytest

from schemas import InputError
from trainer.closed_form.events import Events
from trainer.closed_form.neighbours import fit_decayed_ease, fit_ease
from trainer.evaluation.ranking import ranking_task
from trainer.late_fusion import kinds
from trainer.late_fusion.content import ContentMap, ItemContent
from trainer.late_fusion.fit import NETWORK, LateFusion, fit_late_fusion
from trainer.late_fusion.kinds import RANKER_KINDS
from trainer.late_fusion.linear import NEVER_FADES, weighted_history
from trainer.late_fusion.member import Member, members
from trainer.late_fusion.predictors import PREDICTOR_KINDS
from trainer.recipe.network import PREDICTORS, RANKERS

USERS, ITEMS, NEW = 60, 40, 6


@pytest.fixture(scope="module")
def world():
    """Tastes made of content; the last items have no event."""
    rng = np.random.default_rng(3)
    content = rng.normal(size=(ITEMS, 3))
    taste = rng.normal(size=(USERS, 3)) @ content.T
    chance = np.exp(1.5 * taste)
    chance[:, -NEW:] = 0
    items = np.concatenate([rng.choice(ITEMS, 14, replace=False, p=row) for row in
                            chance / chance.sum(axis=1, keepdims=True)])
    users = np.repeat(np.arange(USERS), 14)
    train = np.tile(np.arange(14) < 11, USERS)
    relevant = rng.random(len(users)) < 0.7
    known = Events(users, items, np.arange(len(users)), relevant, USERS, ITEMS)
    before = Events(users[train], items[train], np.arange(train.sum()), relevant[train],
                    USERS, ITEMS)
    task = ranking_task(users, items, relevant, known=train, held_out=~train, n_items=ITEMS)
    return content, taste, before, known, task


def _agreement(scores, taste):
    return np.mean([np.corrcoef(s, t)[0, 1] for s, t in zip(scores, taste, strict=True)])


@pytest.mark.parametrize("name", ["item_to_item", "factors", "content"])
def test_a_ranker_learns_the_taste(world, name):
    content, taste, before, _, _ = world
    kind = RANKER_KINDS[name]
    ranker = kind.fit(before, False, content, NEVER_FADES, **kind.start)
    interactions = weighted_history(before, False, NEVER_FADES)
    assert _agreement(ranker.scores(interactions)[:, :-NEW], taste[:, :-NEW]) > 0.5


@pytest.mark.parametrize("name", ["factors", "content"])
def test_content_says_what_a_new_item_is_worth(world, name):
    content, taste, before, _, _ = world
    member = Member(name, name, False, RANKER_KINDS[name].start)
    ranker = member.fit(before, [content], NEVER_FADES).with_new_items(
        content, before.item_counts(False), 1.0)
    assert not ranker.candidates[-NEW:].any()
    candidates = ranker.with_content(content, content)
    np.testing.assert_array_equal(candidates[:-NEW], ranker.candidates[:-NEW])
    query = ranker.queries(weighted_history(before, False, NEVER_FADES))
    assert _agreement(query @ candidates[-NEW:].T, taste[:, -NEW:]) > 0.5


def test_factors_follow_the_wider_content_and_content_alone_the_first(world):
    content, _, before, _, _ = world
    contents = [content[:, :1], content]
    width = {}
    for name in ("factors", "content"):
        fitted = [Member(name, name, False, RANKER_KINDS[name].start).fit(before, some, NEVER_FADES)
                  for some in (contents, contents[:1], contents[1:])]
        width[name] = [np.array_equal(fitted[0].candidates, one.candidates) for one in fitted[1:]]
    assert width == {"factors": [False, True], "content": [True, False]}


@pytest.mark.parametrize(("horizon", "real"), [
    (NEVER_FADES, lambda e: fit_ease(e, True, 7.0)),
    (5.0, lambda e: fit_decayed_ease(e, True, 7.0, 20.0, 5.0))])
def test_item_to_item_is_ease_that_fades_with_the_history(world, horizon, real, monkeypatch):
    content, _, before, _, _ = world
    users = np.arange(USERS)
    interactions = weighted_history(before, True, horizon)
    expected = real(before).scores(users)
    fit = RANKER_KINDS["item_to_item"].fit
    np.testing.assert_allclose(
        fit(before, True, content, horizon, penalty=7.0).scores(interactions), expected, atol=1e-4)
    monkeypatch.setattr(kinds, "_WHOLE", 25)  # a larger catalogue: the leading vectors
    monkeypatch.setattr(kinds, "_WIDTH", 25)
    narrow = fit(before, True, content, horizon, penalty=7.0)
    assert narrow.dim == 25
    assert _agreement(narrow.scores(interactions), expected) > 0.95


def test_popularity_is_the_same_for_everybody(world):
    content, _, before, _, _ = world
    ranker = RANKER_KINDS["popularity"].fit(before, False, content, NEVER_FADES)
    scores = ranker.scores(weighted_history(before, False, NEVER_FADES))
    np.testing.assert_allclose(scores, np.broadcast_to(
        np.log1p(before.matrix(False).sum(axis=0)), scores.shape), rtol=1e-5)


def test_rankers_that_make_no_sense_for_a_dataset_are_left_out(world):
    content, _, before, _, _ = world
    every = [one.name for one in members(list(RANKER_KINDS), before, content, True)]
    assert every == ["popularity", "recent_popularity", "item_neighbours",
                     "item_neighbours_of_relevant", "item_to_item", "item_to_item_of_relevant",
                     "factors", "factors_of_relevant", "content"]
    blind = members(list(RANKER_KINDS), before, content[:, :0], False)
    assert [one.name for one in blind] == ["popularity", "recent_popularity", "item_neighbours",
                                            "item_to_item", "factors"]


def test_a_network_that_says_something_new_joins(world):
    content, taste, before, known, task = world
    better = taste + 0.2 * np.random.default_rng(5).normal(size=taste.shape)
    fusion = fit_late_fusion(["popularity", "item_to_item"], before, known, task,
                             [ItemContent(ContentMap({}, {}), content)],
                             lambda some: better[some.users], True, seed=1)
    assert fusion.weights[NETWORK] > 0.5
    assert fusion.log["fused"]["network_gain"] > fusion.log["fused"]["network_gain_se"]
    # What it is worth for new items nothing has measured, so that it has no weight there.
    assert NETWORK not in fusion.new_item_weights
    assert sum(fusion.new_item_weights.values()) == pytest.approx(1.0)


def test_what_a_recipe_may_name_is_what_can_be_fitted():
    assert list(RANKERS) == list(RANKER_KINDS)
    assert list(PREDICTORS) == list(PREDICTOR_KINDS)


def test_a_fusion_of_nothing_is_refused(world):
    content, _, before, known, task = world
    with pytest.raises(InputError) as refused:
        fit_late_fusion(["content"], before, known, task,
                        [ItemContent(ContentMap({}, {}), content[:, :0])], None, True, seed=1)
    assert refused.value.code == "no-ranker"


def test_a_fusion_is_tuned_on_validation_and_kept(world, tmp_path):
    content, taste, before, known, task = world
    noise = np.random.default_rng(5).normal(size=taste.shape)
    wide = ContentMap({"size": np.ones((1, content.shape[1]), np.float32)}, {})
    fusion = fit_late_fusion(
        ["popularity", "item_to_item", "factors", "content"], before, known, task,
        [ItemContent(ContentMap({}, {}), content[:, :1]), ItemContent(wide, content)],
        lambda some: noise[some.users], True, seed=1)
    assert fusion.log["fused"]["ndcg@10"] > 1.5 * fusion.log["fused"]["network_ndcg@10"]
    assert fusion.weights[NETWORK] == 0.0  # noise is not worth more than a chance
    assert NETWORK not in fusion.new_item_weights
    assert sum(fusion.weights.values()) == pytest.approx(1.0)
    assert len(fusion.log["item_to_item"]["tried"]) > 3
    fusion.save(tmp_path)
    again = LateFusion.load(tmp_path)
    assert (fusion.content.dim, fusion.new_content) == (0, wide)
    assert (again.content.dim, again.new_content.dim) == (0, wide.dim)
    assert (again.weights, again.new_item_weights, again.horizon, again.relevant_only,
            again.log) == (fusion.weights, fusion.new_item_weights, fusion.horizon,
                           fusion.relevant_only, fusion.log)
    for name, ranker in fusion.rankers.items():
        for part in ("history", "candidates", "of_content", "start"):
            np.testing.assert_array_equal(
                getattr(again.rankers[name], part), getattr(ranker, part))
