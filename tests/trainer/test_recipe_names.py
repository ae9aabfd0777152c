"""Tasks have names that no output, loss or metric of the house has."""

import pytest
from pydantic import ValidationError

from trainer.recipe import parse_recipe
from trainer.recipe.task import TAKEN


def _recipe(name, **changes):
    return parse_recipe(description="d", tasks={name: {"head": "retrieval"}}, **changes)


@pytest.mark.parametrize("name", [
    "weights", "query", "candidate", "index", "catalogue", "scores", "item_ids", "alignment",
    "imputation", "reconstruction", "user_modality_weights"])
def test_a_name_that_is_taken(name):
    with pytest.raises(ValidationError) as caught:
        _recipe(name)
    [error] = caught.value.errors()
    assert error["loc"] == ("tasks",)
    assert f"no task may be called '{name}', which is an output or a loss of the model" in (
        error["msg"])
    assert "taken are: alignment, candidate, catalogue," in error["msg"]


@pytest.mark.parametrize("name", ["a/b", "a b", "a@b", "a.b", "a-b", "1st", "_x", "", "é", "a\n",
                                  "a" * 65])
def test_a_name_that_no_output_can_have(name):
    with pytest.raises(ValidationError, match="allowed are letters, digits and '_', a letter") as c:
        _recipe(name)
    assert f"no task may be called {name!r};" in str(c.value)


@pytest.mark.parametrize("name", ["find", "like_4", "A" * 64, "loss"])
def test_a_name_that_is_free(name):
    assert list(_recipe(name).tasks) == [name]


@pytest.mark.parametrize("changes", [
    {"training": {"alignment": 0.1}},
    {"tasks": {"retrieval": {"head": {"retrieval": {"softmax": "catalogue"}}}}}])
def test_every_output_of_the_network_is_a_task_or_taken(build, changes):
    network, recipe = build(
        model={"dim": 4, "missing": "regression"}, modalities=["numeric"],
        behaviour={"history": {}, "series": {"tower": "vae", "days": 7}}, **changes)
    names = {*network.training.output, *network.user.output}
    assert names - set(recipe.tasks) <= TAKEN
    assert names > set(recipe.tasks) | {"weights"}


def test_every_output_of_the_signatures_is_a_task_or_taken(exported, recipe):
    for signature in ("serving_default", "recommend", "score_item", "explain"):
        outputs = set(exported.signatures[signature].structured_outputs)
        assert outputs and outputs - set(recipe.tasks) <= TAKEN
