"""One node of a compiled pipeline through TFX's portable launcher, for every runner."""

import functools
from collections.abc import Iterator
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from pipeline.beam.operator import Operator

_OUTPUT = (metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.INTERNAL_OUTPUT)


def connection_of(ir: pipeline_pb2.Pipeline) -> metadata_store_pb2.ConnectionConfig:
    """Returns where a compiled pipeline says that its metadata are."""
    config = runner_utils.extract_local_deployment_config(ir).metadata_connection_config
    return getattr(config, config.WhichOneof("connection_config"))


def launch_node(
    ir: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    connection: metadata_store_pb2.ConnectionConfig,
    named: pipeline_pb2.Pipeline | None = None,
) -> int | None:
    """Runs a node: driver, cache, executor and publisher are TFX's.

    Args:
      ir: The compiled pipeline, its runtime parameters filled in.
      node: One of its nodes.
      connection: Where metadata are.
      named: Gives the name and the folder that the node runs under; the pipeline's own by default.

    Returns:
      The id of its execution, `None` where it has none.
    """
    named = named or ir
    deployment, name = runner_utils.extract_local_deployment_config(ir), node.node_info.id
    executor, arguments = _without_beam(runner_utils.extract_executor_spec(deployment, name))
    info = launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=named.pipeline_info,
        pipeline_runtime_spec=named.runtime_spec,
        executor_spec=executor,
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
        custom_executor_operators={
            executable_spec_pb2.BeamExecutableSpec: functools.partial(Operator, arguments)},
    ).launch()
    return None if info is None else info.execution_id


def _without_beam(executor: Any) -> tuple[Any, list[str]]:
    """Takes Beam's arguments out of an executor's spec, which TFX's cache key holds.

    Results do not depend on what runs the step: another engine takes them from the cache.
    """
    if not isinstance(executor, executable_spec_pb2.BeamExecutableSpec):
        return executor, []
    arguments = list(executor.beam_pipeline_args)
    executor.ClearField("beam_pipeline_args")
    executor.ClearField("beam_pipeline_args_placeholders")
    return executor, arguments


def cached(execution: metadata_store_pb2.Execution) -> bool:
    """Returns whether an execution took its outputs from an earlier one."""
    return execution.last_known_state == metadata_store_pb2.Execution.CACHED


def outputs_of(store, execution: metadata_store_pb2.Execution) -> Iterator[
        tuple[str, metadata_store_pb2.Artifact]]:
    """Reads the outputs of an execution.

    Args:
      store: The metadata store.
      execution: The execution.

    Yields:
      Key and artifact of each.
    """
    events = [event for event in store.get_events_by_execution_ids([execution.id])
              if event.type in _OUTPUT]
    artifacts = {a.id: a for a in store.get_artifacts_by_id([e.artifact_id for e in events])}
    for event in events:
        yield event.path.steps[0].key, artifacts[event.artifact_id]
