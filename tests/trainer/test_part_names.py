"""The names that are checked before a run are those of the network that is built."""

import pytest

from schemas.tags import DERIVED, HISTORIES, INPUTS
from trainer.network.plan import plan_parts


@pytest.mark.parametrize("changes", [
    {},
    {"modalities": ["numeric"]},
    {"modalities": ["numeric"], "behaviour": []},
    {"modalities": ["categorical"], "behaviour": ["series", "history"]},
])
def test_parts_of_a_network_have_the_names_that_are_checked(build, spec, changes):
    network, recipe = build(**changes)
    for side, result in (("users", network.user_modalities), ("items", network.item_modalities)):
        assert [part.name for part in plan_parts(spec, recipe, side)] == result


def test_no_column_can_be_called_like_a_layer(build, spec):
    """Keras refuses two layers of one name, long after the data were read."""
    network, _ = build(modalities=["categorical"], behaviour=["context", "counts", "history"],
                       model={"dim": 4, "missing": "regression"})
    for side, model in (("users", network.user), ("items", network.item)):
        columns = {feature.name for feature in spec.table(side)}
        free = {name for name in (one.name.removeprefix("input_").removeprefix(f"{side}_")
                                  for one in model.layers)
                if "__" not in name and not name.startswith(HISTORIES)}
        of_items = {"items_genres"}  # the user side reads what the history's items are
        assert free - columns - of_items <= INPUTS | DERIVED
