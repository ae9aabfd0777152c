"""The tree `kubeflow` of a configuration: what is merged, and what is refused."""

import pytest

from pipeline.config import load_config
from pipeline.kubeflow.options import PASSWORD_VARIABLE, KubeflowOptions
from schemas import InputError


def options(**given):
    return KubeflowOptions.model_validate({"image": "tessera:1"} | given)


def test_a_steps_own_keys_win():
    result = options(steps={
        "default": {"cpu": 1, "memory": "1Gi", "retries": 2},
        "Transform": {"memory": "4Gi"}, "Transform.items": {"cpu": "4", "retries": 0}})
    items, users, gate = map(result.of_step, ("Transform.items", "Transform.users", "Gate"))
    assert (items.cpu, items.memory, items.retries) == ("4", "4Gi", 0)
    assert (users.cpu, users.memory, users.retries) == ("1", "4Gi", 2)
    assert (gate.cpu, gate.memory, gate.gpus) == ("1", "1Gi", 0)


def test_a_path_beside_a_volume_is_not_on_it():
    result = options(volumes=[{"claim": "c", "path": "/data"}])
    assert result.on_a_volume("/data") and result.on_a_volume("/data/x/y")
    assert not result.on_a_volume("/database") and not result.on_a_volume("/")


def test_what_kubernetes_takes_is_taken():
    result = options(
        volumes=[{"claim": "a", "path": "/data"}, {"claim": "b", "path": "/data/inner"}],
        labels={"example.com/team": "shop", "empty": "", "number": 1},
        annotations={"sidecar.istio.io/inject": "false", "text": "any {thing}: at all"},
        steps={"default": {"cpu": 1, "cpu_limit": "1000m", "memory": "1024Mi", "gpus": 3,
                           "memory_limit": "1Gi", "shm": "2Gi", "timeout_s": 2 ** 31 - 1,
                           "tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b"}]}})
    assert result.of_step("Trainer").gpus == 3 and result.labels["number"] == "1"


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
    (("kubeflow", "image_pull_secrets"), ["my_registry"], ("image_pull_secrets.0", "my_registry")),
    (("kubeflow", "volumes"), [{"claim": "a", "path": "/tessera"}, {"claim": "a", "path": "/x"}],
     ("claim a is used 2 times",)),
    (("kubeflow", "volumes"), [{"claim": "a", "path": "/tessera"},
                               {"claim": "b", "path": "/tessera/"}],
     ("path /tessera is used 2 times",)),
    (("kubeflow", "secrets"), [{"secret": "a", "key": "k", "env": "URL"},
                               {"secret": "b", "key": "k", "env": "URL"}],
     ("env URL is used 2 times",)),
    (("kubeflow", "secrets", 0, "env"), PASSWORD_VARIABLE, (f"env {PASSWORD_VARIABLE} is used",)),
    (("kubeflow", "secrets", 0, "key"), "", ("secrets.0.key", "a key of a secret")),
    (("kubeflow", "metadata", "password", "key"), "a b", ("password.key", "'a b'")),
    (("kubeflow", "labels"), {"team": "my shop"}, ("labels.team", "my shop")),
    (("kubeflow", "labels"), {"my team": "shop"}, ("labels.my team",)),
    (("kubeflow", "annotations"), {"a": "{{workflow.name}}"}, ("annotations.a", "Argo")),
    (("kubeflow", "annotations"), {"a": "x" * 262_144}, ("at most 262144",)),
    (("kubeflow", "annotations"), {"sidecar.istio.io/inject": False}, ("annotations", "False")),
    (("kubeflow", "service_account"), "Trainer", ("service_account", "Trainer")),
    (("kubeflow", "security_context"), {"run_as_user": 0, "run_as_non_root": True},
     ("security_context", "user 0 is root")),
    (("kubeflow", "security_context"), {"run_as_user": 2 ** 31}, ("run_as_user", "2147483647")),
    (("kubeflow", "steps", "Trainer", "cpu"), "4Gi", ("Trainer.cpu", "4Gi", "500m")),
    (("kubeflow", "steps", "Trainer", "memory_limit"), "4Gi",
     ("steps.Trainer", "memory is 8Gi", "memory_limit, 4Gi")),
    (("kubeflow", "steps", "default", "cpu_limit"), "1", ("steps.Trainer", "cpu is 2")),
    (("kubeflow", "steps", "Trainer", "image"), "", ("Trainer.image", "such as")),
    (("kubeflow", "steps", "Trainer", "gpu_type"), "nvidia.com/g pu", ("gpu_type", "g pu")),
    (("kubeflow", "steps", "Trainer", "shm"), 8, ("shm", "8 bytes", "a unit")),
    (("kubeflow", "steps", "Trainer", "timeout_s"), 2 ** 31, ("timeout_s", "2147483647")),
    (("kubeflow", "steps", "Trainer", "node_selector"), {"gpu": "a b"}, ("node_selector.gpu",)),
    (("kubeflow", "steps", "Trainer", "tolerations"), [{}],
     ("tolerations.0", "without a key", "Exists")),
    (("kubeflow", "steps", "Trainer", "tolerations"),
     [{"key": "a", "operator": "Exists", "value": "b"}], ("tolerations.0", "takes no value")),
    (("kubeflow", "steps", "Trainer", "tolerations"), [{"key": "a b"}], ("tolerations.0.key",)),
])
def test_what_is_refused(cluster_config, path, value, words):
    with pytest.raises(InputError) as refused:
        load_config(cluster_config(change(path, value)))
    for word in words:
        assert word in str(refused.value)
