"""The manifests of the model server, and what watches it."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml

from deploy.serving.check import ROOT, absent, faults, main, manifests
from serving.config_files import config_files
from serving.metrics import Metrics
from serving.model_config import ModelConfig, read_model_config

MONITORING = ROOT.parent / "monitoring"


def read(name: str, folder: str = "base") -> dict:
    return yaml.safe_load((ROOT / folder / name).read_text(encoding="utf-8"))


def test_all_manifests_are_what_the_published_schemas_allow(capsys):
    assert main() == 0, capsys.readouterr().out
    kinds = {yaml.safe_load(path.read_text(encoding="utf-8"))["kind"] for path in manifests()}
    assert kinds == {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget",
                     "NetworkPolicy", "ServiceAccount", "Kustomization", "InferenceService",
                     "Namespace", "PersistentVolumeClaim", "Pod"}


def test_a_file_that_a_kustomization_names_must_be_there(tmp_path):
    file = tmp_path / "kustomization.yaml"
    file.write_text("resources: [pod.yaml, ../elsewhere, base]\npatches: [{path: gpu.yaml}]\n"
                    "configMapGenerator: [{files: [config/a, b=config/c]}]", encoding="utf-8")
    named = ["pod.yaml", "../elsewhere", "base", "gpu.yaml", "config/a", "config/c"]
    assert absent(file) == [f"there is no {name}" for name in named]
    (tmp_path / "config").mkdir()
    (tmp_path / "base").mkdir()
    for name in ("pod.yaml", "base/kustomization.yaml", "config/c"):
        (tmp_path / name).touch()
    assert absent(file) == [f"there is no {named[place]}" for place in (1, 3, 4)]


def test_models_are_copied_to_where_the_servers_read_them_by_the_same_image_and_user():
    copy, volume = read("copy.yaml", "models")["spec"], read("volume.yaml", "models")
    served = read("deployment.yaml")["spec"]["template"]["spec"]
    claims = [next(one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"]
                   if one["name"] == "models") for pod in (copy, served)]
    assert claims == [volume["metadata"]["name"]] * 2
    mounts = [next(one["mountPath"] for one in pod["containers"][0]["volumeMounts"]
                   if one["name"] == "models") for pod in (copy, served)]
    assert mounts == ["/models"] * 2
    assert copy["securityContext"] == served["securityContext"]
    images = [read("kustomization.yaml", folder)["images"] for folder in ("base", "models")]
    assert images[0] == images[1]


def _container(manifest):
    return manifest["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize(("change", "message"), [
    (lambda m: m.update(kind="Deploiment"), "no kind that is known"),
    (lambda m: _container(m).update(imagePolicy="Always"), "no field 'imagePolicy'"),
    (lambda m: _container(m)["ports"][0].update(containerPort="8500"), "must be int"),
    (lambda m: _container(m).pop("name"), "`name`, must not be `None`"),
    (lambda m: m["spec"].update(template=[]), "must be a mapping"),
], ids=["kind", "field", "type", "required", "mapping"])
def test_what_an_api_server_would_refuse_is_told(change, message):
    manifest = copy.deepcopy(read("deployment.yaml"))
    change(manifest)
    assert any(message in fault for fault in faults(manifest))


def test_the_pod_is_an_ordinary_user_without_rights():
    pod = read("deployment.yaml")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]}}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


def test_the_configuration_is_that_of_the_command(tmp_path):
    files = config_files(ModelConfig("tessera", Path("/models/tessera"), 2), threads=2)
    folder = ROOT / "base" / "config"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == files
    (generator,) = read("kustomization.yaml")["configMapGenerator"]
    assert sorted(generator["files"]) == sorted(f"config/{name}" for name in files)
    (tmp_path / "models.config").write_text(files["models.config"], encoding="utf-8")
    assert read_model_config(tmp_path / "models.config")[0].newest == 2


def test_the_image_joins_no_requests_of_differing_widths_and_reads_what_is_mounted():
    command = (ROOT / "Dockerfile").read_text(encoding="utf-8").partition("CMD ")[2]
    assert "batching" not in command, "clients send histories as wide as the longest of a call"
    read_files = set(re.findall(r"/(config/[\w.]+)", command))
    (generator,) = read("kustomization.yaml")["configMapGenerator"]
    assert {"config/models.config"} < read_files <= set(generator["files"])


@pytest.mark.parametrize("name", ["dashboard.json", "alerts.yaml"])
def test_what_is_watched_is_what_the_server_counts(name):
    metrics = Metrics()
    metrics.request("m", 1, "recommend", "OK", 0.1)
    metrics.load("m", loaded=True)
    counted = set(re.findall(r"^(tessera_\w+)", metrics.page().decode(), re.MULTILINE))
    text = (MONITORING / name).read_text(encoding="utf-8")
    watched = set(re.findall(r"\b(tessera_\w+)", text))
    assert watched and watched <= counted
    (json.loads if name.endswith("json") else yaml.safe_load)(text)


@pytest.mark.parametrize("name", ["dashboard-stock.json", "alerts-stock.yaml"])
def test_a_stock_server_is_watched_by_its_own_counts_alone(name):
    text = (MONITORING / name).read_text(encoding="utf-8")
    assert set(re.findall(r":tensorflow:[\w:]+", text)) == {
        ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency_bucket",
        ":tensorflow:cc:saved_model:load_attempt_count"}
    assert not re.search(r"\btessera_", text), "what the embedded server alone counts"
    (json.loads if name.endswith("json") else yaml.safe_load)(text)


def test_both_servers_have_the_same_alerts():
    names = [{rule["alert"] for group in yaml.safe_load((MONITORING / file).read_text(
        encoding="utf-8"))["groups"] for rule in group["rules"]}
        for file in ("alerts.yaml", "alerts-stock.yaml")]
    assert names[0] - names[1] == {"TesseraRequestsWait"}, "the stock server has no such count"
    assert names[1] < names[0]
