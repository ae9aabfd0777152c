"""What a cluster is given besides the pipeline: image, volumes, secrets, resources, metadata."""

from collections import Counter
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.cluster.formats import (
    AnnotationKey,
    Claim,
    Cpu,
    Device,
    Image,
    LabelKey,
    LabelValue,
    Memory,
    MountPath,
    Name,
    PodLabelKey,
    SecretEntry,
    Variable,
    amount,
)

PASSWORD_VARIABLE = "TESSERA_METADATA_PASSWORD"
_LARGEST_ID = 2 ** 31 - 1  # of users and groups, and the longest deadline in seconds
_ANNOTATIONS_BYTES = 256 * 1024


class _Strict(BaseModel):
    """Unknown keys are errors, values are final; a number may be given for its text."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class SecretKey(_Strict):
    """One entry of a Kubernetes secret."""

    secret: Name
    key: SecretEntry


class SecretVariable(SecretKey):
    """An entry of a secret that steps see as an environment variable."""

    env: Variable


class Database(_Strict):
    """Where ML Metadata are.

    Attributes:
      kind: `sqlite` is a file under the root, for one machine; clusters need a server.
      host: The server's name or address.
      port: Its port.
      database: The database's name.
      user: Who connects.
      password: The secret that holds the password. Steps get it by the environment variable
        `TESSERA_METADATA_PASSWORD`, and in no other way.
    """

    kind: Literal["sqlite", "mysql"] = "sqlite"
    host: str | None = None
    port: Annotated[int, Field(gt=0, lt=65536)] = 3306
    database: str = "tessera"
    user: str | None = None
    password: SecretKey | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Database":
        if self.kind == "sqlite":
            given = self.model_fields_set - {"kind"}
            if given:
                raise ValueError("sqlite is a file under the root and takes no "
                                 f"{', '.join(sorted(given))}")
            return self
        missing = [k for k in ("host", "user", "password") if getattr(self, k) is None]
        if missing:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        return self


class Volume(_Strict):
    """A persistent volume claim, mounted into every step."""

    claim: Claim
    path: MountPath


class Toleration(_Strict):
    """A taint of nodes that steps may run on all the same."""

    key: LabelKey | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Toleration":
        if self.key is None and self.operator != "Exists":
            raise ValueError("a toleration without a key is for all taints: set operator to "
                             "Exists, or give a key")
        if self.value and self.operator == "Exists":
            raise ValueError("operator Exists takes no value: leave it out, or set operator to "
                             "Equal")
        return self


class SecurityContext(_Strict):
    """Who a step's container runs as; what is left out is the image's or the server's.

    Attributes:
      run_as_user: Number of the user.
      run_as_group: Number of the group.
      run_as_non_root: Whether Kubernetes refuses to start it as root.
    """

    run_as_user: Annotated[int, Field(ge=0, le=_LARGEST_ID)] | None = None
    run_as_group: Annotated[int, Field(ge=0, le=_LARGEST_ID)] | None = None
    run_as_non_root: bool | None = None

    @model_validator(mode="after")
    def _fits(self) -> "SecurityContext":
        if self.run_as_non_root and self.run_as_user == 0:
            raise ValueError("user 0 is root, and run_as_non_root is true: Kubernetes would start "
                             "no step")
        return self


class StepOptions(_Strict):
    """What one step asks of the cluster; a step's own keys win over those of `default`.

    Attributes:
      image: Another image than the pipeline's, such as one with CUDA.
      cpu: CPU requested.
      cpu_limit: Most CPU that it may use.
      memory: Memory requested.
      memory_limit: Most memory that it may use; beyond it Kubernetes kills the step.
      gpus: Number of accelerators.
      gpu_type: Kubernetes' name of the accelerator.
      shm: Most memory that files in `/dev/shm` may take; container runtimes give 64 MB.
      node_selector: Labels that a node must have.
      tolerations: Taints that do not matter.
      timeout_s: Seconds that the step's pod may take, pulling the image included.
      retries: How often Kubeflow starts a failed step again within the run.
    """

    image: Image | None = None
    cpu: Cpu | None = None
    cpu_limit: Cpu | None = None
    memory: Memory | None = None
    memory_limit: Memory | None = None
    gpus: Annotated[int, Field(ge=0, le=_LARGEST_ID)] = 0
    gpu_type: Device = "nvidia.com/gpu"
    shm: Memory | None = None
    node_selector: dict[LabelKey, LabelValue] = {}
    tolerations: tuple[Toleration, ...] = ()
    timeout_s: Annotated[int, Field(gt=0, le=_LARGEST_ID)] | None = None
    retries: Annotated[int, Field(ge=0, le=10)] = 0

    def above_limits(self) -> str | None:
        """Returns which request is above its limit, if one is; Kubernetes refuses the pod."""
        for name, request, limit in (("cpu", self.cpu, self.cpu_limit),
                                     ("memory", self.memory, self.memory_limit)):
            if request and limit and amount(request) > amount(limit):
                return (f"{name} is {request}, which is above {name}_limit, {limit}: raise the "
                        "limit, or ask for less")
        return None


class KubeflowOptions(_Strict):
    """The tree `kubeflow` of a run's configuration.

    Attributes:
      image: The project's image.
      image_pull_policy: When nodes pull it.
      image_pull_secrets: Secrets with a registry's credentials.
      metadata: Where ML Metadata are.
      volumes: Volumes of every step; the root and the data must be on one.
      secrets: Entries of secrets that every step sees as environment variables.
      labels: Labels of every pod.
      annotations: Annotations of every pod.
      security_context: Who every step runs as.
      service_account: Whose rights a run's pods have; a run's own, which `tessera submit` gives.
      steps: What steps ask for, by the node's id (`Trainer`), by the part of it before the dot
        (`Transform` for all three), or `default`.
    """

    image: Image
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[Name, ...] = ()
    metadata: Database = Database()
    volumes: tuple[Volume, ...] = ()
    secrets: tuple[SecretVariable, ...] = ()
    labels: dict[PodLabelKey, LabelValue] = {}
    annotations: dict[AnnotationKey, str] = {}
    security_context: SecurityContext | None = None
    service_account: Name | None = None
    steps: dict[str, StepOptions] = {}

    @model_validator(mode="after")
    def _fits(self) -> "KubeflowOptions":
        for what, names in (("claim", [v.claim for v in self.volumes]),
                            ("path", [v.path for v in self.volumes]),
                            ("env", [PASSWORD_VARIABLE, *(s.env for s in self.secrets)])):
            (name, count), = Counter(names).most_common(1) or [("", 0)]
            if count > 1:
                raise ValueError(f"{what} {name} is used {count} times: Kubernetes takes each once")
        for key, value in self.annotations.items():
            if "{{" in value:
                raise ValueError(f"annotations.{key} has '{{{{', which Argo reads as a variable")
        size = sum(len((key + value).encode()) for key, value in self.annotations.items())
        if size > _ANNOTATIONS_BYTES:
            raise ValueError(f"annotations have {size} bytes: at most {_ANNOTATIONS_BYTES}")
        for name in self.steps:
            if fault := self.of_step(name).above_limits():
                raise ValueError(f"steps.{name}: with what it takes over, {fault}")
        return self

    def of_step(self, node: str) -> StepOptions:
        """Returns what a node's step asks for, defaults included."""
        merged: dict = {}
        for name in dict.fromkeys(("default", node.split(".")[0], node)):
            options = self.steps.get(name, StepOptions())
            merged |= {key: getattr(options, key) for key in options.model_fields_set}
        return StepOptions(**merged)

    def on_a_volume(self, path: str) -> bool:
        """Returns whether a path is on one of the volumes."""
        return any(PurePosixPath(path).is_relative_to(volume.path) for volume in self.volumes)
