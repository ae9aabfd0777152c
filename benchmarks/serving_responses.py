"""Whether what a server says is what the trained model says."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.serving_bench import Bench, running
from benchmarks.serving_requests import (
    ITEM_ID,
    USER_ID,
    Question,
    material_of,
    questions,
    recorded,
)
from components.server_validator.comparison import TOLERANCE, compare
from components.server_validator.validation import Predict, Prediction
from serving.signature import HISTORY

_USERS = 1_000


def responses(bench: Bench) -> None:
    """The server, the reloaded SavedModel, and what was recorded before the export."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(bench.model))
    users, each = int(_USERS * bench.scale), max(1, round(1 / bench.scale))
    material, before = material_of(bench.root, bench.model), recorded(bench.root, bench.model)

    def reloaded(name: str, inputs) -> dict:
        function = loaded.signatures[name]
        specs = function.structured_input_signature[1]
        given = {key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()}
        return {key: value.numpy() for key, value in function(**given).items()}

    distinct = {(material.value(USER_ID, n), str(material.value(HISTORY + ITEM_ID, n)))
                for n in range(users)}
    bench.least("responses: users", len(distinct), users, "distinct users or histories")
    with running(bench.model) as server, server.client() as client:
        asked = set(client.signatures)
        _record(bench, "the reloaded model", differing(
            client.predict, reloaded, questions(material, users, each)), asked)
        for name, predict in (("server", client.predict), ("reloaded model", reloaded)):
            _record(bench, f"those recorded before the export, by the {name}",
                    differing_recorded(predict, before), asked)


Compared = list[tuple[str, list[str], float]]


def differing(predict: Predict, expected: Predict, asked: Iterator[Question]) -> Compared:
    """Asks two for the same.

    Args:
      predict: The server's.
      expected: What it is held against.
      asked: The requests.

    Returns:
      The signature of each request, what is different, and the largest difference.
    """
    compared = []
    for name, inputs in asked:
        comparison = compare(expected(name, inputs), predict(name, inputs))
        compared.append((name, comparison.faults, comparison.max_abs_diff))
    return compared


def differing_recorded(predict: Predict, before: list[Prediction]) -> Compared:
    """Asks for what was recorded; returns the same as `differing`."""
    compared = []
    for one in before:
        comparison = compare(one.outputs, predict(one.signature, one.inputs))
        compared.append((one.signature, comparison.faults, comparison.max_abs_diff))
    return compared


def _record(bench: Bench, what: str, compared: Compared, asked: set[str]) -> None:
    others = [(name, faults) for name, faults, _ in compared if faults]
    for name, faults in others[:5]:
        print(f"      {name}: {faults[0]}")
    largest = max((difference for _, _, difference in compared), default=0.0)
    print(f"      {len(compared):,} responses, the largest difference is {largest:.2g}")
    seen = {name for name, _, _ in compared}
    bench.most(f"responses: signatures that were not compared with {what}", len(asked - seen), 0,
               "signatures")
    bench.most(f"responses: other than {what}, by {TOLERANCE:g} x max(1, value), of "
               f"{len(compared):,}", len(others), 0, "responses")
