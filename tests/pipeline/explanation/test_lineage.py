"""From a pushed model to its data, in a store as a run leaves it."""

import json
from types import SimpleNamespace

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as proto
from refusals import refuses

from pipeline.explanation.lineage import pushed_source, run_source
from pipeline.nodes import NodeRun

IN, OUT = proto.Event.INPUT, proto.Event.OUTPUT


class Store:
    """Writes artifacts and executions."""

    def __init__(self, path):
        config = proto.ConnectionConfig()
        config.sqlite.filename_uri = str(path)
        config.sqlite.connection_mode = config.sqlite.READWRITE_OPENCREATE
        self._store = mlmd.MetadataStore(config)

    def artifact(self, kind, uri, **properties):
        type_id = self._store.put_artifact_type(proto.ArtifactType(name=kind))
        one = proto.Artifact(type_id=type_id, uri=str(uri))
        for name, value in properties.items():
            one.custom_properties[name].string_value = value
        return self._store.put_artifacts([one])[0]

    def execution(self, kind, inputs, outputs, state=proto.Execution.COMPLETE, **properties):
        type_id = self._store.put_execution_type(proto.ExecutionType(name=kind))
        one = proto.Execution(type_id=type_id, last_known_state=state)
        for name, value in properties.items():
            one.custom_properties[name].string_value = value
        (made,) = self._store.put_executions([one])
        for event, links in ((IN, inputs), (OUT, outputs)):
            for key, artifact in links.items():
                step = proto.Event(artifact_id=artifact, execution_id=made, type=event)
                step.path.steps.add().key = key
                self._store.put_events([step])


@pytest.fixture
def run(tmp_path, source):
    """A pushed version, its summary, and a store that knows both."""
    version = tmp_path / "serving" / "known-flagship-1" / "5"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    summary = tmp_path / "model_run" / "summary.json"
    summary.parent.mkdir()
    summary.write_text(json.dumps({"user_modalities": ["id"], "item_modalities": ["id", "about"]}))
    store = Store(tmp_path / "metadata.sqlite")
    raw = {side: store.artifact("Examples", f"/data/{side}") for side in ("users", "items")}
    done = {side: store.artifact("Examples", f"/transformed/{side}") for side in raw}
    for side in raw:
        store.execution("Transform", {"examples": raw[side]}, {"transformed_examples": done[side]})
    model = store.artifact("Model", "/model")
    custom = {"spec": json.loads(source.spec.to_json()), "seed": 1,
              "recipe": source.recipe.model_dump(mode="json")}
    weights = store.artifact("tessera.Weights", "/weights")
    outputs = {"weights": weights, "model_run": store.artifact("ModelRun", summary.parent)}
    store.execution("Trainer", done, outputs, custom_config=json.dumps(custom))
    store.execution("Exporter", {**done, "weights": weights}, {"model": model},
                    custom_config=json.dumps(custom))
    # A later run took both from the cache.
    store.execution("Trainer", done, outputs, proto.Execution.CACHED)
    store.execution("Exporter", {**done, "weights": weights}, {"model": model},
                    proto.Execution.CACHED)
    # The root was moved since; and another model's version has the same number.
    for name in ("known-flagship-2", "known-flagship-1"):
        pushed = store.artifact("PushedModel", "/pushed", pushed_destination=f"/old/{name}/5")
        used = model if name.endswith("1") else store.artifact("Model", "/other")
        store.execution("Pusher", {"model": used}, {"pushed_model": pushed})
    return SimpleNamespace(root=tmp_path, folder=version.parent, version=version, store=store,
                           transformed=done)


def test_what_a_pushed_model_was_made_of(run, source):
    result = pushed_source(run.root, run.folder)
    assert result.model == run.version
    assert result.bound == source.bound
    assert {side: str(folder) for side, folder in result.tables.items()} == {
        "users": "/data/users", "items": "/data/items"}
    assert result.modalities == {"users": ["id"], "items": ["id", "about"]}


def test_what_a_runs_own_model_was_made_of(run, source):
    nodes = {
        "CatalogGen": NodeRun("CatalogGen", outputs={"users": "/u", "items": "/i",
                                                     "interactions": "/n", "quarantine": "/q"},
                              types={"quarantine": "tessera.Quarantine"}),
        **{f"Transform.{side}": NodeRun(side, outputs={"transform_graph": f"/{side}_graph"})
           for side in ("users", "items", "interactions")},
        "Trainer": NodeRun("Trainer", outputs={"model_run": str(run.root / "model_run")},
                           types={"model_run": "ModelRun"}),
        "Exporter": NodeRun("Exporter", outputs={"model": "/model", "predictions": "/p"},
                            types={"model": "Model", "predictions": "tessera.Predictions"})}
    result = run_source(source.bound, nodes)
    assert str(result.model) == "/model/Format-Serving"
    assert {side: str(folder) for side, folder in result.tables.items()} == {
        "users": "/u", "items": "/i"}
    assert result.modalities["items"] == ["id", "about"]
    assert {side: str(folder) for side, folder in result.graphs.items()} == {
        "users": "/users_graph", "items": "/items_graph"}


def test_what_led_to_no_such_model_is_told(run):
    for name in ("6", "7"):
        (run.folder / name).mkdir()
        (run.folder / name / "saved_model.pb").touch()
    # Earlier versions trained and exported in one step.
    model = run.store.artifact("Model", "/one-step")
    run.store.execution("Trainer", run.transformed, {"model": model})
    pushed = run.store.artifact("PushedModel", "/pushed", pushed_destination=str(run.folder / "7"))
    run.store.execution("Pusher", {"model": model}, {"pushed_model": pushed})
    with refuses("model-of-older-version", "7"):
        pushed_source(run.root, run.folder)
    (run.folder / "7" / "saved_model.pb").unlink()
    with refuses("unknown-model-version", "metadata.sqlite"):
        pushed_source(run.root, run.folder)
    (run.root / "metadata.sqlite").unlink()
    with refuses("no-metadata", "metadata.sqlite"):
        pushed_source(run.root, run.folder)
