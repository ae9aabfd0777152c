"""What `deploy/kubeflow` asks Kubernetes about a compiled file, and that a skip is no pass."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.kubeflow.pods import pods

DEPLOY = Path(__file__).parents[3] / "deploy" / "kubeflow"
PLAIN = ("bash", "dirname", "realpath", "mktemp", "rm", "tail", "sed", "env", "nice", "chmod")
FILE = """
components:
  comp-train: {executorLabel: exec-train}
deploymentSpec:
  executors:
    exec-train:
      container:
        image: tessera:1
        command: [python, -m, train]
        args: [--fast]
        resources:
          resourceCpuRequest: 500m
          resourceMemoryLimit: 2Gi
          accelerator: {resourceType: nvidia.com/gpu, resourceCount: '3'}
root: {dag: {tasks: {train: {componentRef: {name: comp-train}}}}}
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-train:
          activeDeadlineSeconds: '60'
          emptyDirMounts:
          - {volumeName: dev-shm, mountPath: /dev/shm, medium: Memory, sizeLimit: 1Gi}
          nodeSelector: {labels: {gpu: 'yes'}}
          podMetadata: {labels: {team: shop}, annotations: {a/b: c}}
          pvcMount:
          - {mountPath: /tessera, pvcNameParameter: {runtimeValue: {constant: claim}}}
          secretAsEnv:
          - {secretName: old, keyToEnv: [{secretKey: key, envVar: PASSWORD}]}
          securityContext: {runAsUser: '10001'}
          tolerations: [{key: gpu, operator: Exists}]
"""


def test_a_pod_is_what_the_whole_file_says():
    (pod,) = pods(FILE)
    spec, main = pod["spec"], pod["spec"]["containers"][0]
    assert pod["metadata"]["name"] == "train"
    assert pod["metadata"]["labels"]["team"] == "shop"
    assert pod["metadata"]["annotations"] == {"a/b": "c"}
    assert spec["activeDeadlineSeconds"] == 60 and spec["nodeSelector"] == {"gpu": "yes"}
    assert spec["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert main["args"] == ["python", "-m", "train", "--fast"]
    assert main["resources"] == {"limits": {"memory": "2Gi", "nvidia.com/gpu": "3"},
                                 "requests": {"cpu": "500m"}}
    assert main["securityContext"]["runAsUser"] == 10001
    paths = {mount["mountPath"]: mount["name"] for mount in main["volumeMounts"]}
    assert paths["/tessera"] == "claim" and paths["/dev/shm"] == "dev-shm"
    named = {volume["name"]: volume for volume in spec["volumes"]}
    assert named["claim"]["persistentVolumeClaim"] == {"claimName": "claim"}
    assert named["dev-shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Gi"}
    assert main["env"] == [{"name": "PASSWORD", "valueFrom": {
        "secretKeyRef": {"name": "old", "key": "key"}}}]


@pytest.fixture
def validate(tmp_path):
    """Runs the script with nothing on its path but plain tools, and perhaps a `go`."""

    def run(go: str = "", **variables: str) -> tuple[int, list[str]]:
        tools = tmp_path / "bin"
        tools.mkdir()
        for name in PLAIN:
            (tools / name).symlink_to(shutil.which(name))
        if go:
            (tools / "go").write_text(f"#!/usr/bin/env bash\n{go}\n", encoding="utf-8")
            (tools / "go").chmod(0o755)
        (tmp_path / "pipeline.yaml").write_text(FILE, encoding="utf-8")
        done = subprocess.run(
            [DEPLOY / "validate.sh", tmp_path / "pipeline.yaml"], text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": str(tools), "PYTHON": sys.executable, "TMPDIR": str(tmp_path),
                 "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **variables})
        return done.returncode, done.stdout.splitlines()

    return run


def test_without_go_nothing_has_passed(validate):
    code, lines = validate()
    assert code == 77
    assert lines[-1] == ("kubeflow-validate: NOT passed: skipped pods backend argo; "
                         "passed: nothing.")


def test_a_refused_pod_is_a_failure(validate):
    # What it builds says no.
    code, lines = validate(
        go='[ "$1" = mod ] || { printf "%s\\n" "#!/usr/bin/env bash" "echo train: bad; exit 1" '
           '> "$3"; chmod +x "$3"; }')
    assert code == 1 and "train: bad" in lines
    assert lines[-1] == "kubeflow-validate: REFUSED by Kubernetes' validation of pods."


def test_the_volumes_pod_passes_the_restricted_standard():
    """As far as that standard goes here; `make kubeflow-validate` asks Kubernetes itself."""
    claim, pod = yaml.safe_load_all((DEPLOY / "volume.yaml").read_text(encoding="utf-8"))
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["fsGroup"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {"allowPrivilegeEscalation": False,
                                                "capabilities": {"drop": ["ALL"]}}
    assert spec["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
