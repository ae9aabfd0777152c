"""The pods that Kubeflow's driver and Argo make of a compiled file, as far as the file says them.

    python -m deploy.kubeflow.pods pipeline.yaml

A rendering of what the backend does (`backend/src/v2/driver/k8s.go`, `driver.go` and
`compiler/argocompiler/container.go` of kubeflow/pipelines; Argo 3.7 adds `init` and `wait`), so
that Kubernetes' own validation can be asked. Values that only a run has are stand-ins.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

_SCRATCH = {"gcs-scratch": "/gcs", "s3-scratch": "/s3", "minio-scratch": "/minio",
            "dot-local-scratch": "/.local", "dot-cache-scratch": "/.cache",
            "dot-config-scratch": "/.config", "kfp-launcher": "/kfp-launcher",
            "var-run-argo": "/var/run/argo"}
# What the backend and Argo set from KFP 2.15 on; the rest is the file's.
_SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_OWN = {"requests": {"cpu": "10m", "memory": "64Mi"}}


def pods(text: str) -> list[dict[str, Any]]:
    """Returns a pod for each task of a compiled file."""
    spec, *rest = yaml.safe_load_all(text)
    platform = rest[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if rest else {}
    made = []
    for name, task in spec["root"]["dag"]["tasks"].items():
        label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
        container = spec["deploymentSpec"]["executors"][label]["container"]
        made.append(_pod(name, container, platform.get(label, {})))
    return made


def _pod(name: str, container: dict, config: dict) -> dict[str, Any]:
    volumes = {volume: {"name": volume, "emptyDir": {}} for volume in (*_SCRATCH, "tmp-dir-argo")}
    more, mounts = _volumes(config)
    main = {
        "name": "main", "image": container["image"],
        "command": ["/kfp-launcher/launch", "--"],
        "args": [*container["command"], *container.get("args", [])],
        "env": [*({"name": e["name"], "value": e["value"]} for e in container.get("env", [])),
                *_secrets(config)],
        "volumeMounts": [*({"name": n, "mountPath": p} for n, p in _SCRATCH.items()), *mounts],
        "resources": _resources(container.get("resources", {})),
        "imagePullPolicy": config.get("imagePullPolicy", "IfNotPresent"),
        "securityContext": _SECURITY | _numbers(config.get("securityContext", {})),
    }
    own = [{"name": n, "image": "argoexec:v3.7.3", "command": ["argoexec"], "resources": _OWN,
            "securityContext": _SECURITY} for n in ("init", "wait", "kfp-launcher")]
    seconds = config.get("activeDeadlineSeconds")
    metadata = config.get("podMetadata", {})
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "kubeflow",
                     "labels": {"pipeline/runid": "run", **metadata.get("labels", {})},
                     "annotations": metadata.get("annotations", {})},
        "spec": {
            "restartPolicy": "Never", "serviceAccountName": "pipeline-runner",
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [*volumes.values(), *more],
            "initContainers": [own[0], own[2]], "containers": [main, own[1]],
            "nodeSelector": config.get("nodeSelector", {}).get("labels", {}),
            "tolerations": config.get("tolerations", []),
            "imagePullSecrets": [{"name": _constant(s, "secretName")}
                                 for s in config.get("imagePullSecret", [])],
            **({"activeDeadlineSeconds": int(seconds)} if seconds else {}),
        },
    }


def _volumes(config: dict) -> tuple[list[dict], list[dict]]:
    claims = [(_constant(m, "pvcName"), m["mountPath"]) for m in config.get("pvcMount", [])]
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name, _ in claims]
    folders = config.get("emptyDirMounts", [])
    volumes += [{"name": f["volumeName"],
                 "emptyDir": {"medium": f["medium"], "sizeLimit": f["sizeLimit"]}} for f in folders]
    mounts = [*claims, *((f["volumeName"], f["mountPath"]) for f in folders)]
    return volumes, [{"name": name, "mountPath": path} for name, path in mounts]


def _secrets(config: dict) -> list[dict]:
    return [{"name": pair["envVar"], "valueFrom": {"secretKeyRef": {
                "name": _constant(secret, "secretName"), "key": pair["secretKey"]}}}
            for secret in config.get("secretAsEnv", []) for pair in secret["keyToEnv"]]


def _resources(given: dict) -> dict[str, dict[str, str]]:
    resources = {kind: {name: given[f"resource{name.title()}{kind.title()}"]
                        for name in ("cpu", "memory")
                        if f"resource{name.title()}{kind.title()}" in given}
                 for kind in ("limit", "request")}
    if device := given.get("accelerator"):
        resources["limit"][device["resourceType"]] = device["resourceCount"]
    return {"limits": resources["limit"], "requests": resources["request"]}


def _numbers(given: dict) -> dict[str, Any]:
    return {key: int(value) if isinstance(value, str) else value for key, value in given.items()}


def _constant(given: dict, key: str) -> str:
    """Reads a name: the parameter counts, where there is one."""
    parameter = given.get(f"{key}Parameter")
    return parameter["runtimeValue"]["constant"] if parameter else given[key]


if __name__ == "__main__":
    json.dump(pods(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.stdout)
