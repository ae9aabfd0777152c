"""What a training step costs does not grow with the catalogue: no tensor of its length is made."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.network.model import build_network
from trainer.parts.side import Side
from trainer.recipe import BoundRecipe, parse_recipe
from trainer.training.multitask import MultiTaskModel
from trainer.training.optimizer import RowAdamW
from trainer.training.tfrs_retrieval import tfrs_in_batch_softmax

USERS, ITEMS = 7_919, 10_007  # primes: no other size is a multiple
# These copy nothing, or were there before the step.
_FREE = {"Const", "Placeholder", "Reshape"}


def longer(side: Side, rows: int) -> Side:
    """The same columns with more rows."""
    content = {name: np.resize(values, (rows, *values.shape[1:]))
               for name, values in side.content.items()}
    return Side(rows, content, side.vocabularies)


def whole_tables(graph: tf.Graph) -> set[str]:
    """Names the operations, in functions too, that make a tensor as long as a table."""
    result = set()
    functions = [function.graph for function in getattr(graph, "_functions", {}).values()
                 if hasattr(function, "graph")]
    for one in (graph, *functions):
        for operation in one.get_operations():
            lengths = {dim for output in operation.outputs if output.shape.rank
                       for dim in output.shape.as_list()}
            # Fixed content is read as a whole; what is updated would be copied then.
            fixed = operation.type == "ReadVariableOp" and "embedding" not in operation.name
            if operation.type not in _FREE and not fixed and lengths & {USERS, ITEMS}:
                result.add(f"{operation.type} {operation.name}")
    return result


@pytest.fixture
def step(spec, recipe, sides, rows):
    """Traces a training step; returns what it makes of a table's length."""

    def step(**changes) -> set[str]:
        changed = parse_recipe(**{**recipe.model_dump(), **changes})
        users, items = (longer(side, n) for side, n in zip(sides, (USERS, ITEMS), strict=True))
        network = build_network(
            BoundRecipe(changed, spec), users, items, {"rating": 3.5, "like": 0.5}, seed=7)
        model = MultiTaskModel(network.training, changed, np.full(ITEMS, 1 / ITEMS),
                               tfrs_in_batch_softmax)
        model.compile(RowAdamW(0.001, 0.01))
        model.optimizer.build(model.trainable_variables)
        labels = {name: np.ones(16, "float32") for name in ("rating", "like")}
        traced = tf.function(lambda x, y: model.train_step((x, y)))
        return whole_tables(traced.get_concrete_function(rows(16), labels).graph)

    return step


@pytest.mark.parametrize("changes", [
    {}, {"balancing": "pcgrad", "modalities": ["categorical"]}])
def test_a_step_makes_nothing_as_long_as_a_table(step, changes):
    assert step(**changes) == set()


def test_the_loss_over_all_items_does_as_its_name_says(step):
    tasks = {"retrieval": {"head": {"retrieval": {"softmax": "catalogue"}}, "label": "like"}}
    assert step(tasks=tasks, modalities=["categorical"]) != set()
