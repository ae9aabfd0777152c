"""The export behind the embedded server, whose kernels are others than those of a reloaded one."""

import shutil
from collections import Counter

import pytest
import tensorflow as tf
from tiny_shop import ITEMS, USERS, examples

from benchmarks.serving_requests import Material, drawn_histories, questions
from benchmarks.serving_responses import differing
from serving.client import Client
from serving.server import EmbeddedServer
from trainer.export.samples import SampleRequests, write_warm_up

_ROWS = 12
_SENT = {"timestamp": [90], "history_item_id": [["9", "10", ""]],
         "history_timestamp": [[80, 70, -1]], "history_stars": [[4.0, 3.0, -1.0]]}


def material(shop, signatures):
    """The shop's own users, items, contents and interactions."""
    samples = SampleRequests(shop.spec, shop.data.users, shop.data.items,
                             shop.transforms["interactions"].raw_feature_spec())(signatures)
    items = [str(one) for one in ITEMS]
    modalities = {side: {one.name: one.modality for one in shop.spec.inputs(
        side, shop.recipe.modalities, shop.recipe.labels)} for side in ("users", "items")}
    interactions = examples(shop.raw["interactions"], shop.spec).numpy().tolist()
    return Material(samples, [one.decode() for one in USERS], items, shop.raw, modalities,
                    drawn_histories([_SENT], items, _ROWS), interactions)


@pytest.mark.slow
def test_the_server_responds_as_the_reloaded_model(exported, shop, tmp_path):
    shutil.copytree(exported.folder, tmp_path / "1")
    made = material(shop, exported.signatures)
    write_warm_up(made.samples, tmp_path / "1")

    def reloaded(name, inputs):
        specs = exported.signatures[name].structured_input_signature[1]
        return exported.ask(name, **{k: tf.constant(v, specs[k].dtype) for k, v in inputs.items()})

    with EmbeddedServer(tmp_path) as server, Client("127.0.0.1", server.port) as client:
        compared = differing(client.predict, reloaded, questions(made, _ROWS))
    assert {name: faults for name, faults, _ in compared if faults} == {}
    asked = Counter(name for name, _, _ in compared)
    assert set(asked) == set(exported.signatures)
    # Of four modalities all sixteen subsets.
    assert asked["gradients"] == asked["explain"] == asked["embed_item"] == 2 + 2**4
    assert asked["recommend"] == 2


def test_a_response_that_is_another_one_is_seen(exported, shop):
    made = material(shop, exported.signatures)
    asked = [one for one in questions(made, 2) if one[0] == "recommend"]

    def others(name, inputs):
        outputs = exported.ask(name, **{k: tf.constant(v) for k, v in inputs.items()})
        return {**outputs, "scores": outputs["scores"] * float("nan")}

    def same(name, inputs):
        return exported.ask(name, **{k: tf.constant(v) for k, v in inputs.items()})

    assert all(not faults for _, faults, _ in differing(same, same, iter(asked)))
    for one, other in ((same, others), (others, same), (others, others)):
        assert all(faults for _, faults, _ in differing(one, other, iter(asked)))


def test_requests_are_of_real_ids_and_content(exported, shop):
    made = material(shop, exported.signatures)
    asked = list(questions(made, _ROWS))
    users = [one for name, inputs in asked if name == "recommend" for one in zip(
        inputs["user_id"].tolist(), map(tuple, inputs["history_item_id"].tolist()), strict=True)]
    assert {one.encode() if isinstance(one, str) else one for one, _ in users} == {*USERS, b""}
    assert len(set(users)) >= _ROWS
    pictures = [one for name, inputs in asked if name == "embed_item" for key, values in
                inputs.items() if values.dtype == object for one in values.ravel().tolist()]
    assert any(one.startswith(b"\x89PNG") for one in pictures)
    widest = max(asked, key=lambda one: len(next(iter(one[1].values()))))
    assert len(next(iter(widest[1].values()))) == _ROWS
