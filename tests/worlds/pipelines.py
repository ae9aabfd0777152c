"""Small pipelines of TFX in a folder, and what becomes of their nodes."""

from pathlib import Path

from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline

from pipeline.beside import Process
from pipeline.local import run_locally
from pipeline.nodes import NodeRun


def small_pipeline(folder: Path, *components) -> Pipeline:
    """Returns a pipeline that is cached, with its artifacts and its metadata in a folder."""
    return Pipeline(
        pipeline_name="toy", pipeline_root=str(folder / "artifacts" / "toy"),
        components=list(components), enable_cache=True,
        metadata_connection_config=sqlite_metadata_connection_config(
            str(folder / "metadata.sqlite")))


def carried_out(pipeline: Pipeline, run_id: str = "run", second: Process | None = None
                ) -> dict[str, NodeRun]:
    """Runs a pipeline, and returns what became of each node."""
    ended: dict[str, NodeRun] = {}
    run_locally(pipeline, run_id, lambda name: None, lambda node: ended.update({node.node: node}),
                "toy-data", second)
    return ended
