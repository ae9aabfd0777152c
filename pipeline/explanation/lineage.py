"""From a model to what it was made of: a run's own, or a pushed one through ML Metadata."""

import json
from pathlib import Path

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from pipeline.explanation.asked import SIDES, Source
from pipeline.nodes import NodeRun, of_type
from schemas import FeatureSpec, InputError, parse_spec
from schemas.extensions import load_extensions
from serving.model_directory import versions
from trainer.recipe import Recipe, parse_recipe

_INPUTS = (metadata_store_pb2.Event.INPUT,)
_OUTPUTS = (metadata_store_pb2.Event.OUTPUT,)
_SERVING = "Format-Serving"  # where TFX keeps the SavedModel in a model's folder


def run_source(spec: FeatureSpec, recipe: Recipe, nodes: dict[str, NodeRun]) -> Source:
    """Returns what a run's own model was made of, whether it was pushed or not.

    Args:
      spec: The dataset's spec.
      recipe: The recipe that ran.
      nodes: The run's nodes, of which one has made the model and one the tables.
    """
    ingest = next(n for n in nodes.values() if "tessera.Quarantine" in n.types.values())
    tables = {side: Path(ingest.outputs[side]) for side in SIDES}
    return Source(of_type(nodes, "Model")[-1] / _SERVING, spec, recipe, tables,
                  _modalities(of_type(nodes, "ModelRun")[-1]))


def pushed_source(root: Path, folder: Path) -> Source:
    """Finds what the newest pushed model of a folder was made of.

    Args:
      root: The root that runs were written under.
      folder: A folder of pushed versions.

    Returns:
      The model and where its data lie.

    Raises:
      InputError: The metadata under the root know nothing of the model or are of a version of
        Tessera that trained and exported in one step, or an extension that the model was trained
        with cannot be imported.
    """
    newest = versions(folder)[max(versions(folder))]
    metadata = root / "metadata.sqlite"
    if not metadata.is_file():
        raise InputError("no-metadata",
                         f"No metadata at {metadata}, which tell what {newest} was made of. Give "
                         "the root of its run with --root.")
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(metadata)
    config.sqlite.connection_mode = config.sqlite.READONLY
    return _traced(mlmd.MetadataStore(config), newest, metadata)


def _traced(store: mlmd.MetadataStore, version: Path, metadata: Path) -> Source:
    where = version.parts[-2:]  # a root may have been moved
    pushed = [
        artifact.id for artifact in store.get_artifacts_by_type("PushedModel")
        if Path(artifact.custom_properties["pushed_destination"].string_value).parts[-2:] == where
    ]
    if not pushed:
        raise InputError("unknown-model-version",
                         f"{metadata} does not know who pushed {version}. Give the root of its "
                         "run with --root, or run `tessera run` again.")
    pusher = _maker(store, pushed[-1])
    exporter = _maker(store, _linked(store, pusher, _INPUTS)["model"])
    inputs = _linked(store, exporter, _INPUTS)
    if "weights" not in inputs:
        raise InputError("model-of-older-version",
                         f"{version} was pushed by an older version of Tessera, whose metadata do "
                         "not say what it was made of. Run `tessera run` again, and explain the "
                         "model that it pushes.")
    trainer = _maker(store, inputs["weights"])
    tables = {}
    for side in SIDES:
        transform = _maker(store, inputs[side])
        tables[side] = Path(_uri(store, _linked(store, transform, _INPUTS)["examples"]))
    (execution,) = store.get_executions_by_id([trainer])
    config = json.loads(execution.custom_properties["custom_config"].string_value)
    load_extensions(config.get("extensions", ()))
    run = Path(_uri(store, _linked(store, trainer, _OUTPUTS)["model_run"]))
    return Source(version, parse_spec(**config["spec"]), parse_recipe(**config["recipe"]), tables,
                  _modalities(run))


def _modalities(run: Path) -> dict[str, list[str]]:
    """Reads the names of the modality weights from a `ModelRun`."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return {"users": summary["user_modalities"], "items": summary["item_modalities"]}


def _maker(store: mlmd.MetadataStore, artifact: int) -> int:
    """Returns the execution that made an artifact; those that took it from the cache came later."""
    return min(event.execution_id for event in store.get_events_by_artifact_ids([artifact])
               if event.type in _OUTPUTS)


def _linked(store: mlmd.MetadataStore, execution: int, kinds: tuple[int, ...]) -> dict[str, int]:
    """Returns an execution's inputs or outputs by name."""
    return {event.path.steps[0].key: event.artifact_id
            for event in store.get_events_by_execution_ids([execution]) if event.type in kinds}


def _uri(store: mlmd.MetadataStore, artifact: int) -> str:
    return store.get_artifacts_by_id([artifact])[0].uri
