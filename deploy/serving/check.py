"""Holds the manifests of this folder against the published schemas, without a cluster.

Those of Kubernetes are the models of its Python client, which are made from its OpenAPI document;
those of Kustomize and KServe are written down below, as far as the manifests use them.

    python -m deploy.serving.check
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from kubernetes import client

ROOT = Path(__file__).parent
_SCALARS = {"str": str, "int": int, "bool": bool, "float": (int, float)}
_META = {"name": "str", "namespace": "str", "annotations": "dict(str, str)",
         "labels": "dict(str, str)"}
_PREDICTOR = {
    "minReplicas": "int", "maxReplicas": "int", "scaleMetric": "str", "scaleTarget": "int",
    "model": {"modelFormat": {"name": "str", "version": "str"}, "storageUri": "str",
              "ports": "list[V1ContainerPort]", "resources": "V1ResourceRequirements"},
}
OTHERS: dict[tuple[str, str], dict[str, Any]] = {
    ("kustomize.config.k8s.io/v1beta1", "Kustomization"): {
        "namespace": "str", "resources": "list[str]",
        "labels": [{"pairs": "dict(str, str)", "includeSelectors": "bool",
                    "includeTemplates": "bool"}],
        "configMapGenerator": [{"name": "str", "files": "list[str]"}],
        "images": [{"name": "str", "newName": "str", "newTag": "str"}],
        "patches": [{"path": "str"}]},
    ("serving.kserve.io/v1beta1", "InferenceService"): {
        "metadata": _META, "spec": {"predictor": _PREDICTOR}},
}


def faults(document: dict[str, Any], whole: bool = True) -> list[str]:
    """Finds what an API server would refuse of a manifest.

    Args:
      document: The manifest.
      whole: Whether it has all required fields; a patch has not.

    Returns:
      A sentence for each fault: an unknown kind or field, a value of another type, or a required
      field that is missing.
    """
    version, kind = str(document.get("apiVersion")), str(document.get("kind"))
    if (version, kind) in OTHERS:
        schema = {"apiVersion": "str", "kind": "str", **OTHERS[version, kind]}
        return [*_differences(document, schema, kind)]
    model = f"{version.rpartition('/')[2].capitalize()}{kind}"
    if not hasattr(client, model):
        return [f"{version} {kind} is no kind that is known"]
    differences = [*_differences(document, model, kind)]
    if whole and not differences:
        try:
            client.ApiClient().deserialize(
                SimpleNamespace(data=json.dumps(document)), model)
        except ValueError as error:
            differences.append(f"{kind}: {error}")
    return differences


def _differences(value: Any, schema: Any, where: str) -> Iterator[str]:
    """Yields unknown fields and values of another type than a schema's."""
    if isinstance(schema, str) and hasattr(client, schema):
        model = getattr(client, schema)
        schema = {json_name: model.openapi_types[name]
                  for name, json_name in model.attribute_map.items()}
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            yield f"{where} must be a mapping, not {value!r}"
            return
        for key, inner in value.items():
            if key in schema:
                yield from _differences(inner, schema[key], f"{where}.{key}")
            else:
                yield f"{where} has no field {key!r}"
    elif isinstance(schema, list) or schema.startswith("list["):
        one = schema[0] if isinstance(schema, list) else schema[len("list["):-1]
        if not isinstance(value, list):
            yield f"{where} must be a list, not {value!r}"
            return
        for place, inner in enumerate(value):
            yield from _differences(inner, one, f"{where}[{place}]")
    elif mapping := re.fullmatch(r"dict\(str, (.*)\)", schema):
        if not isinstance(value, dict):
            yield f"{where} must be a mapping, not {value!r}"
            return
        for key, inner in value.items():
            yield from _differences(inner, mapping[1], f"{where}.{key}")
    elif schema in _SCALARS and not (isinstance(value, _SCALARS[schema])
                                     and isinstance(value, bool) == (schema == "bool")):
        yield f"{where} must be {schema}, not {value!r}"


def manifests(root: Path = ROOT) -> dict[Path, bool]:
    """Returns the folder's manifests, and whether each is whole; patches are not."""
    patches = {file.parent / patch["path"] for file in root.rglob("kustomization.yaml")
               for patch in yaml.safe_load(file.read_text(encoding="utf-8")).get("patches", ())}
    return {path: path not in patches for path in sorted(root.rglob("*.yaml"))}


def absent(kustomization: Path) -> list[str]:
    """Finds the files and folders that a kustomization names and that are not there.

    Args:
      kustomization: The file.

    Returns:
      A sentence for each.
    """
    document = yaml.safe_load(kustomization.read_text(encoding="utf-8"))
    named = [*document.get("resources", ()), *(patch["path"] for patch in document.get(
        "patches", ())), *(file.rpartition("=")[2] for generator in document.get(
            "configMapGenerator", ()) for file in generator.get("files", ()))]
    return [f"there is no {name}" for name in named
            if not (kustomization.parent / name).is_file()
            and not (kustomization.parent / name / "kustomization.yaml").is_file()]


def main() -> int:
    """Prints the faults of all manifests; returns 1 where there are some."""
    lines = [f"{path.relative_to(ROOT)}: {fault}" for path, whole in manifests().items()
             for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
             for fault in faults(document, whole)]
    lines += [f"{path.relative_to(ROOT)}: {fault}"
              for path in sorted(ROOT.rglob("kustomization.yaml")) for fault in absent(path)]
    print("\n".join(lines) or f"{len(manifests())} manifests, no fault.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
