"""What a configuration may say: nothing that Kubernetes 1.34 refuses, and no slip of the pen.

Kubernetes' own validation took each good value. Of the bad ones it takes some that mean nothing
good: 8 bytes of memory, a mount over `/proc`, an image that no node can name.
"""

import pytest
from pydantic import TypeAdapter, ValidationError

from pipeline.kubeflow import formats

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
    "Name": ["", "A", "a_b", "a b", "a..b", ".a", "-a", "a" * 254, "a\n"],
    "Claim": ["", "A", "a_b", "a.b", "-a", "a-", "a" * 64, "a/b", "kfp-launcher", "dev-shm"],
    "Variable": ["", "1E", "A-B", "A B", "A=B", "KFP_POD_NAME", "ARGO_TEMPLATE"],
    "LabelKey": ["", "a b", "-a", "a-", "/b", "a/", "a/b/c", "A.b/c", "a_b/c", "a" * 64,
                 "a" * 254 + "/b"],
    "LabelValue": ["-a", "a-", "a b", "a/b", "a" * 64, "é"],
    "PodLabelKey": ["pipeline/runid", "workflows.argoproj.io/workflow", "a b"],
    "AnnotationKey": ["", "a b", "/b", "é", "kubernetes.io/config.mirror",
                      "scheduler.alpha.kubernetes.io/tolerations",
                      "controller.kubernetes.io/pod-deletion-cost",
                      "seccomp.security.alpha.kubernetes.io/pod",
                      "container.seccomp.security.alpha.kubernetes.io/main",
                      "container.apparmor.security.beta.kubernetes.io/main",
                      "workflows.argoproj.io/node-name", "pipelines.kubeflow.org/v2_component"],
    "SecretEntry": ["", ".", "..", "..a", "a b", "a/b", "k" * 254],
    "Device": ["", "gpu", "cpu", "nvidia.com/g pu", "/gpu", "nvidia.com/", "a/b/c",
               "kubernetes.io/gpu", "requests.nvidia.com/gpu", "NVIDIA.com/gpu",
               "nvidia.com/" + "g" * 64],
    "Image": ["", " a", "a ", "a b", "Tessera:1", "r.io/Team/tessera", "https://r.io/a", "a:",
              "a//b", "a@sha256:abc", "my_reg:5000/x", "a" * 256, "a" * 64, "{{image}}",
              "a:" + "t" * 129],
    "Cpu": ["", "4Gi", "1.5.2", "-1", "m", "2 ", "two", "0x10", "1_000"],
    "Memory": ["", "4", "8", "500m", "1.5.2", "-1", "16 Gi", "5K", "1Ki", "99999999999E", "Gi"],
    "MountPath": ["", "data", "/", "//", "/a:b", "/a/../b", "/proc/x", "/sys", "/usr/", "/dev/shm",
                  "/gcs", "/var/run/argo/"],
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
