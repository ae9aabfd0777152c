"""Which `{{...}}` Kubeflow replaces, and where: its driver, its launcher and Argo each do a part.

`kfp.local` replaces more, and everywhere, so that a run of it does not show these faults.
"""

import re
from collections.abc import Iterator
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
# The launcher replaces these in a container's command and arguments.
_OF_CONTAINER = re.compile(
    r"\{\{\$(\.inputs\.parameters\['(?P<parameter>[^']+)'\]"
    r"|\.outputs\.artifacts\['(?P<artifact>[^']+)'\]\.(path|uri)"
    r"|\.outputs\.parameters\['(?P<result>[^']+)'\]\.output_file)?\}\}")
# The driver replaces these where they are the whole value of a task's parameter.
_OF_PARAMETER = {f"{{{{$.pipeline_{name}}}}}" for name in (
    "job_uuid", "job_name", "job_resource_name", "task_name", "task_uuid")}


def broken_placeholders(spec: dict, platform: dict) -> Iterator[str]:
    """Finds what would stay as it is, or make Argo refuse the workflow.

    Args:
      spec: The PipelineSpec.
      platform: The PlatformSpec; empty where there is none.

    Yields:
      One sentence, without its full stop, for each.
    """
    executors = {c.get("executorLabel"): c for c in spec.get("components", {}).values()}
    for path, text in [*_texts(spec, ()), *_texts(platform, ("platform",))]:
        placeholders = _PLACEHOLDER.findall(text)
        if path[:2] == ("deploymentSpec", "executors") and path[4:5] in (("command",), ("args",)):
            for placeholder in placeholders:
                yield from _in_container(path[2], placeholder, executors.get(path[2], {}))
            if "{{" in _PLACEHOLDER.sub("", text):
                yield (f"{path[2]} has '{{{{' without '}}}}' in {text[:40]!r}, which nothing "
                       "resolves")
        elif path[:3] == ("root", "dag", "tasks") and path[-2:] == ("runtimeValue", "constant"):
            if placeholders and text not in _OF_PARAMETER:
                yield (f"task {path[3]}: Kubeflow does not resolve {text} as the value of "
                       f"{path[-3]}: expected one of {', '.join(sorted(_OF_PARAMETER))}, whole")
        elif "{{" in text:
            first = placeholders[0] if placeholders else "{{"
            yield (f"{'.'.join(path)} has {first}, which nothing resolves there: pass it to a "
                   "task as a parameter")


def _texts(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Lists the texts in a tree, keys of mappings included, each with its path."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if "{{" in str(key):
                yield path, str(key)
            yield from _texts(value, (*path, str(key)))
    elif isinstance(tree, list):
        for value in tree:
            yield from _texts(value, path)


def _in_container(name: str, text: str, component: dict) -> Iterator[str]:
    outputs = component.get("outputDefinitions", {})
    declared = {
        "parameter": component.get("inputDefinitions", {}).get("parameters", {}),
        "artifact": outputs.get("artifacts", {}), "result": outputs.get("parameters", {})}
    match = _OF_CONTAINER.fullmatch(text)
    if match is None:
        advice = (": give it to the task as the value of a parameter, and name the parameter here"
                  if text in _OF_PARAMETER else "")
        yield f"{name}: Kubeflow does not resolve {text} in a container{advice}"
        return
    for kind, known in declared.items():
        if match[kind] is not None and match[kind] not in known:
            yield f"{name}: {text} names nothing that its component declares"
