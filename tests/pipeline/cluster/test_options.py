import pytest
from pydantic import TypeAdapter, ValidationError

from pipeline.cluster import formats
from pipeline.cluster.options import PASSWORD_VARIABLE, KubeflowOptions
from pipeline.config import load_config
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
    (("kubeflow", "imgae"), "x", ("unknown key 'kubeflow.imgae'", "image")),
    (("kubeflow", "steps", "Trainer", "memory"), "8 Gi", ("memory", "8 Gi")),
    (("kubeflow", "steps", "Trainer", "gpu"), 1, ("unknown key", "gpus")),
    (("kubeflow", "volumes", 0, "path"), "data", ("path", "'data'")),
    (("kubeflow", "metadata", "kind"), "oracle", ("kind", "sqlite")),
    (("kubeflow", "metadata", "host"), None, ("mysql needs host",)),
    (("kubeflow", "metadata", "password"), None, ("mysql needs password",)),
    (("kubeflow", "metadata"), {"kind": "sqlite", "host": "h"}, ("sqlite", "takes no host")),
    (("kubeflow", "image_pull_policy"), "Sometimes", ("image_pull_policy", "IfNotPresent")),
    (("kubeflow", "volumes"), [{"claim": "a", "path": "/tessera"}, {"claim": "a", "path": "/x"}],
     ("claim a is used 2 times",)),
    (("kubeflow", "volumes"), [{"claim": "a", "path": "/tessera"},
                               {"claim": "b", "path": "/tessera/"}],
     ("path /tessera is used 2 times",)),
    (("kubeflow", "secrets", 0, "env"), PASSWORD_VARIABLE, (f"env {PASSWORD_VARIABLE} is used",)),
    (("kubeflow", "labels"), {"team": "my shop"}, ("labels.team", "my shop")),
    (("kubeflow", "annotations"), {"a": "{{workflow.name}}"}, ("annotations.a", "Argo")),
    (("kubeflow", "annotations"), {"sidecar.istio.io/inject": False}, ("annotations", "False")),
    (("kubeflow", "security_context"), {"run_as_user": 0, "run_as_non_root": True},
     ("security_context", "user 0 is root")),
    (("kubeflow", "steps", "Trainer", "cpu"), "4Gi", ("Trainer.cpu", "4Gi", "500m")),
    (("kubeflow", "steps", "Trainer", "memory_limit"), "4Gi",
     ("steps.Trainer", "memory is 8Gi", "memory_limit, 4Gi")),
    (("kubeflow", "steps", "Trainer", "shm"), 8, ("shm", "8 bytes", "a unit")),
    (("kubeflow", "steps", "Trainer", "tolerations"), [{}],
     ("tolerations.0", "without a key", "Exists")),
    (("kubeflow", "steps", "Trainer", "tolerations"),
     [{"key": "a", "operator": "Exists", "value": "b"}], ("tolerations.0", "takes no value")),
])
def test_what_is_refused(cluster_config, path, value, words):
    with pytest.raises(InputError) as refused:
        load_config(cluster_config(change(path, value)))
    for word in words:
        assert word in str(refused.value)


GOOD = {
    "Name": ["a", "a-b", "a.b", "1a", "a" * 253],
    "Claim": ["a", "a-b", "1a", "a" * 63],
    "Variable": ["E", "_e", "HTTPS_PROXY"],
    "LabelKey": ["a", "A", "a.b/c", "a" * 63, "x/" + "a" * 63, "kubernetes.io/x"],
    "LabelValue": ["", "a", "A.b_c-d", "a" * 63, "1"],
    "PodLabelKey": ["team", "example.com/team"],
    "AnnotationKey": ["a", "A.B/c", "sidecar.istio.io/inject"],
    "SecretEntry": ["k", "K_.-9", ".a", "k" * 253],
    "Device": ["nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.5gb", "nvidia.com/GPU"],
    "Image": ["tessera:1", "registry.example/team/tessera:1-gpu", "R.io/tessera",
              "reg:5000/a/b:1@sha256:" + "a" * 64, "[::1]:5000/x", "a__b/c-d.e"],
    "Cpu": ["2", "0.5", "500m", "0"],
    "Memory": ["512Mi", "16Gi", "2G", "16777216", "20000Ki"],
    "MountPath": ["/tessera", "/a/b.c", "/opt/data", "/device", "/usr/local/data"],
}
BAD = {
    "Name": ["", "A", "a_b", "a..b", ".a", "-a", "a" * 254, "a\n"],
    "Claim": ["", "A", "a.b", "a-", "a" * 64, "kfp-launcher", "dev-shm"],
    "Variable": ["", "1E", "A-B", "A=B", "KFP_POD_NAME", "ARGO_TEMPLATE"],
    "LabelKey": ["", "a b", "-a", "/b", "a/b/c", "A.b/c", "a" * 64, "a" * 254 + "/b"],
    "LabelValue": ["-a", "a b", "a" * 64, "é"],
    "PodLabelKey": ["pipeline/runid", "workflows.argoproj.io/workflow", "a b"],
    "AnnotationKey": ["", "a b", "/b", "é", "kubernetes.io/config.mirror",
                      "scheduler.alpha.kubernetes.io/tolerations",
                      "container.seccomp.security.alpha.kubernetes.io/main",
                      "workflows.argoproj.io/node-name", "pipelines.kubeflow.org/v2_component"],
    "SecretEntry": ["", "..", "..a", "a/b", "k" * 254],
    "Device": ["", "gpu", "nvidia.com/g pu", "/gpu", "a/b/c", "kubernetes.io/gpu",
               "requests.nvidia.com/gpu", "NVIDIA.com/gpu", "nvidia.com/" + "g" * 64],
    "Image": ["", " a", "a b", "Tessera:1", "https://r.io/a", "a:", "a//b", "a@sha256:abc",
              "my_reg:5000/x", "a" * 256, "{{image}}", "a:" + "t" * 129],
    "Cpu": ["", "4Gi", "1.5.2", "-1", "2 ", "0x10", "1_000"],
    "Memory": ["", "4", "500m", "-1", "16 Gi", "5K", "1Ki", "99999999999E"],
    "MountPath": ["", "data", "/", "/a:b", "/a/../b", "/proc/x", "/usr/", "/dev/shm", "/gcs"],
}


def pairs(table):
    return [(kind, text) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), pairs(GOOD))
def test_what_is_taken(kind, text):
    assert TypeAdapter(getattr(formats, kind)).validate_python(text) == text


@pytest.mark.parametrize(("kind", "text"), pairs(BAD))
def test_what_is_refused_with_what_is_expected(kind, text):
    with pytest.raises(ValidationError, match="expected"):
        TypeAdapter(getattr(formats, kind)).validate_python(text)


@pytest.mark.parametrize(("kind", "given", "written"), [
    ("Memory", "1.5Gi", "1610612736"), ("Memory", "1000000k", "1000000000"),
    ("MountPath", "/tessera/", "/tessera"), ("MountPath", "//a///b/", "/a/b"),
])
def test_what_kfp_would_not_read_is_written_for_it(kind, given, written):
    assert TypeAdapter(getattr(formats, kind)).validate_python(given) == written


@pytest.mark.parametrize(("less", "more"), [
    ("500m", "1"), ("999m", "1.5"), ("1G", "1Gi"), ("1023Mi", "1Gi"), ("1023Gi", "1Ti")])
def test_amounts_are_compared_as_numbers(less, more):
    assert formats.amount(less) < formats.amount(more)
