"""A model whose score is known by heart, saved with the signatures that explanations ask."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from worlds import column, history, small_spec
from worlds.examples import write_examples

from pipeline.explanation.attribution import Source
from pipeline.explanation.explainer import Explainer
from trainer.modalities.image.explain import png
from trainer.recipe import BoundRecipe, parse_recipe

SPEC = small_spec(
    users=column("about", "BYTES", "text"),
    items=column("about", "BYTES", "text") + column("poster", "BYTES", "image")
    + column("price", "FLOAT", "numeric") + column("genres", "BYTES", "categorical", most=3),
    events=column("liked", "INT", "label:like", domain=(0, 1)) + history("past", "item_id"),
    user="BYTES member", item="INT film", time="at", one=True, name="known")
RECIPE = parse_recipe(
    description="known", modalities=("categorical", "numeric", "text", "image"), tasks={
    "retrieval": {"head": "retrieval"}, "like": {"head": "binary", "label": "like"}})


class KnownModel(tf.Module):
    """Loves `heist`, hates `dull`, a bright top left corner, noir, the history, and item 7."""

    @tf.function(input_signature=[
        *(tf.TensorSpec([None], tf.string, name) for name in
          ("user_id", "item_id", "users_about", "items_about", "items_poster")),
        tf.TensorSpec([None], tf.float32, "items_price"),
        tf.TensorSpec([None, None], tf.string, "items_genres"),
        tf.TensorSpec([None, None], tf.string, "history_item_id")])
    def explain(self, user_id, item_id, users_about, items_about, items_poster, items_price,
                items_genres, history_item_id):
        def has(text, word):
            return tf.cast(tf.strings.regex_full_match(text, f"(?i).*{word}.*"), tf.float32)

        stored = tf.reduce_all(history_item_id == "", axis=1)
        score = (
            2 * has(items_about, "heist") - has(items_about, "dull") + has(users_about, "trains")
            + tf.map_fn(_corner, items_poster, fn_output_signature=tf.float32)
            + 4 * tf.reduce_sum(tf.cast(items_genres == "noir", tf.float32), axis=1)
            + 0.5 * tf.cast(stored & (user_id == "ann"), tf.float32)
            + 0.25 * tf.cast(item_id == "7", tf.float32)
            + tf.where(items_price < 0, 0.0, items_price))
        rows = tf.shape(score)[0]
        return {"ranker__popularity": score - 2.0,
                "ranker__factors_of_relevant": tf.fill([rows], 0.5),
                "ranker__network": tf.fill([rows], 1.5),
                "retrieval": score, "like": tf.sigmoid(score),
                "user_modality_weights": tf.tile([[0.25, 0.75]], [rows, 1]),
                "item_modality_weights": tf.tile([[0.4, 0.3, 0.2, 0.1]], [rows, 1])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "user_id"),
                                  tf.TensorSpec([None], tf.string, "item_id"),
                                  tf.TensorSpec([None], tf.string, "items_about"),
                                  tf.TensorSpec([None], tf.string, "task")])
    def gradients(self, user_id, item_id, items_about, task):
        """Shares by heart, of pictures of 4 by 16 pixels and five terms."""
        def rows(values, dtype=tf.float32):
            return tf.constant(values, dtype)[None]

        asked = tf.cast(task == "retrieval", tf.float32)
        result = {"items_about": rows([2.0, -1.0, 0.25, 0.0, 0.0]) * asked[:, None],
                  "items_about__terms": rows(["heist", "dull", "?", "", ""], tf.string),
                  "items_poster": tf.one_hot([3], 4)[:, :, None] * tf.ones([1, 4, 16]) * 0.125,
                  "items_genres": rows([4.0, 0.5, 0.0]),
                  "items_genres__terms": rows(["noir", "crime", ""], tf.string),
                  "items_id": rows(0.25), "users_about": rows([0.5, 0.0]),
                  "users_about__terms": rows(["trains", ""], tf.string)}
        return {**result, "score": rows(10.25), "baseline": rows(1.75)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "user_id"),
                                  tf.TensorSpec([None], tf.int32, "k")])
    def recommend(self, user_id, k):
        items = tf.where(user_id == "ann", "7", "")
        return {"item_ids": items[:, None], "scores": tf.zeros_like(k)}


def _corner(encoded):
    """The brightness of the top left region, in 1/8 of each side."""
    def brightness():
        pixels = tf.cast(tf.io.decode_image(encoded, 3, expand_animations=False), tf.float32)
        return tf.reduce_mean(pixels[:4, :4]) / 100
    return tf.cond(encoded == "", lambda: 0.0, brightness)


POSTER = np.zeros((32, 32, 3), np.uint8)
POSTER[:4, :4] = 200


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("known")
    model = KnownModel()
    signatures = {"explain": model.explain, "recommend": model.recommend}
    tf.saved_model.save(model, str(folder / "older"), signatures=signatures)
    tf.saved_model.save(model, str(folder / "model"), signatures={
        **signatures, "gradients": model.gradients})
    write_examples(folder / "users" / "Split-all", [
        {"member": "ann", "about": "loves trains"}, {"member": "bob"}])
    write_examples(folder / "items" / "Split-all", [
        {"film": 7, "about": "A <dull> heist, a HEIST", "price": 1.5,
         "poster": png(Image.fromarray(POSTER)), "genres": ["noir", "crime"]}, {"film": 9}])
    return Source(folder / "model", BoundRecipe(RECIPE, SPEC),
                  {n: folder / n for n in ("users", "items")},
                  {"users": ["id", "about"], "items": ["id", "about", "poster", "genres"]},
                  ("popularity", "factors_of_relevant", "content", "network"))


@pytest.fixture(scope="session")
def explainer(source):
    return Explainer(source)
