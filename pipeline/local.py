"""Runs the pipeline on this machine, and settles what killed runs left."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.beside import Order, Process, work_through
from pipeline.launch_node import Lane, cached, connection_of, launch_node, outputs_of
from pipeline.nodes import DATA, MODEL, TRAINING, NodeError, NodeRun
from schemas.log import Heartbeat

_STATE = metadata_store_pb2.Execution
_TRAINED = {"ModelRun", "TunerResults"}  # what a fit or a search leaves
_RECORDED = "tessera.Predictions"


def settle(store: MetadataStore, pipeline_name: str, *roots: Path) -> None:
    """Marks executions that will not be finished as failed and removes their outputs.

    No other run of the pipeline may be under way. Nothing uses such outputs in any case: TFX
    has an output only when its execution is complete.

    Args:
      store: The metadata store.
      pipeline_name: The pipeline's name in it.
      *roots: The folders of the pipeline's artifacts.
    """
    context = store.get_context_by_type_and_name("pipeline", pipeline_name)
    if context is None:
        return
    executions = [
        execution for execution in store.get_executions_by_context(context.id)
        if execution.last_known_state in (_STATE.NEW, _STATE.RUNNING)
    ]
    for execution in executions:
        for node in _nodes(store, execution.id):
            for folder in (root / node.removeprefix(f"{pipeline_name}.") for root in roots):
                for leftover in (*folder.glob(f"*/{execution.id}"),
                                 folder / ".system" / "executor_execution" / str(execution.id)):
                    shutil.rmtree(leftover, ignore_errors=True)
        execution.last_known_state = _STATE.FAILED
    if executions:
        store.put_executions(executions)


def _nodes(store: MetadataStore, execution_id: int) -> list[str]:
    (kind,) = (one.id for one in store.get_context_types() if one.name == "node")
    return [context.name for context in store.get_contexts_by_execution(execution_id)
            if context.type_id == kind]


def stages(ir: pipeline_pb2.Pipeline) -> dict[str, str]:
    """Returns the stage of each node, as the pipeline itself has them.

    Args:
      ir: A compiled pipeline.

    Returns:
      By id, `TRAINING` of what fits or searches, `DATA` of all that it depends on, directly or
      not, and `MODEL` of the rest.
    """
    upstream = {node.pipeline_node.node_info.id: list(node.pipeline_node.upstream_nodes)
                for node in ir.nodes}
    training = [node.pipeline_node.node_info.id for node in ir.nodes
                if _TRAINED & {output.artifact_spec.type.name
                               for output in node.pipeline_node.outputs.outputs.values()}]
    data: set[str] = set()
    waiting = [name for trainer in training for name in upstream[trainer]]
    while waiting:
        name = waiting.pop()
        if name not in data:
            data.add(name)
            waiting += upstream[name]
    return {name: DATA if name in data else TRAINING if name in training else MODEL
            for name in upstream}


def renamed(ir: pipeline_pb2.Pipeline, name: str) -> pipeline_pb2.Pipeline:
    """Returns a pipeline's name and runtime under another name; the nodes are left out.

    Args:
      ir: A compiled pipeline.
      name: The new name, also of the folder of artifacts beside the pipeline's own.
    """
    other = pipeline_pb2.Pipeline()
    other.pipeline_info.id = name
    other.runtime_spec.CopyFrom(ir.runtime_spec)
    root = other.runtime_spec.pipeline_root.field_value
    root.string_value = str(Path(root.string_value).with_name(name))
    return other


def timed(ir: pipeline_pb2.Pipeline) -> list[str]:
    """Returns the nodes that ask a server what was recorded, and note how long it takes."""
    return [node.pipeline_node.node_info.id for node in ir.nodes if any(
        channel.artifact_query.type.name == _RECORDED
        for given in node.pipeline_node.inputs.inputs.values() for channel in given.channels)]


def run_locally(
    pipeline: tfx_pipeline.Pipeline,
    run_id: str,
    on_start: Callable[[str], None],
    on_end: Callable[[NodeRun], None],
    data_name: str,
    second: Process | None = None,
) -> None:
    """Runs every node of a pipeline, each after those that it depends on.

    Args:
      pipeline: The pipeline, with a SQLite metadata store.
      run_id: The id of this run in the metadata.
      on_start: Called with a node's id before it runs.
      on_end: Called with what became of it.
      data_name: The name under which the steps before training run; pipelines that give the same
        name take these steps from one another's cache.
      second: Where a node runs beside another one; without it they run in the pipeline's order.

    Raises:
      NodeError: A node failed; none has begun after it.
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
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    lanes = [Lane()] if second is None else _two_lanes(second)

    def run(name: str, lane: int) -> None:
        with lanes[lane].metadata:
            on_start(name)
        started = time.monotonic()
        under = of_data if stage_of[name] == DATA else ir
        try:
            with Heartbeat(name):
                execution_id = launch_node(ir, nodes[name], connection, under, lanes[lane])
        except Exception as error:
            raise NodeError(name) from error
        result = NodeRun(name, seconds=time.monotonic() - started, stage=stage_of[name])
        with lanes[lane].metadata:
            if execution_id is not None:
                with metadata.Metadata(connection) as handle:
                    _describe(handle.store, execution_id, result)
            on_end(result)

    work_through(Order({name: node.upstream_nodes for name, node in nodes.items()},
                       timed(ir)), run, second)


def _two_lanes(second: Process) -> list[Lane]:
    """Returns the lane of this process and that of the second one, which starts with the first."""
    here = Lane(begin=second.start)
    return [here, Lane(here.metadata, elsewhere=second.run)]


def _describe(store, execution_id: int, result: NodeRun) -> None:
    """Fills in what the metadata store knows of an execution."""
    (execution,) = store.get_executions_by_id([execution_id])
    result.cached = cached(execution)
    for key, artifact in outputs_of(store, execution):
        result.outputs[key] = artifact.uri
        result.types[key] = artifact.type
        result.output_ids[key] = artifact.id
