"""The tree `kubeflow` of a configuration: what is merged, and what is refused."""

import pytest

from pipeline.config import load_config
from pipeline.kubeflow.options import KubeflowOptions
from schemas import InputError


def options(**given):
    return KubeflowOptions.model_validate({"image": "tessera:1"} | given)


def test_a_steps_own_keys_win():
    found = options(steps={
        "default": {"cpu": 1, "memory": "1Gi", "retries": 2},
        "Transform": {"memory": "4Gi"}, "Transform.items": {"cpu": "4", "retries": 0}})
    items, users, gate = map(found.of_step, ("Transform.items", "Transform.users", "Gate"))
    assert (items.cpu, items.memory, items.retries) == ("4", "4Gi", 0)
    assert (users.cpu, users.memory, users.retries) == ("1", "4Gi", 2)
    assert (gate.cpu, gate.memory, gate.gpus) == ("1", "1Gi", 0)


def test_a_path_beside_a_volume_is_not_on_it():
    found = options(volumes=[{"claim": "c", "path": "/data"}])
    assert found.on_a_volume("/data") and found.on_a_volume("/data/x/y")
    assert not found.on_a_volume("/database") and not found.on_a_volume("/")


def change(path, value):
    def apply(tree):
        for key in path[:-1]:
            tree = tree[key]
        if value is None:
            del tree[path[-1]]
        else:
            tree[path[-1]] = value
    return apply


@pytest.mark.parametrize(("path", "value", "words"), [
    (("kubeflow", "image"), None, ("kubeflow.image", "missing")),
    (("kubeflow", "image"), "tessera: 1", ("kubeflow.image", "tessera: 1")),
    (("kubeflow", "imgae"), "x", ("unknown key 'kubeflow.imgae'", "image")),
    (("kubeflow", "steps", "Trainer", "memory"), "8 Gi", ("memory", "8 Gi")),
    (("kubeflow", "steps", "Trainer", "gpus"), -1, ("gpus", "greater than or equal to 0")),
    (("kubeflow", "steps", "Trainer", "gpu"), 1, ("unknown key", "gpus")),
    (("kubeflow", "steps", "Trainer", "timeout_s"), 0, ("timeout_s", "greater than 0")),
    (("kubeflow", "volumes", 0, "path"), "data", ("path", "'data'")),
    (("kubeflow", "volumes", 0, "claim"), "My_Claim", ("claim", "My_Claim")),
    (("kubeflow", "metadata", "kind"), "oracle", ("kind", "sqlite")),
    (("kubeflow", "metadata", "host"), None, ("mysql needs host",)),
    (("kubeflow", "metadata", "password"), None, ("mysql needs password",)),
    (("kubeflow", "metadata", "password"), "hunter2", ("password", "keys with values")),
    (("kubeflow", "metadata"), {"kind": "sqlite", "host": "h"}, ("sqlite", "takes no host")),
    (("kubeflow", "secrets", 0, "env"), "A-B", ("env", "A-B")),
    (("kubeflow", "image_pull_policy"), "Sometimes", ("image_pull_policy", "IfNotPresent")),
])
def test_what_is_refused(cluster_config, path, value, words):
    with pytest.raises(InputError) as refused:
        load_config(cluster_config(change(path, value)))
    for word in words:
        assert word in str(refused.value)
