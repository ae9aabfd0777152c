"""Runs the pipeline on this machine, node after node, and reports what happened to each.

TFX's LocalDagRunner does the same but says nothing about its nodes: no time, no cache, no outputs.
"""

import time
from collections.abc import Callable
from pathlib import Path

from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils

from pipeline.abandoned import settle
from pipeline.data_steps import renamed, stages
from pipeline.launch_node import cached, connection_of, launch_node, outputs_of
from pipeline.nodes import DATA, NodeError, NodeRun
from schemas.progress import Heartbeat


def run_locally(
    pipeline: tfx_pipeline.Pipeline,
    run_id: str,
    on_start: Callable[[str], None],
    on_end: Callable[[NodeRun], None],
    data_name: str,
) -> None:
    """Runs every node of a pipeline in its order.

    Args:
      pipeline: The pipeline, with a SQLite metadata store.
      run_id: The id of this run in the metadata.
      on_start: Called with a node's id before it runs.
      on_end: Called with what became of it.
      data_name: The name under which the steps before training run; pipelines that give the same
        name take these steps from one another's cache.

    Raises:
      NodeError: A node failed; the nodes after it did not run.
    """
    ir = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
    connection = connection_of(ir)
    with metadata.Metadata(connection) as handle:
        root = Path(pipeline.pipeline_info.pipeline_root)
        settle(handle.store, pipeline.pipeline_info.pipeline_name, root,
               root.with_name(data_name))
    stage_of, of_data = stages(ir), renamed(ir, data_name)
    for node in ir.nodes:
        pipeline_node = node.pipeline_node
        name = pipeline_node.node_info.id
        on_start(name)
        started = time.monotonic()
        under = of_data if stage_of[name] == DATA else ir
        try:
            with Heartbeat(name):
                execution_id = launch_node(ir, pipeline_node, connection, under)
        except Exception as error:
            raise NodeError(name) from error
        result = NodeRun(name, seconds=time.monotonic() - started, stage=stage_of[name])
        if execution_id is not None:
            with metadata.Metadata(connection) as handle:
                _describe(handle.store, execution_id, result)
        on_end(result)


def _describe(store, execution_id: int, result: NodeRun) -> None:
    """Fills in what the metadata store knows of an execution."""
    (execution,) = store.get_executions_by_id([execution_id])
    result.cached = cached(execution)
    for key, artifact in outputs_of(store, execution):
        result.outputs[key] = artifact.uri
        result.types[key] = artifact.type
        result.output_ids[key] = artifact.id
