"""What a cluster is told besides the pipeline: image, volumes, secrets, resources, metadata."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

PASSWORD_VARIABLE = "TESSERA_METADATA_PASSWORD"

# What Kubernetes takes as an amount of CPU or memory, such as 500m, 2, 1.5, 16Gi.
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|[EPTGMK]i?|k)?$")]
# Kubernetes' names of objects (RFC 1123).
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
AbsolutePath = Annotated[str, Field(pattern=r"^/")]


class _Strict(BaseModel):
    """Unknown keys are errors, values are final; a number may stand for its text."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class SecretKey(_Strict):
    """One entry of a Kubernetes secret."""

    secret: Name
    key: str


class SecretVariable(SecretKey):
    """An entry of a secret that steps see as an environment variable."""

    env: Variable


class Database(_Strict):
    """Where ML Metadata lie.

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

    claim: Name
    path: AbsolutePath


class Toleration(_Strict):
    """A taint of nodes that steps may run on all the same."""

    key: str | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


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
      node_selector: Labels that a node must have.
      tolerations: Taints that do not matter.
      timeout_s: Seconds that the step's pod may take, pulling the image included.
      retries: How often Kubeflow starts a failed step again within the run.
    """

    image: str | None = None
    cpu: Quantity | None = None
    cpu_limit: Quantity | None = None
    memory: Quantity | None = None
    memory_limit: Quantity | None = None
    gpus: Annotated[int, Field(ge=0)] = 0
    gpu_type: str = "nvidia.com/gpu"
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    timeout_s: PositiveInt | None = None
    retries: Annotated[int, Field(ge=0, le=10)] = 0


class KubeflowOptions(_Strict):
    """The tree `kubeflow` of a run's configuration.

    Attributes:
      image: The project's image.
      image_pull_policy: When nodes pull it.
      image_pull_secrets: Secrets with a registry's credentials.
      metadata: Where ML Metadata lie.
      volumes: Volumes of every step; the root and the data must lie on one.
      secrets: Entries of secrets that every step sees as environment variables.
      labels: Labels of every pod.
      steps: What steps ask for, by the node's id (`Trainer`), by the part of it before the dot
        (`Transform` for all three), or `default`.
    """

    image: Annotated[str, Field(min_length=1, pattern=r"^[^\s{}]+$")]
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[Name, ...] = ()
    metadata: Database = Database()
    volumes: tuple[Volume, ...] = ()
    secrets: tuple[SecretVariable, ...] = ()
    labels: dict[str, str] = {}
    steps: dict[str, StepOptions] = {}

    def of_step(self, node: str) -> StepOptions:
        """Returns what a node's step asks for, defaults included."""
        merged: dict = {}
        for name in dict.fromkeys(("default", node.split(".")[0], node)):
            options = self.steps.get(name, StepOptions())
            merged |= {key: getattr(options, key) for key in options.model_fields_set}
        return StepOptions(**merged)

    def on_a_volume(self, path: str) -> bool:
        """Tells whether a path lies on one of the volumes."""
        return any(PurePosixPath(path).is_relative_to(volume.path) for volume in self.volumes)
