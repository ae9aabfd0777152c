from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from worlds import column, history, small_spec

from trainer.closed_form.factors import folding, nonnegative_factors, right_factors
from trainer.data.events import Events
from trainer.data.tables import Table
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.families.forest import fit_forest, rank
from trainer.families.similarity import build_similarity, compute_factors, relevant_pairs
from trainer.modalities.blocks import colours
from trainer.network.content import content_matrix
from trainer.parts.side import Side
from trainer.recipe import BoundRecipe, Task, parse_recipe
from trainer.training.data import TrainingData

RANDOM = np.random.default_rng(4)
ITEMS = "".join(column(name, kind, tag) for name, kind, tag in (
    ("plot", "BYTES", "text"), ("genre", "BYTES", "categorical"), ("price", "FLOAT", "numeric"),
    ("poster", "BYTES", "image"), ("tune", "BYTES", "audio"), ("clip", "BYTES", "video")))
SPEC = small_spec(items=ITEMS, user="INT u", item="INT i", name="kinds")
FEATURES = SPEC.inputs("items")
ROWS = 5


@pytest.fixture(scope="module")
def side():
    """The first and the last row lack everything."""
    there = np.ones(ROWS, "float32")
    there[[0, -1]] = 0
    content = {
        "plot__tfidf_ids": RANDOM.integers(1, 9, (ROWS, 3)),
        "plot__tfidf": RANDOM.random((ROWS, 3)).astype("float32"),
        "genre": RANDOM.integers(1, 6, (ROWS, 2)),
        "price": RANDOM.normal(size=ROWS).astype("float32"), "price__present": there,
        "poster": RANDOM.integers(0, 256, (ROWS, 9, 10, 3)).astype("uint8"),
        "poster__present": there,
        "tune": np.zeros((ROWS, 4, 8, 1), "uint8"), "tune__present": there,
        "tune__mfcc": RANDOM.normal(size=(ROWS, 6)).astype("float32"),
        "clip": RANDOM.integers(0, 256, (ROWS, 2, 8, 8, 3)).astype("uint8"),
        "clip__present": there,
    }
    for name in ("plot__tfidf", "plot__tfidf_ids", "genre"):
        content[name][[0, -1]] = 0
    return Side(ROWS, content, {}, bags={"plot": 9, "genre": 6})


def test_a_block_has_length_one_at_most_and_zero_where_absent(side):
    blocks = content_matrix(FEATURES, side)
    assert set(blocks) == {"plot", "genre", "price", "poster", "tune", "clip"}
    for name, block in blocks.items():
        length = np.sqrt(np.asarray(block.multiply(block).sum(axis=1))).ravel()
        assert not length[[0, -1]].any(), name
        assert (length[1:-1] > 0).all() and (length < 1.5).all(), name
    assert {n: b.shape[1] for n, b in blocks.items()} == {
        "plot": 9, "genre": 6, "price": 1, "poster": 96, "tune": 6, "clip": 96}


def test_pictures_differ_by_their_colours():
    light = np.zeros((1, 8, 8, 3), "float32")
    light[:, :4] = 0.5
    result = np.asarray(colours(light)).reshape(4, 4, 6)
    np.testing.assert_allclose(result[:2, :, :3], 0.5)
    np.testing.assert_allclose(result[2:], 0.0)
    noise = np.asarray(colours(RANDOM.random((1, 8, 8, 3)).astype("float32"))).reshape(4, 4, 6)
    assert (noise[..., 3:] > 0).all(), "deviations"


def test_singular_vectors_of_a_sparse_matrix_are_those_of_the_dense_one():
    matrix = sparse.random(30, 12, 0.4, random_state=0, format="csr")
    result = right_factors(matrix, 4, seed=1)
    expected = np.linalg.svd(matrix.toarray())[2][:4].T
    np.testing.assert_allclose(np.abs(result.T @ expected), np.eye(4), atol=1e-4)
    assert right_factors(matrix, 99, seed=1).shape == (12, 12)
    assert right_factors(sparse.csr_matrix((5, 3)), 2, seed=1).shape == (3, 0)


def test_folding_gives_the_closest_row():
    matrix = sparse.csr_matrix((RANDOM.random((20, 8)) < 0.4).astype("float32"))
    np.testing.assert_allclose(
        folding(right_factors(matrix, 3, 0)), right_factors(matrix, 3, 0), atol=1e-4)
    factors = nonnegative_factors(matrix, 3, seed=0)
    assert factors.shape == (8, 3) and (factors >= 0).all()
    row = matrix[4].toarray()[0]
    best = np.linalg.lstsq(factors, row, rcond=None)[0]
    np.testing.assert_allclose(row @ folding(factors), best, rtol=1e-3, atol=1e-4)


def test_a_forest_finds_the_feature_that_matters():
    users = sparse.csr_matrix((7, 0))
    items = sparse.csr_matrix(RANDOM.random((40, 6)).astype("float32"))
    owner, interactions = RANDOM.integers(1, 7, 400), RANDOM.integers(1, 40, 400)
    like = (items.toarray()[interactions, 2] > 0.5).astype("float32")
    like[::9] = np.nan
    events = Events(owner, interactions, np.zeros(400), {"like": like, "stars": 4 * like + 1}, {})
    options = parse_recipe(
        description="d", family="forest", rank_by="like", trees=10, features=2, min_leaf=1,
        max_rows=300, tasks={"like": {"head": "binary", "label": "like"}})
    for task in (Task(head="binary", label="like"), Task(head="regression", label="stars")):
        forest = fit_forest(users, items, events, task, options, seed=1)
        assert 2 in forest.chosen and len(forest.chosen) <= 2
        scores = rank(forest, users[1:4], items[1:])
        assert scores.shape == (3, 39)
        good = items.toarray()[1:, 2] > 0.5
        assert scores[:, good].min() > scores[:, ~good].max()


def unit(vectors):
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)


@pytest.fixture(scope="module")
def tables(side):
    """Six users who met some of four items; the last one met nothing."""
    owner = np.array([1, 1, 2, 3, 3, 4, 5, 5, 5])
    interactions = np.array([1, 2, 2, 1, 3, 4, 1, 2, 4])
    events = Events(owner, interactions, np.zeros(9), {}, {})
    users, items = (Table([str(i) for i in range(1, n)], "", {}, np.zeros(n, np.int32))
                    for n in (7, ROWS))
    return users, items, events


def similarity(tables, side, vectors, spec=SPEC, label=None):
    recipe = parse_recipe(
        description="d", family="similarity", vectors=vectors, dim=3,
        modalities=[] if "collaborative" in vectors else [f.modality for f in FEATURES],
        tasks={"find": {"head": "retrieval", "label": label}})
    users, items, events = tables
    data = TrainingData(BoundRecipe(recipe, spec), users, items, Side(7, {}, {}), side, None, {})
    factors = compute_factors(data, events, recipe, seed=1)
    network = build_similarity(data, factors, events, recipe)
    return factors, network, np.asarray(relevant_pairs(data, events).todense())


def scored(network, **rows):
    return ranking_scores(network, rows, catalogue(network))


@pytest.mark.parametrize("factors", ["svd", "nmf"])
def test_who_met_the_same_is_alike(tables, side, factors):
    result, network, pairs = similarity(tables, side, {"collaborative": {"factors": factors}})
    expected = pairs @ result.folded @ result.candidates.T + 1e-3 * result.popularity
    scores = scored(network, user_index=np.arange(7, dtype="int32"))
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-5)
    for nobody in (0, 6):
        np.testing.assert_allclose(scores[nobody], 1e-3 * result.popularity, rtol=1e-5)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_what_is_like_the_history_comes_first(tables, side, distance):
    result, network, pairs = similarity(tables, side, {"content": {"distance": distance}})
    profile = pairs @ result.content / np.maximum(pairs.sum(axis=1, keepdims=True), 1)
    if distance == "cosine":
        profile = pairs @ unit(result.content)
        expected = unit(profile) @ unit(result.content).T
    else:
        expected = -((profile[:, None] - result.content[None]) ** 2).sum(-1)
    expected[[0, 6]] = 0
    scores = scored(network, user_index=np.arange(7, dtype="int32"))
    np.testing.assert_allclose(scores, expected + 1e-3 * result.popularity, rtol=1e-3, atol=1e-4)


def test_a_union_adds_up_both(tables, side):
    every = {"user_index": np.arange(7, dtype="int32")}
    content = scored(similarity(tables, side, "content")[1], **every)
    behaviour = scored(similarity(tables, side, "collaborative")[1], **every)
    both, network, _ = similarity(tables, side, {"union": {"content_weight": 0.3}})
    popularity = 1e-3 * both.popularity
    expected = 0.3 * (content - popularity) + 0.7 * (behaviour - popularity) + popularity
    np.testing.assert_allclose(scored(network, **every), expected, rtol=1e-3, atol=1e-5)
    assert network.item_modalities == ["content", "collaborative"]
    weights = catalogue(network)[1]
    np.testing.assert_allclose(weights[1], [0.3, 0.7], rtol=1e-5)
    np.testing.assert_allclose(weights[0], 0.0)  # the unknown item


def test_a_history_is_read_where_there_is_one_and_only_what_was_liked(tables, side):
    timed = small_spec(
        items=ITEMS, user="INT u", item="INT i", time="at", name="timed",
        events=history("past_items", "item_id") + history("past_times", "timestamp")
        + history("past_stars", "stars", "FLOAT") + column("stars", "FLOAT", "label:like>=4"))
    known = replace(tables[2], labels={"like": np.ones(9)})
    liked = (tables[0], tables[1], known)
    factors, network, _ = similarity(liked, side, "collaborative", timed, "like")
    past = np.array([[1, 2, 0], [1, 2, 0]], "int32")
    stars = np.array([[5, 2, -1], [5, 4, -1]], "float32")
    scores = scored(network, user_index=np.zeros(2, "int32"), history_index=past,
                    history__stars=stars)
    queries = np.stack([factors.folded[1], factors.folded[1] + factors.folded[2]])
    expected = queries @ factors.candidates.T
    np.testing.assert_allclose(scores, expected + 1e-3 * factors.popularity, rtol=1e-3, atol=1e-5)
