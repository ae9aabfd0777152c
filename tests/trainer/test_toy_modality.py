"""A modality that tests alone register: a place, two numbers that become a vector."""

import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from tensorflow_transform import TFTransformOutput
from tiny_shop import DAY, ITEMS, both_sides, request

from schemas import MODALITIES as RAW
from schemas import parse_spec
from schemas.modality import RawModality
from trainer.modalities import MODALITIES, Division, Modality, divisions
from trainer.modalities.modality import Block
from trainer.modalities.presence import present_column, zeros
from trainer.network.part import Built, Numbers, Part
from trainer.network.plan import plan_parts
from trainer.preprocessing import columns
from trainer.preprocessing.behaviour import dense
from trainer.preprocessing.column import Column, columns_of
from trainer.run import training_data

_WHERE = ('\nfeature { name: "where" type: FLOAT value_count { min: 0 max: 2 } '
          'annotation { tag: "geo" } }')
_AXES = ("north", "east")


class Geo(Modality):
    name = "geo"
    divisible = True

    def columns(self, feature, options):
        yield Column(feature.name, feature.name, "float32", (2,))
        yield present_column(feature)

    def preprocess(self, column, feature, options):
        place = dense(column, 2, float("nan"))
        present = tf.cast(~tf.math.is_nan(place[:, 0]), tf.float32)
        return {feature.name: tf.where(tf.math.is_nan(place), 0.0, place / 90),
                columns.present(feature.name): present}

    def parts(self, feature, options):
        def build(materials):
            from trainer.layers.towers import NumericTower

            layer = NumericTower(materials.dim, name=f"{materials.side}_{feature.name}")
            return Built(layer, *layer((materials.inputs[feature.name],
                                        materials.inputs[columns.present(feature.name)])))

        yield Part(feature.name, feature.side, f"the place {feature.name!r}", build,
                   gradient=(Numbers(zeros, 2),))

    def block(self, name, read):
        return Block(read[name])

    def divide(self, values):
        for axis, name in enumerate(_AXES):
            yield Division("axis", name, [0.0 if i == axis else v for i, v in enumerate(values)])

    def shares(self, name, values, found, options):
        yield from (("axis", axis, float(share))
                    for axis, share in zip(_AXES, found[name], strict=True))


@pytest.fixture(scope="module")
def geo():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RAW, "geo", RawModality("geo", "a place"))
        patch.setitem(MODALITIES, "geo", Geo())
        yield MODALITIES["geo"]


@pytest.fixture(scope="module")
def shop_with_places(geo, spec, recipe, trainer_files, export, tmp_path_factory):
    """The recipe, the data and the exported model of a shop whose items have places."""
    users, items, interactions = spec.texts
    wider = parse_spec("places", [users, items + _WHERE, interactions])
    raw, splits = tiny_shop.raw_tables(wider)
    for place, row in enumerate(raw["items"]):
        row["where"] = [40.0 + place, 9.0] if place % 3 else []
    of_places = recipe.model_copy(update={"modalities": ("categorical", "geo")})
    folder = tmp_path_factory.mktemp("places")
    files, folders = trainer_files(raw, splits, wider, of_places, folder)
    transforms = {side: TFTransformOutput(where) for side, where in folders.items()}
    data = training_data(wider, of_places, files, transforms)
    exported = export.func(wider, tmp_path_factory, data, of_places, transforms)
    return wider, of_places, raw, transforms, data, exported


def test_its_columns_are_declared_and_read(shop_with_places):
    _, _, raw, transforms, data, _ = shop_with_places
    declared = columns_of(transforms["items"])
    assert (declared["where"].shape, declared["where"].dtype) == ((2,), "float32")
    content = data.item_side.content
    ids = data.items.ids
    for row in raw["items"]:
        place = 1 + ids.index(str(row["film"][0]))
        expected = np.array(row["where"] or [0, 0]) / 90
        np.testing.assert_allclose(content["where"][place], expected, rtol=1e-6)
        assert content["where__present"][place] == bool(row["where"])


def test_its_part_is_planned_and_built_like_any_other(shop_with_places):
    spec, recipe, *_, exported = shop_with_places
    plan = plan_parts(spec, recipe, "items")
    assert [part.name for part in plan] == exported.network.item_modalities
    assert plan[-1].reads == "the place 'where'"
    assert [part.name for part in exported.network.item_parts if part.layer is None] == []


def test_it_is_explained_by_both_methods(shop_with_places, geo):
    spec, _, raw, *_, exported = shop_with_places
    feature = next(f for f in spec.table("items") if f.name == "where")
    pieces = {piece.place: piece.without for piece in divisions(feature, [41.0, 9.0])}
    assert pieces == {None: [], "north": [0.0, 9.0], "east": [41.0, 0.0]}
    inputs = exported.signatures["gradients"].structured_input_signature[1]
    asked = {**both_sides(inputs, raw["users"][1], raw["items"][1]),
             **request(user=b"bob", at=30 * DAY), "item_id": tf.constant([str(ITEMS[1])]),
             "task": tf.constant(["rating"])}
    found = {name: value[0] for name, value in exported.ask("gradients", **asked).items()}
    shares = {place: share for _, place, share in geo.shares("items_where", [], found, None)}
    assert set(shares) == set(_AXES) and all(shares.values())
