"""What open-source Kubeflow Pipelines 2.x demands of a compiled file, and kfp does not check.

kfp writes the file from protobuf messages: fields, types, names, references among tasks, components
and executors, and what a task is given and shows are right, or kfp raises an error itself. What is
left are texts of a user's (folders, schemas, recipes) that the backend would refuse or read as
something else, some of them only when a pod starts.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

_LONGEST_ARGUMENT = 131_071  # bytes; Linux' MAX_ARG_STRLEN, its closing null byte apart
_LONGEST_FILE = 1_572_864  # bytes; what etcd stores in one object, as it comes
# A value after a password's name; the name of a Kubernetes secret, in braces, is none.
_SECRET = re.compile(r"""(?i)(passw(or)?d|api[_-]?key)["']?\s*[=:]\s*["']?[^"'\s{]""")
_EXPANDED = re.compile(r"\$[$(]")
# What the launcher replaces in a container's arguments, and what the driver replaces where it is
# the whole value of a task's parameter. `kfp.local` replaces more, and everywhere.
_OF_CONTAINER = re.compile(
    r"\{\{\$(\.inputs\.parameters\['[^']+'\]|\.outputs\.artifacts\['[^']+'\]\.path)?\}\}")
_OF_PARAMETER = "{{$.pipeline_job_uuid}}"


def broken_rules(text: str) -> list[str]:
    """Checks a compiled file.

    Args:
      text: The YAML that kfp wrote.

    Returns:
      One sentence, without its full stop, for each rule that is broken; empty for a good file.
    """
    spec, platform = [*yaml.safe_load_all(text), {}][:2]
    return [*_arguments(spec), *_placeholders(spec, platform), *_sizes(spec, platform)]


def _arguments(spec: dict) -> Iterator[str]:
    """Nothing too long, no password, nothing that is expanded."""
    for name, container in _containers(spec):
        for word in (*container.get("command", []), *container.get("args", [])):
            if len(word.encode()) > _LONGEST_ARGUMENT:
                yield (f"{name} has an argument of {len(word.encode())} bytes: Linux starts no "
                       f"program with one above {_LONGEST_ARGUMENT} (large domains in the "
                       "schemas?)")
            if _EXPANDED.search(word):
                yield (f"{name} has an argument with '$$' or '$(': Kubernetes would put '$' or a "
                       f"variable in its place: {word[:40]!r}")
            if _SECRET.search(word):
                yield (f"{name} holds what looks like a password in {word[:40]!r}: arguments are "
                       "readable by all; use a secret as environment variable")


def _placeholders(spec: dict, platform: dict) -> Iterator[str]:
    """Every `{{` is one that the launcher or the driver replaces; Argo refuses the others."""
    for path, text in [*_texts(spec, ()), *_texts(platform, ("platform",))]:
        if path[-1:] in (("args",), ("command",)):
            text = _OF_CONTAINER.sub("", text)
        elif path[-2:] == ("runtimeValue", "constant") and text == _OF_PARAMETER:
            continue
        if "{{" in text:
            place = text.index("{{")
            yield (f"{'.'.join(path)} has '{{{{', which nothing replaces there: "
                   f"{text[place:place + 40]!r}")


def _texts(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Lists the texts in a tree, each with the keys that lead to it."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from _texts(value, (*path, key))
    elif isinstance(tree, list):
        for value in tree:
            yield from _texts(value, path)


def _sizes(spec: dict, platform: dict) -> Iterator[str]:
    """Kubeflow hands each part of the file to programs of its own as one argument of theirs."""
    config = platform.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {})
    parts = {f"{name}'s container": container for name, container in _containers(spec)}
    parts |= {f"component {name}": part for name, part in spec.get("components", {}).items()}
    parts |= {f"task {name}": task for name, task in spec["root"]["dag"]["tasks"].items()}
    parts |= {f"the platform's {name}": part for name, part in config.get("executors", {}).items()}
    parts["the pipeline's parameters"] = spec["root"].get("inputDefinitions", {})
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


def _containers(spec: dict) -> list[tuple[str, dict]]:
    executors = spec["deploymentSpec"]["executors"]
    return [(name, executor["container"]) for name, executor in executors.items()]
