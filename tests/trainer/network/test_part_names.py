import pytest

from schemas.tags import DERIVED, HISTORIES, INPUTS
from trainer.network.plan import plan_parts
from trainer.recipe import BoundRecipe
from trainer.recipe.task import TAKEN


@pytest.mark.parametrize("changes", [
    {},
    {"modalities": ["numeric"]},
    {"modalities": ["numeric"], "behaviour": []},
    {"modalities": ["categorical"], "behaviour": ["series", "history"]},
])
def test_parts_of_a_network_have_the_names_that_are_checked(build, spec, changes):
    network, recipe = build(**changes)
    for side, result in (("users", network.user_modalities), ("items", network.item_modalities)):
        assert [part.name for part in plan_parts(BoundRecipe(recipe, spec), side)] == result


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


@pytest.mark.parametrize("changes", [
    {"training": {"alignment": 0.1}},
    {"tasks": {"retrieval": {"head": {"retrieval": {"softmax": "catalogue"}}}}}])
def test_every_output_is_a_task_or_a_name_that_no_task_may_have(build, changes):
    network, recipe = build(
        model={"dim": 4, "missing": "regression"}, modalities=["numeric"],
        behaviour={"history": {}, "series": {"tower": "vae", "days": 7}}, **changes)
    names = {*network.training.output, *network.user.output}
    assert names - set(recipe.tasks) <= TAKEN
    assert names > set(recipe.tasks) | {"weights"}
