"""What open-source Kubeflow Pipelines 2.x demands of a file, and what no good file of ours does.

The API server says little of why it refuses a file, and some faults show only when a pod starts.
Each rule says what breaks it and what is right. They were read in the backend's code.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from google.protobuf import json_format

from pipeline.kubeflow.placeholders import broken_placeholders

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LONGEST_NAME = 128
_LONGEST_ARGUMENT = 131_071  # bytes; Linux' MAX_ARG_STRLEN, its closing null byte apart
_LONGEST_FILE = 1_572_864  # bytes; what etcd stores in one object, as it comes
_WEEK_S = 7 * 24 * 3600
_EXECUTORS = ("container", "importer")
# A value after a password's name; the name of a Kubernetes secret, in braces, is none.
_SECRET = re.compile(r"""(?i)(passw(or)?d|api[_-]?key)["']?\s*[=:]\s*["']?[^"'\s{]""")
_EXPANDED = re.compile(r"\$[$(]")
_SECRET_FLAG = re.compile(r"(?i)--?[a-z-]*(passw(or)?d|api-?key)[a-z-]*")


def broken_rules(text: str) -> list[str]:
    """Checks a compiled file.

    Args:
      text: The YAML.

    Returns:
      One sentence, without its full stop, for each rule that is broken; empty for a good file.
    """
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        return [f"the file is not YAML: {error}"]
    if not documents or not all(isinstance(d, dict) for d in documents):
        return ["the file must hold a PipelineSpec, as a mapping"]
    if len(documents) > 2:
        return [f"{len(documents)} documents: expected one PipelineSpec and at most one "
                "PlatformSpec"]
    spec = documents[0]
    if "pipelineSpec" in spec or "runtimeConfig" in spec:
        return ["this is a PipelineJob of the managed flavour: expected a bare PipelineSpec"]
    found = list(_unknown_fields(spec, documents[1:]))
    if found:
        return found  # what follows reads the fields
    found += _versions(spec)
    found += _names(spec)
    found += _executors(spec)
    found += _tasks(spec)
    found += _interfaces(spec)
    platform = documents[1] if len(documents) == 2 else {}
    found += broken_placeholders(spec, platform)
    found += _sizes(spec, platform)
    found += _retries(spec, platform)
    if len(documents) == 2:
        found += _platform(spec, platform)
    return found


def _unknown_fields(spec: dict, platform: list[dict]) -> Iterator[str]:
    """The API server parses strictly: one unknown field and the whole file is refused."""
    from kfp.kubernetes import kubernetes_executor_config_pb2
    from kfp.pipeline_spec import pipeline_spec_pb2

    for name, document in _containers(spec):
        if "lifecycle" in document:
            yield (f"{name} has a lifecycle hook (preCacheCheck): open-source Kubeflow ignores it, "
                   "so that new data under an old path would come from the cache")
    kinds: list[tuple[str, Any, Any]] = [
        ("PipelineSpec", spec, pipeline_spec_pb2.PipelineSpec())]
    kinds += [("PlatformSpec", p, pipeline_spec_pb2.PlatformSpec()) for p in platform]
    known = kubernetes_executor_config_pb2.KubernetesExecutorConfig
    # kfp-kubernetes knows securityContext from 2.16 on, as servers do.
    later = {"securityContext"} - set(known.DESCRIPTOR.fields_by_camelcase_name)
    kinds += [(f"the platform's {name}", {k: v for k, v in config.items() if k not in later},
               known())
              for p in platform for name, config in _platform_executors(p).items()]
    for what, document, parsed in kinds:
        try:
            json_format.ParseDict(document, parsed)
        except json_format.ParseError as error:
            yield f"{what} has an unknown field or a wrong type: {error}"


def _versions(spec: dict) -> Iterator[str]:
    if spec.get("schemaVersion") != "2.1.0":
        yield f"schemaVersion is {spec.get('schemaVersion')!r}: expected exactly '2.1.0'"


def _names(spec: dict) -> Iterator[str]:
    named = {
        "pipeline": [spec.get("pipelineInfo", {}).get("name", "")],
        "task": list(_all_tasks(spec)),
        "component": list(spec.get("components", {})),
        "executor": list(spec.get("deploymentSpec", {}).get("executors", {})),
    }
    for kind, names in named.items():
        longest = _LONGEST_NAME - len("-driver" if kind == "task" else "")  # Kubeflow appends it
        for name in names:
            if not _NAME.fullmatch(name) or len(name) > longest:
                yield (f"{kind} {name!r}: names are of lower-case letters, digits and hyphens, "
                       f"at most {longest}, or Argo refuses them")


def _executors(spec: dict) -> Iterator[str]:
    executors = spec.get("deploymentSpec", {}).get("executors", {})
    for name, executor in executors.items():
        for kind in executor:
            if kind not in _EXECUTORS:
                yield (f"{name} is a {kind} executor: open-source Kubeflow has only "
                       f"{' and '.join(_EXECUTORS)}")
    for name, container in _containers(spec):
        if not container.get("image") or "{{" in container["image"]:
            yield f"{name} names no image: {container.get('image')!r}"
        if not container.get("command"):
            yield (f"{name} has no command: on the cluster args[0] would be run, as the image's "
                   "ENTRYPOINT is ignored")
        accelerator = container.get("resources", {}).get("accelerator")
        if accelerator is not None and not (
                _either(accelerator, "resourceType", "type")
                and _either(accelerator, "resourceCount", "count")):
            yield f"{name} asks for an accelerator without both its type and its count"
        yield from _words(name, container)


def _words(name: str, container: dict) -> Iterator[str]:
    """Arguments and environment: nothing too long, no password, nothing that is expanded."""
    words = [*container.get("command", []), *container.get("args", [])]
    for word in words:
        if len(word.encode()) > _LONGEST_ARGUMENT:
            yield (f"{name} has an argument of {len(word.encode())} bytes: Linux starts no program "
                   f"with one above {_LONGEST_ARGUMENT} (large domains in the schemas?)")
        if _EXPANDED.search(word):
            yield (f"{name} has an argument with '$$' or '$(': Kubernetes would put '$' or a "
                   f"variable in its place: {word[:40]!r}")
        if _SECRET.search(word) or _SECRET_FLAG.fullmatch(word):
            yield (f"{name} holds what looks like a password in {word[:40]!r}: arguments are "
                   "readable by all; use a secret as environment variable")
    for variable in container.get("env", []):
        if _SECRET.search(f"{variable.get('name')}=x") and variable.get("value"):
            yield (f"{name} holds a password in its environment, {variable['name']}: the file is "
                   "readable by all; use a secret")


def _tasks(spec: dict) -> Iterator[str]:
    components = spec.get("components", {})
    executors = spec.get("deploymentSpec", {}).get("executors", {})
    tasks = _all_tasks(spec)
    if not tasks:
        yield "the pipeline has no tasks"
    for name, task in tasks.items():
        component = components.get(task.get("componentRef", {}).get("name"))
        if component is None:
            yield f"task {name}: its component {task.get('componentRef')} does not exist"
        elif "dag" not in component and component.get("executorLabel") not in executors:
            yield f"task {name}: its executor {component.get('executorLabel')!r} does not exist"
        if task.get("cachingOptions", {}).get("enableCache"):
            yield (f"task {name} is cached by Kubeflow, by its arguments: switch it off, TFX "
                   "caches by content")
        for other in task.get("dependentTasks", []):
            if other not in tasks:
                yield f"task {name} waits for {other}, which does not exist"
    waiting = {name: set(task.get("dependentTasks", [])) & set(tasks)
               for name, task in tasks.items()}
    while ready := [name for name, others in waiting.items() if not others & set(waiting)]:
        for name in ready:
            del waiting[name]
    if waiting:
        yield f"tasks wait for each other in a circle: {', '.join(sorted(waiting))}"


def _interfaces(spec: dict) -> Iterator[str]:
    """Every parameter is given, and every output is of a kind that Kubeflow shows."""
    parameters = set(spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {}))
    components = spec.get("components", {})
    for name, task in _all_tasks(spec).items():
        component = components.get(task.get("componentRef", {}).get("name"), {})
        given = task.get("inputs", {}).get("parameters", {})
        for value in given.values():
            source = value.get("componentInputParameter")
            if source is not None and source not in parameters:
                yield f"task {name}: the pipeline has no parameter {source!r}"
        wanted = component.get("inputDefinitions", {}).get("parameters", {})
        for key, definition in wanted.items():
            if key not in given and not definition.get("isOptional"):
                yield f"task {name}: its parameter {key!r} is not given"
    for name, component in components.items():
        for key, output in component.get("outputDefinitions", {}).get("artifacts", {}).items():
            if not output["artifactType"].get("schemaTitle", "").startswith("system."):
                yield (f"{name}: output {key!r} is of type {output['artifactType']}; Kubeflow "
                       "shows types of the form system.HTML")


def _sizes(spec: dict, platform: dict) -> Iterator[str]:
    """Kubeflow hands each part of the file to programs of its own as one argument of theirs."""
    config = _platform_executors(platform)
    parts = {f"{name}'s container": container for name, container in _containers(spec)}
    parts |= {f"component {name}": part for name, part in spec.get("components", {}).items()}
    parts |= {f"task {name}": task for name, task in _all_tasks(spec).items()}
    parts |= {f"the platform's {name}": part for name, part in config.items()}
    parts["the pipeline's parameters"] = spec.get("root", {}).get("inputDefinitions", {})
    for name, part in parts.items():
        if (size := _bytes(part)) > _LONGEST_ARGUMENT:
            yield (f"{name} has {size} bytes as JSON: Kubeflow's driver gets it as one argument, "
                   f"and Linux starts no program with one above {_LONGEST_ARGUMENT} (large "
                   "domains in the schemas?)")
    if (size := _bytes([spec, platform])) > _LONGEST_FILE:
        yield f"the file has {size} bytes as JSON: Kubernetes stores at most {_LONGEST_FILE}"


def _bytes(tree: Any) -> int:
    """Counts as Go's encoder writes, which has six bytes for each of <, > and &."""
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode()) + 5 * sum(map(text.count, "<>&"))


def _retries(spec: dict, platform: dict) -> Iterator[str]:
    """A retry happens within a time that is counted from the first attempt's start."""
    config = _platform_executors(platform)
    for name, task in _all_tasks(spec).items():
        policy = task.get("retryPolicy", {})
        component = spec.get("components", {}).get(task.get("componentRef", {}).get("name"), {})
        deadline = int(config.get(component.get("executorLabel"), {}).get(
            "activeDeadlineSeconds", 0))
        attempts = int(policy.get("maxRetryCount", 0))
        window = float(str(policy.get("backoffMaxDuration", "0s")).removesuffix("s"))
        if attempts and window < max(_WEEK_S, (attempts + 1) * deadline):
            yield (f"task {name}: Argo tries it again only within {window:g} s of its first "
                   "attempt's start (backoffMaxDuration): expected a week, or the time of all "
                   "attempts")


def _platform(spec: dict, platform: dict) -> Iterator[str]:
    others = sorted(set(platform.get("platforms", {})) - {"kubernetes"})
    if others or not platform.get("platforms"):
        yield f"the platform must be kubernetes, not {', '.join(others) or 'missing'}"
    executors = spec.get("deploymentSpec", {}).get("executors", {})
    for name in _platform_executors(platform):
        if name not in executors:
            yield f"the platform speaks of executor {name!r}, which does not exist"


def _all_tasks(spec: dict) -> dict[str, dict]:
    return spec.get("root", {}).get("dag", {}).get("tasks", {})


def _containers(spec: dict) -> list[tuple[str, dict]]:
    executors = spec.get("deploymentSpec", {}).get("executors", {})
    return [(name, e["container"]) for name, e in executors.items() if "container" in e]


def _platform_executors(platform: dict) -> dict[str, dict]:
    kubernetes = platform.get("platforms", {}).get("kubernetes", {})
    return kubernetes.get("deploymentSpec", {}).get("executors", {})


def _either(values: dict, *keys: str) -> bool:
    return any(values.get(key) for key in keys)
