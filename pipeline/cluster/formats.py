"""What Kubernetes accepts as a name, a label, an amount and the like: types for a configuration.

The rules are Kubernetes' own (1.34: `pkg/util/validation` of k8s.io/apimachinery and
`pkg/apis/core/validation` of k8s.io/kubernetes). Images are named as nodes read them
(github.com/distribution/reference).
"""

import math
import posixpath
import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_PATH = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?P<name>(({_HOST}(\.{_HOST})*|\[[0-9a-fA-F:]+\])(:[0-9]+)?/)?{_PATH}(/{_PATH})*)"
    r"(:\w[\w.-]{0,127})?(@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?", re.ASCII)
_LONGEST_IMAGE = 255
_UNITS = {"": Decimal(1), "m": Decimal("0.001"), "k": Decimal(1000)}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate("MGTPE", 2)}
_UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_SMALLEST_MEMORY = 16 * 1024 ** 2  # less is a unit forgotten, and no container starts in it
_LARGEST = 2 ** 63 - 1
# Mounts within them are refused by the container runtime, or break what the kernel shows there.
_SYSTEM = ("/proc", "/sys", "/dev")
# A mount over one of them hides what the image runs.
_PROGRAMS = ("/", "/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc", "/opt", "/opt/tessera",
             "/opt/venv")
# Where Kubeflow's launcher and Argo mount their own folders.
_TAKEN = ("/kfp-launcher", "/gcs", "/s3", "/minio", "/.local", "/.cache", "/.config",
          "/var/run/argo")
_VOLUMES = ("kfp-launcher", "gcs-scratch", "s3-scratch", "minio-scratch", "dot-local-scratch",
            "dot-cache-scratch", "dot-config-scratch", "var-run-argo", "tmp-dir-argo",
            "kfp-workspace")
SHM_VOLUME = "dev-shm"
_OWN = ("pipeline/", "pipelines.kubeflow.org/", "workflows.argoproj.io/")
# Annotations whose values Kubernetes checks, most of them older forms of a pod's fields.
_READ = (*_OWN, "kubernetes.io/config.", "scheduler.alpha.kubernetes.io/",
         "controller.kubernetes.io/pod-deletion-cost", "seccomp.security.alpha.kubernetes.io/",
         "container.seccomp.security.alpha.kubernetes.io/",
         "container.apparmor.security.beta.kubernetes.io/")


def amount(text: str) -> Decimal:
    """Returns the number that an amount such as `500m` or `16Gi` means."""
    number = text.rstrip("EPTGMKkim")
    return Decimal(number) * _UNITS[text[len(number):]]


def _checked(pattern: str, longest: int, expected: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if len(text) > longest or not compiled.fullmatch(text):
            raise ValueError(f"expected {expected}")
        return text

    return AfterValidator(check)


def _qualified(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    good = len(name) <= 63 and re.fullmatch(_QUALIFIED, name)
    if slash:
        good = good and len(prefix) <= 253 and re.fullmatch(_SUBDOMAIN, prefix)
    if not good:
        raise ValueError("expected at most 63 letters, digits, '-', '_' and '.', with a letter or "
                         "digit at both ends, and before it a domain and '/' if you like")
    return text


def _annotation(text: str) -> str:
    _qualified(text.lower())  # so does Kubernetes with annotations
    if text.startswith(_READ):
        raise ValueError("Kubernetes reads what this annotation says, or Kubeflow and Argo write "
                         "it themselves: expected another one")
    return text


def _config_key(text: str) -> str:
    if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", text) or text == "." or text.startswith(".."):
        raise ValueError("expected a key of a secret: at most 253 letters, digits, '-', '_' and "
                         "'.', and no '..' in front")
    return text


def _own_label(text: str) -> str:
    if text.startswith(_OWN):
        raise ValueError("this label is Kubeflow's own: expected another prefix")
    return text


def _own_variable(text: str) -> str:
    if text.startswith(("KFP_", "ARGO_", "METADATA_GRPC_")):
        raise ValueError("Kubeflow sets variables with this prefix: expected another name")
    return text


def _device(text: str) -> str:
    domain, slash, _ = text.rpartition("/")
    try:
        _qualified(f"requests.{text}")  # the name that a quota has for it
        known = slash and not text.startswith("requests.") and "kubernetes.io/" not in text
    except ValueError:
        known = False
    if not known or not domain:
        raise ValueError("expected Kubernetes' name of a device, such as nvidia.com/gpu")
    return text


def _image(text: str) -> str:
    image = _IMAGE.fullmatch(text)
    if (image is None or len(image["name"]) > _LONGEST_IMAGE
            or re.fullmatch("[0-9a-f]{64}", image["name"])):
        raise ValueError("expected an image such as registry.example/team/tessera:1: after the "
                         "registry's host all of the name is lower-case, then a tag or a digest")
    return text


def _cpu(text: str) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?|[0-9]+m", text) or amount(text) > _LARGEST:
        raise ValueError("expected an amount of CPU, such as 2, 0.5 or 500m")
    return text


def _memory(text: str) -> str:
    """Checks an amount of memory, and writes it as kfp and Kubernetes both read it."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?([MGTPE]i?|Ki|k)?", text) or amount(text) > _LARGEST:
        raise ValueError("expected an amount of memory, such as 512Mi or 16Gi")
    if amount(text) < _SMALLEST_MEMORY:
        raise ValueError(f"that is {amount(text):f} bytes: expected a unit, such as 512Mi or 16Gi")
    return text if re.fullmatch("[0-9]+(Ki|[MGTPE]i?)?", text) else str(math.ceil(amount(text)))


def _mount_path(text: str) -> str:
    if not text.startswith("/") or ":" in text or ".." in text.split("/"):
        raise ValueError("expected an absolute path without ':' and '..'")
    path = "/" + posixpath.normpath(text).strip("/")
    if path in _PROGRAMS or any(f"{path}/".startswith(f"{folder}/") for folder in _SYSTEM):
        raise ValueError("expected a folder that is not the system's own, such as /tessera")
    if path in _TAKEN:
        raise ValueError("Kubeflow mounts its own folder there: expected another path")
    return path


def _claim(text: str) -> str:
    if text in _VOLUMES or text == SHM_VOLUME:
        raise ValueError("Kubeflow calls a volume of its own so: expected another claim")
    return text


# Names of objects (RFC 1123), such as of secrets and service accounts.
Name = Annotated[str, _checked(
    _SUBDOMAIN, 253, "at most 253 lower-case letters, digits, '-' and '.', with a letter or digit "
    "at both ends of each part")]
# Kubeflow calls the volume as the claim, and names of volumes have no dots.
Claim = Annotated[str, _checked(
    _LABEL, 63, "at most 63 lower-case letters, digits and '-', with a letter or digit at both "
    "ends: Kubeflow also calls the volume so"), AfterValidator(_claim)]
Variable = Annotated[str, _checked(
    "[A-Za-z_][A-Za-z0-9_]*", 253, "at most 253 letters, digits and '_', with no digit in front"),
    AfterValidator(_own_variable)]
LabelValue = Annotated[str, _checked(
    f"({_QUALIFIED})?", 63, "at most 63 letters, digits, '-', '_' and '.', with a letter or digit "
    "at both ends")]
LabelKey = Annotated[str, AfterValidator(_qualified)]
PodLabelKey = Annotated[LabelKey, AfterValidator(_own_label)]
AnnotationKey = Annotated[str, AfterValidator(_annotation)]
SecretEntry = Annotated[str, AfterValidator(_config_key)]
Device = Annotated[str, AfterValidator(_device)]
Image = Annotated[str, AfterValidator(_image)]
Cpu = Annotated[str, AfterValidator(_cpu)]
Memory = Annotated[str, AfterValidator(_memory)]
MountPath = Annotated[str, AfterValidator(_mount_path)]
