"""The export behind the embedded server, whose kernels are others than those of a reloaded one."""

import shutil
from collections import Counter

import numpy as np
import tensorflow as tf
from tiny_shop import USERS

from benchmarks.malformed_requests import own_examples
from benchmarks.serving_hostile import questions
from serving.client import Client
from serving.server import EmbeddedServer
from trainer.export.samples import SampleRequests, write_warm_up


def test_the_server_responds_as_the_reloaded_model(exported, shop, spec, tmp_path):
    shutil.copytree(exported.folder, tmp_path / "1")
    samples = SampleRequests(spec, shop.data.users, shop.data.items,
                             shop.transforms["interactions"].raw_feature_spec())
    write_warm_up(samples(exported.signatures), tmp_path / "1")
    users, asked = [one.decode() for one in USERS], Counter()
    with EmbeddedServer(tmp_path) as server, Client("127.0.0.1", server.port) as client:
        examples = own_examples(tmp_path / "1")
        for name, inputs in questions(client.signatures, examples, users, subsets=3):
            expected = exported.ask(name, **{k: tf.constant(v) for k, v in inputs.items()})
            for output, found in client.predict(name, inputs).items():
                value = expected.pop(output)
                if value.dtype == object:
                    np.testing.assert_array_equal(found, value)
                else:
                    assert np.all(np.abs(found - value) <= 1e-5 * np.maximum(1, np.abs(value))), (
                        name, output)
            assert not expected, name
            asked[name] += 1
    assert set(asked) == set(exported.signatures)
    assert asked["recommend"] == 1 + len(users) and asked["gradients"] == 3
