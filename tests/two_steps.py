"""Trains a network for two steps on the Keras backend in use; without TensorFlow, if asked.

`python tests/two_steps.py FOLDER CASE ...` reads what `write` wrote and prints the losses of each
case as JSON, on JAX with the slope of a probability at zero. TensorFlow cannot be imported there,
so that nothing but the backend's own code runs.
"""

import json
import sys
from pathlib import Path

STEPS = 2


def losses(folder: Path, cases: list[str]) -> dict[str, list[dict[str, float]]]:
    """Returns every loss of every step, by case."""
    import keras
    import numpy as np

    from schemas import parse_spec
    from trainer.network.model import build_network
    from trainer.parts.side import Side
    from trainer.recipe import BoundRecipe, parse_recipe
    from trainer.training.multitask import MultiTaskModel

    task = json.loads((folder / "task.json").read_text())
    spec = parse_spec("tiny", task["schemas"])
    rows = {key: dict(np.load(folder / f"{key}.npz")) for key in ("inputs", "labels")}
    sides = []
    for side in ("users", "items"):
        content = dict(np.load(folder / f"{side}.npz"))
        sides.append(Side(task["rows"][side], content, task["vocabularies"][side]))
    result = {}
    for name in cases:
        recipe = parse_recipe(**task["recipes"][name])
        means = {"rating": 3.5, "like": 0.5, "age": 40.0, "joy": 0.2, "fear": 0.9}
        network = build_network(BoundRecipe(recipe, spec), *sides, means, seed=1)
        model = MultiTaskModel(network.training, recipe, np.full(task["rows"]["items"], 0.1))
        _same_weights(model)
        # Keras' Adam squares the parts of a sparse gradient one by one, and only TensorFlow has
        # sparse gradients: it would be another optimizer there.
        optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
        # JAX would compile every operation by itself.
        model.compile(optimizer, run_eagerly=keras.backend.backend() != "jax")
        result[name] = []
        for step in range(STEPS):
            batch = [{n: v[step::STEPS] for n, v in rows[key].items()} for key in rows]
            logs = model.train_on_batch(*batch, return_dict=True)
            result[name].append({n: float(value) for n, value in logs.items()})
            model.reset_metrics()
    return result


def slope_at_zero() -> list[float]:
    """Returns JAX' gradients of the loss of a label that is 1 and of one that is 0."""
    import jax
    import jax.numpy as jnp

    from trainer.layers.losses import binary_crossentropy

    return jax.grad(lambda logit: binary_crossentropy(logit, jnp.array([1.0, 0.0])).sum())(
        jnp.zeros(2)).tolist()


def _same_weights(model) -> None:
    """Sets all weights to numbers that depend on their names' order and shapes alone."""
    import numpy as np

    random = np.random.default_rng(5)
    for weight in model.trainable_weights:
        weight.assign(random.normal(scale=0.2, size=weight.shape).astype("float32"))


def write(folder: Path, schemas, sides, recipes, inputs, labels) -> None:
    """Writes what `losses` reads."""
    import numpy as np

    users, items = sides
    task = {
        "schemas": schemas, "recipes": recipes, "rows": {"users": users.rows, "items": items.rows},
        "vocabularies": {"users": users.vocabularies, "items": items.vocabularies}}
    (folder / "task.json").write_text(json.dumps(task))
    arrays = {"users": users.content, "items": items.content, "inputs": inputs, "labels": labels}
    for name, columns in arrays.items():
        np.savez(folder / f"{name}.npz", **columns)


_NOT_HERE = ("tensorflow", "tf_keras", "tensorflow_transform", "tensorflow_recommenders",
             "tensorflow_hub", "tfx", "tfx_bsl")


if __name__ == "__main__":
    sys.modules.update({name: None for name in _NOT_HERE})  # type: ignore[misc]
    import importlib
    import pkgutil

    import trainer.layers

    for module in pkgutil.walk_packages(trainer.layers.__path__, "trainer.layers."):
        importlib.import_module(module.name)
    result: dict = losses(Path(sys.argv[1]), sys.argv[2:])
    if "jax" in sys.modules:
        result["slope"] = slope_at_zero()
    assert all(sys.modules[name] is None for name in _NOT_HERE)
    print(json.dumps(result))
