"""Content as a vector: a number is told by its quantiles, in the table as in a request."""

import keras
import numpy as np
import pytest
import tiny_shop
from sized_items import sized_data

from trainer.late_fusion.content import ContentMap, fit_content, places
from trainer.modalities.modality import Block
from trainer.network.content import content_inputs, content_matrix
from trainer.recipe import parse_recipe


def test_a_number_has_shares_in_the_quantiles_around_it():
    values = np.array([[-5.0], [1.0], [2.5], [9.0], [2.5]], np.float32)
    present = np.array([[1.0], [1.0], [1.0], [1.0], [0.0]], np.float32)
    weights = places(Block(values, present=present), np.array([1.0, 2.0, 4.0], np.float32))
    np.testing.assert_allclose(
        weights, [[1, 0, 0], [1, 0, 0], [0, 0.75, 0.25], [0, 0, 1], [0, 0, 0]], atol=1e-6)


def test_the_vector_predicts_what_a_line_cannot(tmp_path):
    data = sized_data(tmp_path, family="rankers", rankers=["content"])
    features = data.bound.inputs("items")
    vectors = fit_content(features, data.item_side, 1).vectors(features, data.item_side)[1:]
    extreme = np.abs(data.item_side.content["size"][1:])  # as high for small as for large
    design = np.c_[np.ones(len(vectors)), vectors]
    left = extreme - design @ np.linalg.lstsq(design, extreme, rcond=None)[0]
    assert left.var() < 0.05 * extreme.var()


def test_a_request_has_the_vectors_of_the_table_and_a_map_is_kept(tmp_path):
    data = sized_data(tmp_path, family="rankers", rankers=["content"])
    features, side = data.bound.inputs("items"), data.item_side
    content = fit_content(features, side, 1)
    assert set(content.quantiles) == {"size", "subtract"}
    content.save(tmp_path / "content.npz")
    again = ContentMap.load(tmp_path / "content.npz")
    vectors = content.vectors(features, side)
    np.testing.assert_array_equal(again.vectors(features, side), vectors)
    inputs = content_inputs(side)
    model = keras.Model(inputs, again(features, inputs))
    np.testing.assert_allclose(model.predict_on_batch(side.content), vectors, atol=1e-4)
    assert not vectors[0].any()  # the unknown item has no number


@pytest.mark.slow
def test_a_bag_is_as_wide_as_the_vocabulary_of_its_terms(spec, recipe, build_world):
    """Whatever the tower embeds: here the single words of a text, and terms have two."""
    text = {"tower": "cnn", "words": 2, "topics": 2, "tokens": 4, "vocabulary": 12}
    reading = parse_recipe(**{
        **recipe.model_dump(), "modalities": {"text": text}, "predictors": ["biases"]})
    world = build_world(spec, reading, *tiny_shop.raw_tables(spec))
    block = content_matrix(world.data.bound.inputs("items"), world.data.item_side)["plot"]
    terms = world.transforms["items"].vocabulary_size_by_name("plot__tfidf_ids")
    assert block.shape == (world.data.item_side.rows, terms + 2)
    assert terms != world.transforms["items"].vocabulary_size_by_name("plot")
