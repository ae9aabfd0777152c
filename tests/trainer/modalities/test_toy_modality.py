"""The modality of `tests/extension.py`, a place, is read, planned and built like any other."""

import numpy as np
import pytest
import tiny_shop

from schemas import parse_spec
from trainer.modalities import divisions, modality_of
from trainer.network.model import build_network
from trainer.network.plan import plan_parts
from trainer.preprocessing.column import columns_of
from trainer.recipe import BoundRecipe, parse_recipe

_WHERE = ('\nfeature { name: "where" type: FLOAT value_count { min: 0 max: 2 } '
          'annotation { tag: "geo" } }')


@pytest.fixture(scope="module")
def places(extension, spec, recipe, build_world):
    """A shop whose items have places, and a recipe that reads them."""
    users, items, interactions = spec.texts
    wider = parse_spec("places", [users, items + _WHERE, interactions])
    raw, splits = tiny_shop.raw_tables(wider)
    for place, row in enumerate(raw["items"]):
        row["where"] = [40.0 + place, 9.0] if place % 3 else []
    of_places = parse_recipe(**{
        **recipe.model_dump(), "modalities": {"categorical": {}, "geo": {"scale": 45}}})
    return build_world(wider, of_places, raw, splits)


def test_its_columns_are_declared_and_read(places):
    declared = columns_of(places.transforms["items"])
    assert (declared["where"].shape, declared["where"].dtype) == ((2,), "float32")
    content, ids = places.data.item_side.content, places.data.items.ids
    for row in places.raw["items"]:
        place = 1 + ids.index(str(row["film"][0]))
        expected = np.array(row["where"] or [0, 0]) / 45
        np.testing.assert_allclose(content["where"][place], expected, rtol=1e-6)
        assert content["where__present"][place] == bool(row["where"])


def test_its_part_is_planned_and_built_like_any_other(places):
    data = places.data
    plan = plan_parts(BoundRecipe(places.recipe, places.spec), "items")
    network = build_network(BoundRecipe(places.recipe, places.spec), data.user_side, data.item_side,
                            {"rating": 4.0, "like": 0.5}, seed=1)
    assert [part.name for part in plan] == network.item_modalities
    assert plan[-1].reads == "the place 'where'"
    assert all(part.layer is not None for part in network.item_parts)


def test_a_recipe_names_its_options(extension, recipe):
    with pytest.raises(ValueError, match="geo.scale"):
        parse_recipe(**{**recipe.model_dump(), "modalities": {"geo": {"scale": 0}}})


def test_it_is_divided_and_has_shares_to_be_explained(places):
    """What a model says of them is in e2e/test_extension.py."""
    feature = next(f for f in places.spec.table("items") if f.name == "where")
    pieces = {piece.place: piece.without for piece in divisions(feature, [41.0, 9.0])}
    assert pieces == {None: [], "north": [0.0, 9.0], "east": [41.0, 0.0]}
    shares = modality_of(feature).shares("items_where", [], {"items_where": [0.5, -0.25]}, None)
    assert [(place, share) for _, place, share in shares] == [("north", 0.5), ("east", -0.25)]
