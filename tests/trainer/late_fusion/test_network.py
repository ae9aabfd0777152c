import dataclasses

import numpy as np
import pytest
from sized_items import sized_data
from tiny_fit import LENGTH, tiny_data
from worlds import column, history, small_spec

from trainer.closed_form.events import Events
from trainer.data.memory import remember
from trainer.evaluation.scoring import catalogue, ranking_scores, user_outputs
from trainer.families.rankers import _towerless
from trainer.late_fusion.content import ContentMap
from trainer.late_fusion.fit import NETWORK, LateFusion
from trainer.late_fusion.job import item_content, ranker_events
from trainer.late_fusion.kinds import RANKER_KINDS
from trainer.late_fusion.linear import LinearRanker, weighted_history
from trainer.late_fusion.network import Recent, with_rankers, with_stacks
from trainer.late_fusion.predictors import PairProduct
from trainer.late_fusion.stack import Stack
from trainer.late_fusion.weights import standardised
from trainer.recipe import BoundRecipe
from trainer.training.fit import new_network

HORIZON, NEW = 3.0, 2
TOLD = small_spec(
    events=column("stars", "FLOAT", "label:rating", "label:like>=4", domain=(1, 5))
    + history("past_films", "item_id", most=LENGTH)
    + history("past_times", "timestamp", most=LENGTH)
    + history("past_stars", "stars", "FLOAT", most=LENGTH),
    user="BYTES member", item="INT film", time="at", one=True, name="told")
BARE = small_spec(
    events=column("stars", "FLOAT", "label:rating", "label:like>=4", domain=(1, 5)),
    user="BYTES member", item="INT film", time="at", one=True, name="bare")


def _world(spec):
    """Data without history towers, its events with values, and a row of each user at the end.

    One item has no event.
    """
    data = tiny_data()
    tasks = {"retrieval": {"head": "retrieval", "label": "like"},
             "rating": {"head": "regression", "label": "rating"}}
    recipe = dataclasses.replace(data).recipe.model_validate(
        {**data.recipe.model_dump(), "behaviour": [], "tasks": tasks, "rankers": ["popularity"]})
    reader = dataclasses.replace(data.reader, hidden=np.arange(len(data.items)) == NEW)
    data = dataclasses.replace(data, bound=BoundRecipe(recipe, spec), reader=reader)
    events = dataclasses.replace(data.events("train"))
    stars = np.nan_to_num(events.labels["rating"], nan=-1.0)
    events = dataclasses.replace(events, values={"stars": stars})
    known = Events(events.users, events.items, events.times, events.labels["like"] > 0,
                   len(data.users), len(data.items))
    memory = remember(events, data.users, data.items, LENGTH)
    users = np.arange(len(data.users), dtype=np.int32)
    changed = memory.times[:, 1:] != memory.times[:, :-1]
    rows = {"user_index": users, "history_index": memory.items,
            "history_rank": np.pad(np.cumsum(changed, axis=1), ((0, 0), (1, 0))),
            "history__stars": memory.values["stars"].astype(np.float32)}
    return data, known, memory, rows


def _ranker(rng, items, dim):
    return LinearRanker(*(rng.normal(size=shape).astype(np.float32) for shape in (
        (items, dim), (items, dim))), np.zeros((0, dim), np.float32),
        rng.normal(size=dim).astype(np.float32))


@pytest.fixture(params=[TOLD, BARE], ids=["histories", "no histories"])
def fused(request):
    """A fusion of two rankers and a network, as numbers and as a network."""
    data, known, memory, rows = _world(request.param)
    network = new_network(data, data.events("train"), 1)
    rng = np.random.default_rng(0)
    rankers = {"all": _ranker(rng, len(data.items), 3), "liked": _ranker(rng, len(data.items), 2)}
    fusion = LateFusion(rankers, frozenset({"liked"}), HORIZON,
                        {"all": 0.5, "liked": 0.3, NETWORK: 0.2}, {"all": 0.1, "liked": 0.9},
                        ContentMap({}, {}), ContentMap({}, {}), {})
    liked = memory.items * (memory.values["stars"] >= 4)
    recent = Recent(memory.items, liked)
    if request.param is BARE:
        recent = Recent(memory.items[:, :0], liked[:, :0])
    return data, known, rows, network, fusion, with_rankers(network, fusion, data, known, recent)


def _expected(known, rows, network, fusion):
    scores = {NETWORK: ranking_scores(network, rows, catalogue(network))}
    for name, ranker in fusion.rankers.items():
        scores[name] = ranker.scores(
            weighted_history(known, name in fusion.relevant_only, fusion.horizon))

    def summed(weights):
        return sum(weight * standardised(scores[name], known.warm)
                   for name, weight in weights.items())

    return np.where(known.warm, summed(fusion.weights), summed(fusion.new_item_weights))


def test_its_score_is_the_weighted_sum_over_all_that_a_user_met(fused):
    _, known, rows, network, fusion, made = fused
    assert known.warm.sum() > 5 and not known.warm[NEW]
    longer = np.bincount(known.users) > LENGTH  # what is older than a history counts, too
    assert longer.sum() > 5
    result = ranking_scores(made, rows, catalogue(made))
    np.testing.assert_allclose(result, _expected(known, rows, network, fusion), atol=2e-4)
    assert made.rankers == {"all": 3, "liked": 2, NETWORK: 4}


def test_heads_and_weights_are_those_of_the_network(fused):
    _, _, rows, network, _, made = fused
    before, after = user_outputs(network, rows), user_outputs(made, rows)
    for name in ("rating", "weights"):
        np.testing.assert_allclose(after[name], before[name], atol=1e-6)
    np.testing.assert_allclose(catalogue(made).vectors, catalogue(network).vectors, atol=1e-6)


def test_a_ranker_without_weight_is_left_out():
    data, known, memory, _ = _world(TOLD)
    network = new_network(data, data.events("train"), 1)
    rng = np.random.default_rng(0)
    rankers = {"all": _ranker(rng, len(data.items), 3), "nothing": _ranker(rng, len(data.items), 2)}
    fusion = LateFusion(rankers, frozenset(), HORIZON,
                        {"all": 0.6, "nothing": 0.0, NETWORK: 0.4}, {"all": 1.0},
                        ContentMap({}, {}), ContentMap({}, {}), {})
    made = with_rankers(network, fusion, data, known, Recent(memory.items, memory.items))
    assert list(made.rankers) == ["all", NETWORK]
    of_new = dataclasses.replace(fusion, new_item_weights={"nothing": 1.0})
    made = with_rankers(network, of_new, data, known, Recent(memory.items, memory.items))
    assert list(made.rankers) == ["all", "nothing", NETWORK]


@pytest.mark.parametrize("of_new", [False, True], ids=["one content", "a content of its own"])
def test_a_new_item_is_ranked_by_the_content_that_was_chosen(tmp_path, of_new):
    data = sized_data(tmp_path, family="rankers", rankers=["factors"])
    hidden = np.arange(len(data.items)) == NEW
    data = dataclasses.replace(data, reader=dataclasses.replace(data.reader, hidden=hidden))
    known = ranker_events(data, data.events("train"))
    content = item_content(data, 1, 2)
    chosen = item_content(data, 1) if of_new else content
    ranker = RANKER_KINDS["factors"].fit(
        known, False, content.vectors, HORIZON, **RANKER_KINDS["factors"].start)
    ranker = ranker.with_new_items(chosen.vectors, known.item_counts(False), 1.0)
    fusion = LateFusion({"factors": ranker}, frozenset(), HORIZON, {"factors": 1.0},
                        {"factors": 1.0}, content.map, chosen.map, {})
    nobody = np.zeros((len(data.users), 0), np.int32)
    made = with_rankers(_towerless(data), fusion, data, known, Recent(nobody, nobody))
    assert not known.warm[NEW]
    expected = ranker.with_content(content.vectors, chosen.vectors)
    centred = expected - expected[known.warm].mean(axis=0)
    np.testing.assert_allclose(catalogue(made).candidates, centred, atol=1e-4)


def test_rankers_alone_have_the_whole_score():
    data, known, memory, rows = _world(TOLD)
    network = new_network(data, data.events("train"), 1)
    ranker = _ranker(np.random.default_rng(0), len(data.items), 3)
    fusion = LateFusion({"all": ranker}, frozenset(), HORIZON, {"all": 1.0}, {"all": 1.0},
                        ContentMap({}, {}), ContentMap({}, {}), {})
    made = with_rankers(network, fusion, data, known, Recent(memory.items, memory.items))
    result = ranking_scores(made, rows, catalogue(made))
    items = np.bincount(known.items, minlength=known.n_items) > 0
    expected = standardised(ranker.scores(weighted_history(known, False, HORIZON)), items)
    np.testing.assert_allclose(result, expected, atol=2e-4)


def test_a_stacked_head_adds_the_products_to_its_own_output():
    data, _, _, rows = _world(TOLD)
    network = new_network(data, data.events("train"), 1)
    rng = np.random.default_rng(0)
    products = tuple(PairProduct(*(rng.normal(size=(n, dim)).astype(np.float32) for n in (
        len(data.users), len(data.items)))) for dim in (2, 5))
    pairs = np.random.default_rng(1).integers(0, len(data.items), len(rows["user_index"]))
    users, items = np.ones(len(data.users), np.float32), np.ones(len(data.items), np.float32)
    items[pairs[0]] = 0.0
    made = with_stacks(network, {"rating": Stack(
        (0.7, 0.5, 0.2, 0.3), (0.0, 1.0, 0.1, 0.0), products, users, items, (2.0, 2.9))})

    def prediction(one):
        user = user_outputs(one, rows)["rating"]
        return np.asarray(one.heads["rating"](user, catalogue(one).vectors[pairs]))

    first, second = (one.predictions(rows["user_index"], pairs) for one in products)
    own = prediction(network)
    expected = np.where(items[pairs] > 0, 0.7 + 0.5 * own + 0.2 * first + 0.3 * second,
                        own + 0.1 * first)
    assert expected.min() < 2.0 and expected.max() > 2.9
    expected = np.clip(expected, 2.0, 2.9)
    np.testing.assert_allclose(prediction(made), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(  # the ranking is not touched
        ranking_scores(made, rows, catalogue(made)),
        ranking_scores(network, rows, catalogue(network)), atol=1e-6)
