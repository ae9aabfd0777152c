import keras
import numpy as np
import pytest
import tensorflow as tf
from peak_memory import growth_below
from tiny_shop import DAY, ITEMS, both_sides, request

from trainer.export.gradients import IntegratedGradients, Reader, path_rule, readers
from trainer.layers.text_towers import LstmTower
from trainer.modalities.modality import grey, zeros
from trainer.parts.part import Embedded, Numbers, Part
from trainer.recipe import parse_recipe

RECIPE = parse_recipe(description="toy", tasks={"stars": {"head": "retrieval"},
                                          "like": {"head": "binary", "label": "like"}})


def part(name, layer, gradient):
    return Part(name, "items", "", lambda _: None, gradient=(gradient,), layer=layer)


class Weighted(keras.layers.Layer):
    """Weighs its numbers where they are present."""

    def __init__(self, weights, **kwargs):
        super().__init__(**kwargs)
        self.weights_of_numbers = np.float32(weights)

    def call(self, inputs):
        values, present = inputs
        flat = tf.reshape(tf.cast(values, tf.float32), [tf.shape(values)[0], -1])
        return tf.linalg.matvec(flat, self.weights_of_numbers) * present


class Words(keras.layers.Layer):
    """Adds up the embeddings of words, of one number each."""

    def __init__(self, embedding, **kwargs):
        super().__init__(**kwargs)
        self.embedding = embedding

    def call(self, index):
        return tf.reduce_sum(self.embedding(index), axis=[1, 2])


@pytest.fixture(scope="module")
def toy():
    """Predicts 2 x0 - x1 + the colours' weights + the words' numbers, and its square."""
    table = keras.layers.Embedding(4, 1)
    table.build()
    table.set_weights([np.float32([[0], [1], [-3], [0.5]])])
    number = Weighted([2, -1], name="items_price_encoded")
    picture = Weighted([0.1, 0.1, -0.2] * 4, name="items_photo")
    words = Words(table, name="items_plot")
    terms = tf.Variable(np.array([b"", b"good", b"dull", b"?"], dtype=object))
    readers = [Reader(part("price_encoded", number, Numbers(zeros))),
               Reader(part("photo", picture, Numbers(grey, 3))),
               Reader(part("plot", words, Embedded("plot")), (terms,))]
    path = IntegratedGradients(RECIPE, readers)

    def predict(users, items):
        total = (number((items["price"], items["there"])) + words(items["plot"])
                 + picture((items["photo"], items["there"])) + users["level"])
        return {"stars": total, "like": total * total}

    @tf.function
    def ask(task, there):
        photo = np.full((2, 2, 2, 3), 127.5, np.float32)
        photo[0, 1, 0] += [10, 5, 20]
        items = {"price": tf.constant([[3.0, 4.0], [1.0, 1.0]]), "photo": tf.constant(photo),
                 "plot": tf.constant([[1, 2, 0], [3, 0, 0]]), "there": there}
        return path(predict, {"level": tf.constant([7.0, 0.0])}, items, task)

    return lambda task, there=(1.0, 1.0): {
        n: v.numpy() for n, v in ask(tf.constant([task, "stars"]), tf.constant(there)).items()}


def test_a_linear_score_is_told_exactly(toy):
    result = toy("stars")
    np.testing.assert_allclose(result["items_price_encoded"], [2 * 3 - 4, 1], atol=1e-5)
    np.testing.assert_allclose(result["items_plot"], [[1, -3, 0], [0.5, 0, 0]], atol=1e-5)
    assert result["items_plot__terms"][0].tolist() == [b"good", b"dull", b""]
    pixels = np.zeros((2, 2, 2))
    pixels[0, 1, 0] = 0.1 * 10 + 0.1 * 5 - 0.2 * 20
    np.testing.assert_allclose(result["items_photo"], pixels, atol=1e-5)
    # What is not on the path, the user's level, is in both.
    np.testing.assert_allclose(result["baseline"], [7, 0], atol=1e-5)
    np.testing.assert_allclose(result["score"], [7 + 2 - 2 - 2.5, 1.5], atol=1e-4)


def test_a_curved_score_is_told_whole_and_the_default_is_what_ranks(toy):
    curved, default = toy("like"), toy("")
    np.testing.assert_allclose(default["score"], toy("stars")["score"])
    # The path of a square of a line: each summand's share is its part times both ends' sum.
    np.testing.assert_allclose(curved["items_plot"][0], np.array([1, -3, 0]) * (7 + 4.5), rtol=1e-4)
    assert curved["score"][0] - curved["baseline"][0] == pytest.approx(4.5**2 - 7**2, rel=1e-4)


def test_a_long_name_of_a_task_is_not_copied_for_each_step(toy):
    with growth_below(100 << 20):
        assert toy("x" * (4 << 20))["score"][0] == 0


def test_the_rule_is_exact_for_smooth_scores_and_near_for_one_that_turns_sharply():
    places, weights = path_rule(96)
    for power in range(12):
        assert weights @ places**power == pytest.approx(1 / (power + 1), abs=1e-9)
    turn, width = np.linspace(0, 1, 997)[:, None], 0.01  # wherever it turns
    slope = width**2 / ((places - turn) ** 2 + width**2) ** 1.5
    rise = ((1 - turn) / np.hypot(1 - turn, width) + turn / np.hypot(turn, width))[:, 0]
    assert np.abs(slope @ weights - rise).max() < 0.06  # Gauss' own places miss 0.23


@pytest.fixture
def ask(exported, shop):
    """Asks for rows of the raw tables."""

    def ask(user, item, task):
        rows = shop.raw["users"][user], shop.raw["items"][item]
        inputs = exported.signatures["gradients"].structured_input_signature[1]
        asked = {**both_sides(inputs, *rows), **request(user=rows[0]["member"][0], at=30 * DAY),
                 "item_id": tf.constant([str(ITEMS[item])])}
        gradients = exported.ask("gradients", task=tf.constant([task]), **asked)
        return gradients, exported.ask("explain", **asked)

    return ask


def shares(gradients):
    return {name: value for name, value in gradients.items()
            if name.startswith(("users_", "items_")) and not name.endswith("__terms")}


def assert_complete(gradients):
    total = sum(float(value.sum()) for value in shares(gradients).values())
    difference = float(gradients["score"][0] - gradients["baseline"][0])
    # Kinks of the convolutions cost some of it.
    assert total == pytest.approx(difference, abs=0.02 + 0.02 * abs(difference))
    assert difference != 0


@pytest.mark.parametrize("task", ["retrieval", "rating", "like"])
@pytest.mark.parametrize(("user", "item"), [(1, 0), (2, 2), (3, 7), (4, 9)])
def test_the_shares_of_an_exported_model_add_up(ask, user, item, task):
    result, explained = ask(user, item, task)
    assert result["score"][0] == pytest.approx(explained[task][0], abs=1e-4)
    assert_complete(result)


def test_a_recurrent_tower_has_gradients_through_its_loop():
    keras.utils.set_random_seed(1)
    tower = LstmTower(4, 6, name="items_plot")
    index = tf.constant([[1, 4, 2, 0], [3, 0, 0, 0]])
    tower(index)
    terms = tf.Variable(np.array([b"", b"a", b"b", b"c", b"d", b"?"], dtype=object))
    path = IntegratedGradients(RECIPE, [Reader(part("plot", tower, Embedded("plot")), (terms,))])

    def predict(users, items):
        return {name: tf.reduce_sum(tower(items["plot"])[0] * [1.0, 2.0, -1.0, 3.0], axis=1)
                for name in RECIPE.scored}

    result = tf.function(lambda task: path(predict, {}, {"plot": index}, task))(
        tf.constant(["stars", "stars"]))
    share = result["items_plot"].numpy()
    np.testing.assert_allclose(share.sum(axis=1), result["score"] - result["baseline"], atol=1e-3)
    assert share[0, :3].all() and not share[0, 3:].any()


def test_visual_words_are_held(build, monkeypatch):
    monkeypatch.setattr("trainer.export.gradients._terms", lambda *given: ())
    for image, held in (("cnn", False), ("visual_words", True)):
        network, _ = build(modalities={name: {"tower": image} if name == "image" else {}
                                       for name in ("categorical", "numeric", "text", "image")})
        parts = {reader.part.name for reader in readers(network, {"users": None, "items": None})}
        assert {"id", "history", "about", "plot", "price", "genres", "age", "region"} <= parts
        assert ({"avatar", "poster"} & parts == set()) is held


def test_each_part_has_its_share_at_its_places(ask):
    result, _ = ask(1, 1, "retrieval")
    assert set(shares(result)) == {
        "users_id", "users_about", "users_avatar", "users_age", "users_region", "users_history",
        "items_id", "items_plot", "items_poster", "items_price", "items_genres"}
    assert result["items_plot__terms"][0].tolist()[:3] != [b"", b"", b""]
    assert result["users_avatar"].shape == (1, 8, 8) and result["users_avatar"].any()
    assert not result["items_poster"].any()  # of item 9, which has none
    assert result["items_genres__terms"][0].tolist() == [b"crime", b"", b""]
    assert result["items_genres"][0, 0] and not result["items_genres"][0, 1:].any()
