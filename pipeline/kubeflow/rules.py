"""What open-source Kubeflow Pipelines 2.x demands of a file, and what no good file of ours does.

The API server says little of why it refuses a file, and some faults show only when a pod starts.
Each rule says what breaks it and what is right. They were read in the backend's code.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from google.protobuf import json_format

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LONGEST_NAME = 128
_LONGEST_ARGUMENT = 131_071  # bytes; Linux' MAX_ARG_STRLEN, its closing null byte apart
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
_RESOLVED = re.compile(
    r"\{\{\$(\.pipeline_job_uuid|\.pipeline_job_name|\.pipeline_task_uuid"
    r"|\.inputs\.parameters\['(?P<parameter>[^']+)'\]"
    r"|\.outputs\.artifacts\['(?P<artifact>[^']+)'\]\.(path|uri)"
    r"|\.outputs\.parameters\['(?P<result>[^']+)'\]\.output_file)?\}\}")
_EXECUTORS = ("container", "importer")
# A value after a password's name; the name of a Kubernetes secret, in braces, is none.
_SECRET = re.compile(r"""(?i)(passw(or)?d|api[_-]?key)["']?\s*[=:]\s*["']?[^"'\s{]""")
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
    if len(documents) == 2:
        found += _platform(spec, documents[1])
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
    kinds += [(f"the platform's {name}", config,
               kubernetes_executor_config_pb2.KubernetesExecutorConfig())
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
        for name in names:
            if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
                yield (f"{kind} {name!r}: names are of lower-case letters, digits and hyphens, "
                       f"at most {_LONGEST_NAME}, or Argo refuses them")


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
    """Arguments and environment: nothing too long, no password."""
    words = [*container.get("command", []), *container.get("args", [])]
    for word in words:
        if len(word.encode()) > _LONGEST_ARGUMENT:
            yield (f"{name} has an argument of {len(word.encode())} bytes: Linux starts no program "
                   f"with one above {_LONGEST_ARGUMENT} (large domains in the schemas?)")
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
    """Placeholders resolve to declared things only, and every parameter is given."""
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
    executors = {c.get("executorLabel"): c for c in components.values()}
    for name, container in _containers(spec):
        for word in [*container.get("command", []), *container.get("args", [])]:
            yield from _placeholders(name, word, executors.get(name, {}))
    for name, component in components.items():
        for key, output in component.get("outputDefinitions", {}).get("artifacts", {}).items():
            if not output["artifactType"].get("schemaTitle", "").startswith("system."):
                yield (f"{name}: output {key!r} is of type {output['artifactType']}; Kubeflow "
                       "shows types of the form system.HTML")


def _placeholders(name: str, word: str, component: dict) -> Iterator[str]:
    outputs = component.get("outputDefinitions", {})
    declared = {
        "parameter": component.get("inputDefinitions", {}).get("parameters", {}),
        "artifact": outputs.get("artifacts", {}), "result": outputs.get("parameters", {})}
    for text in _PLACEHOLDER.findall(word):
        match = _RESOLVED.fullmatch(text)
        if match is None:
            yield f"{name}: Kubeflow does not resolve {text}"
            continue
        for kind, known in declared.items():
            if match[kind] is not None and match[kind] not in known:
                yield f"{name}: {text} names nothing that its component declares"


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
