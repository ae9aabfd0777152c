import numpy as np
import pytest
import tensorflow as tf
from tiny_shop import DAY, ITEMS, MET, request, together

from serving.filters import Filters
from serving.signature import absent

NAMES = [str(i) for i in ITEMS]
GENRES = {str(name): [b"crime", b"drama", b"noir"][: i % 4] for i, name in enumerate(ITEMS)}


@pytest.fixture
def choose(exported):
    """Asks for lists of the whole catalogue; what a filter does not ask for is absent."""
    expected = exported.signatures["recommend_filtered"].structured_input_signature[1]

    def choose(filters=None, k=10, user=None):
        asked = {**(user or request(user="eve", at=30 * DAY)), "k": tf.constant([k])}
        rows = len(asked["user_id"])
        asked["k"] = tf.fill([rows], k)
        for name, values in (filters or Filters()).inputs(rows).items():
            asked[name] = tf.constant(values, expected[name].dtype)
        for name, spec in expected.items():
            if name not in asked:
                nothing = absent(7 if spec.dtype == tf.string else 1)
                asked[name] = tf.constant(nothing, spec.dtype, [rows] + [1] * (spec.shape.rank - 1))
        return exported.ask("recommend_filtered", **asked)

    return choose


def _ids(outputs, row=0):
    return [name.decode() for name in outputs["item_ids"][row] if name]


def _user_of_all(exported):
    return exported.ask("serving_default", candidates=tf.constant([NAMES]),
                        **request(user="eve", at=30 * DAY))


def test_without_filters_the_list_is_that_of_recommend(exported, choose):
    users = together(*[request(user=name, at=30 * DAY) for name in ("ann", "eve", "")])
    plain = exported.ask("recommend", k=tf.constant([4, 4, 4]), **users)
    result = choose(k=4, user=users)
    assert set(result) == {*plain, "retrieval"}
    for name, value in plain.items():
        if name == "item_ids":
            assert value.tolist() == result[name].tolist()
        else:
            np.testing.assert_allclose(result[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(result["retrieval"], result["scores"], rtol=1e-5, atol=1e-6)


def test_seen_items_come_where_they_are_asked_for(choose):
    user = request(user="ann", at=30 * DAY)
    assert len(_ids(choose(user=user))) == len(ITEMS) - MET
    assert sorted(_ids(choose(Filters(exclude_seen=False), user=user))) == sorted(NAMES)


@pytest.mark.parametrize(("filters", "expected"), [
    (Filters(allowed=["9", "33", "unknown"]), {"9", "33"}),
    (Filters(allowed=["unknown"]), set()),
    (Filters(blocked=["9", "33", "unknown"]), {*NAMES} - {"9", "33"}),
    (Filters(allowed=["9", "33"], blocked=["9"]), {"33"}),
    (Filters(categories={"genres": ["noir"]}), {n for n in NAMES if b"noir" in GENRES[n]}),
    (Filters(categories={"genres": ["noir", "drama"]}), {n for n in NAMES if len(GENRES[n]) > 1}),
    (Filters(categories={"genres": ["western"]}), set()),
], ids=["allowed", "none known", "blocked", "both", "category", "categories", "no such category"])
def test_what_is_let_through_is_in_the_order_of_the_scores(choose, filters, expected):
    whole, result = _ids(choose()), _ids(choose(filters))
    assert result == [name for name in whole if name in expected]


@pytest.mark.parametrize("most", [1, 2])
def test_a_list_has_at_most_so_many_of_a_category(choose, most):
    counts, expected = {}, []
    for name in _ids(choose()):  # greedily, the best first
        if all(counts.get(genre, 0) < most for genre in GENRES[name]):
            expected.append(name)
            counts.update((genre, counts.get(genre, 0) + 1) for genre in GENRES[name])
    assert _ids(choose(Filters(most_per_category={"genres": most}))) == expected
    assert len(expected) < len(NAMES)


def test_a_boost_moves_an_item_by_deviations_of_the_scores(exported, choose):
    plain = choose()
    last = _ids(plain)[-1]
    result = choose(Filters(boosts={last: 10.0, "unknown": 3.0}))
    assert _ids(result) == [last, *_ids(plain)[:-1]]
    scores = _user_of_all(exported)["retrieval"][0]
    np.testing.assert_allclose(
        result["scores"][0, 0], plain["scores"][0, -1] + 10 * scores.std(), rtol=1e-4)
    np.testing.assert_allclose(result["retrieval"][0, 0], plain["retrieval"][0, -1], rtol=1e-5)


@pytest.mark.parametrize("diversity", [0.0, 0.3])
def test_a_boost_beyond_all_bounds_is_first_or_last_and_no_other_is_lost(choose, diversity):
    plain = _ids(choose())
    result = choose(Filters(boosts={plain[-1]: 3e38, plain[0]: -3e38}, diversity=diversity))
    names = _ids(result)
    assert sorted(names) == sorted(plain) and np.isfinite(result["scores"]).all()
    assert names[0] == plain[-1]
    assert diversity or names[-1] == plain[0]


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_diversity_is_maximal_marginal_relevance(exported, choose, share):
    scores = _user_of_all(exported)["retrieval"][0]
    relevance = (scores - scores.min()) / np.ptp(scores)
    alike = exported.module.catalogue.likeness.with_all(
        tf.range(1, len(NAMES) + 1)).numpy()[:, 1:]
    expected = []
    while len(expected) < 5:
        near = np.maximum(alike[:, expected].max(axis=1, initial=0), 0)
        value = (1 - share) * relevance - share * near
        value[expected] = -np.inf
        expected.append(int(value.argmax()))
    result = _ids(choose(Filters(diversity=share), k=5))
    assert result == [NAMES[place] for place in expected]
    assert result != _ids(choose(k=5))


def test_like_items_are_the_nearest_by_the_cosine(exported):
    candidates = np.asarray(exported.module._candidates)[1:]
    unit = candidates / np.linalg.norm(candidates, axis=1, keepdims=True)
    result = exported.ask("similar_items", item_id=tf.constant(["9", "unknown", "1000"]),
                          k=tf.constant([3, 3, 20]))
    for row, place, k in ((0, 1, 3), (2, 9, 9)):
        cosines = unit @ unit[place]
        order = [i for i in np.argsort(-cosines) if i != place][:k]
        assert _ids(result, row) == [NAMES[i] for i in order]
        np.testing.assert_allclose(result["scores"][row, :k], cosines[order], rtol=1e-4, atol=1e-5)
    assert _ids(result, 1) == [] and not result["scores"][1].any()


def test_a_profile_has_what_is_known_of_a_user(exported):
    users = ("ann", "eve", "stranger")
    result = exported.ask("user_profile", **together(
        *[request(user=name, at=30 * DAY) for name in users]))
    assert result["known"].tolist() == [1, 1, 0] and result["events"].tolist() == [MET, 0, 0]
    kept = exported.memory.items[exported.data.users.ids.index("ann") + 1]
    assert result["history_item_ids"][0].tolist() == [NAMES[i - 1].encode() for i in kept]
    assert not any(result["history_item_ids"][1])
    scores = exported.ask("serving_default", candidates=tf.constant([NAMES]),
                          **request(user="ann", at=30 * DAY))
    np.testing.assert_allclose(
        np.asarray(exported.module._candidates)[1:] @ result["vector"][0],
        scores["retrieval"][0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        result["user_modality_weights"][:1], scores["user_modality_weights"], rtol=1e-5)
