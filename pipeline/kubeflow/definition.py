"""The pipeline in Kubeflow's own language: a container component for each step.

Imports nothing but kfp, so that any version of it can compile the same steps.
"""

import inspect
import re
from dataclasses import dataclass
from pathlib import Path

from kfp import compiler, dsl, kubernetes

from pipeline.cluster.formats import SHM_VOLUME
from pipeline.cluster.options import PASSWORD_VARIABLE, KubeflowOptions, StepOptions
from pipeline.kubeflow.steps import INIT_STEP, Step

_PYTHON = ["python", "-m"]
_BACKOFF_S = 30
_WEEK_S = 7 * 24 * 3600
_LONGEST_S = 2 ** 31 - 1
_TYPES = {"HTML": dsl.HTML, "Metrics": dsl.Metrics, "Model": dsl.Model,
          "ClassificationMetrics": dsl.ClassificationMetrics}


@dataclass(frozen=True)
class Baked:
    """What is fixed when the file is compiled.

    Attributes:
      name: The pipeline's name on Kubeflow.
      root: The folder of artifacts, metadata and pushed models, as steps see it.
      data_dir: The dataset's folder as steps see it, unless a run names another.
      recipe: The recipe's name, unless a run names another.
      init_arguments: Further arguments of the first step.
    """

    name: str
    root: str
    data_dir: str
    recipe: str
    init_arguments: tuple[str, ...]


def write_definition(steps: list[Step], baked: Baked, options: KubeflowOptions,
                     path: Path) -> None:
    """Compiles steps to the YAML that open-source Kubeflow Pipelines accepts.

    Args:
      steps: The steps, each after those that it waits for.
      baked: What is fixed.
      options: What the steps ask of the cluster.
      path: The file to write.
    """

    @dsl.pipeline(name=baked.name, description="Tessera: a TFX pipeline, one step for each node.")
    def tessera(data_dir: str = baked.data_dir, recipe: str = baked.recipe,
                max_epochs: int = 0, learning_rate: float = 0.0) -> None:
        """A run.

        Args:
          data_dir: The dataset's folder, as the steps see it.
          recipe: A recipe of the image by its name, or a YAML file as the steps see it.
          max_epochs: Most epochs of training; 0 leaves the recipe's.
          learning_rate: The learning rate; 0 leaves the recipe's.
        """
        first = _init_component(baked, options)(
            run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER, data_dir=data_dir, recipe=recipe,
            max_epochs=max_epochs, learning_rate=learning_rate)
        _place(first, INIT_STEP, options)
        tasks = {INIT_STEP: first}
        for step in steps:
            task = _node_component(step, baked, options)(run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER)
            task.after(*(tasks[name] for name in step.after))
            _place(task, step.node, options)
            tasks[step.name] = task

    window = {name: _retry_window(options.of_step(node)) for name, node in
              [(INIT_STEP, INIT_STEP), *((step.name, step.node) for step in steps)]}
    for name, task in tessera.pipeline_spec.root.dag.tasks.items():
        if task.HasField("retry_policy"):
            task.retry_policy.backoff_max_duration.seconds = window[name]
    compiler.Compiler().compile(tessera, str(path))


def _retry_window(wanted: StepOptions) -> int:
    """Returns the seconds within which Argo may try a step again, from its first attempt's start.

    kfp allows an hour and no more. A step that fails after it would never be tried again, and a
    second attempt would end when the hour does.
    """
    attempts = (wanted.retries + 1) * (wanted.timeout_s or 0) + _BACKOFF_S * 2 ** wanted.retries
    return min(max(_WEEK_S, attempts), _LONGEST_S)


def _init_component(baked: Baked, options: KubeflowOptions):
    parameters = {"run_id": str, "data_dir": str, "recipe": str, "max_epochs": int,
                  "learning_rate": float}

    def container(*given):
        values = [word for name, value in zip(parameters, given, strict=True)
                  for word in (f"--{name.replace('_', '-')}", value)]
        return dsl.ContainerSpec(
            image=options.of_step(INIT_STEP).image or options.image,
            command=[*_PYTHON, "pipeline.kubeflow.init_metadata"],
            args=["--root", baked.root, *baked.init_arguments, *values])

    return _component(INIT_STEP, parameters, container)


def _node_component(step: Step, baked: Baked, options: KubeflowOptions):
    outputs = {key: dsl.Output[_TYPES[kind]] for key, kind in step.shows.items()}

    def container(run_id, *given):
        shown = [word for key, output in zip(outputs, given, strict=True)
                 for word in ("--show", key, output.path)]
        executor_input = ["--executor-input", "{{$}}"] if shown else []
        return dsl.ContainerSpec(
            image=options.of_step(step.node).image or options.image,
            command=[*_PYTHON, "pipeline.kubeflow.run_node"],
            args=["--root", baked.root, "--node", step.node,
                  "--run-id", run_id, *shown, *executor_input])

    return _component(step.name, {"run_id": str, **outputs}, container)


def _component(name: str, arguments: dict, container):
    """Makes a component of a function whose signature kfp reads names and types from."""
    container.__name__ = name.replace("-", "_")
    container.__annotations__ = {**arguments, "return": dsl.ContainerSpec}
    container.__signature__ = inspect.Signature(
        [inspect.Parameter(key, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
         for key, kind in arguments.items()],
        return_annotation=dsl.ContainerSpec)
    return dsl.container_component(container)


def _place(task: dsl.PipelineTask, node: str, options: KubeflowOptions) -> None:
    """Sets what a task needs of the cluster."""
    wanted = options.of_step(node)
    # TFX decides what is served from its own cache, by content; Kubeflow would go by arguments.
    task.set_caching_options(False)
    if wanted.retries:
        task.set_retry(wanted.retries, backoff_duration=f"{_BACKOFF_S}s")
    for value, setter in ((wanted.cpu, task.set_cpu_request),
                          (wanted.cpu_limit, task.set_cpu_limit),
                          (wanted.memory, task.set_memory_request),
                          (wanted.memory_limit, task.set_memory_limit)):
        if value is not None:
            setter(value)
    if wanted.gpus:
        task.set_accelerator_type(wanted.gpu_type)
        # Its setter takes 1, 2, 4, 8 and 16 only before kfp 2.17; Kubernetes takes any number.
        task.container_spec.resources.accelerator_count = str(wanted.gpus)
    _place_on_kubernetes(task, wanted, options)


def _place_on_kubernetes(task: dsl.PipelineTask, wanted: StepOptions,
                         options: KubeflowOptions) -> None:
    """Sets what a task's pod needs."""
    kubernetes.set_image_pull_policy(task, options.image_pull_policy)
    if options.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(options.image_pull_secrets))
    for volume in options.volumes:
        kubernetes.mount_pvc(task, pvc_name=volume.claim, mount_path=volume.path)
    if wanted.shm is not None:
        kubernetes.empty_dir_mount(task, volume_name=SHM_VOLUME, mount_path="/dev/shm",
                                   medium="Memory", size_limit=wanted.shm)
    if options.metadata.password is not None:
        password = options.metadata.password
        kubernetes.use_secret_as_env(task, password.secret, {password.key: PASSWORD_VARIABLE})
    for secret in options.secrets:
        kubernetes.use_secret_as_env(task, secret.secret, {secret.key: secret.env})
    for key, value in options.labels.items():
        kubernetes.add_pod_label(task, key, value)
    for key, value in options.annotations.items():
        kubernetes.add_pod_annotation(task, key, value)
    for key, value in wanted.node_selector.items():
        kubernetes.add_node_selector(task, key, value)
    for toleration in wanted.tolerations:
        kubernetes.add_toleration(task, **toleration.model_dump(exclude_none=True))
    if wanted.timeout_s is not None:
        kubernetes.set_timeout(task, wanted.timeout_s)
    if options.security_context is not None:
        # Last: kfp-kubernetes before 2.16 does not know the key, and would not read it again.
        task.platform_config["kubernetes"]["securityContext"] = _json_form(
            options.security_context.model_dump(exclude_none=True))


def _json_form(given: dict[str, int | bool]) -> dict[str, str | bool]:
    """Writes names and 64-bit numbers as protobuf does in JSON."""
    return {re.sub("_(.)", lambda match: match[1].upper(), key):
            value if isinstance(value, bool) else str(value) for key, value in given.items()}
