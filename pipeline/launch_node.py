"""One node of a compiled pipeline through TFX's portable launcher, for every runner."""

import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.python_executor_operator import PythonExecutorOperator
from tfx.orchestration.python_execution_binary.python_execution_binary_utils import (
    import_class_path,
)
from tfx.proto.orchestration import (
    executable_spec_pb2,
    execution_invocation_pb2,
    execution_result_pb2,
    pipeline_pb2,
)

from pipeline.beam.operator import Operator

_OUTPUT = (metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.INTERNAL_OUTPUT)


def connection_of(ir: pipeline_pb2.Pipeline) -> metadata_store_pb2.ConnectionConfig:
    """Returns where a compiled pipeline says that its metadata are."""
    config = runner_utils.extract_local_deployment_config(ir).metadata_connection_config
    return getattr(config, config.WhichOneof("connection_config"))


class Job(NamedTuple):
    """An executor with its inputs, as it goes to another process.

    Attributes:
      beam: Whether it is one of Beam.
      spec: TFX's specification of it.
      arguments: Beam's arguments.
      invocation: TFX's `ExecutionInvocation`.
    """

    beam: bool
    spec: bytes
    arguments: list[str]
    invocation: bytes


def execute(job: Job) -> bytes:
    """Runs an executor in this process; returns TFX's `ExecutorOutput`."""
    spec = (executable_spec_pb2.BeamExecutableSpec if job.beam
            else executable_spec_pb2.PythonClassExecutableSpec).FromString(job.spec)
    import_class_path(spec)  # it knows the types of its artifacts
    info = ExecutionInfo.from_proto(
        execution_invocation_pb2.ExecutionInvocation.FromString(job.invocation))
    return _operator(spec, job.arguments).run_executor(info).SerializeToString()


def _operator(spec: Any, arguments: list[str]) -> Any:
    if isinstance(spec, executable_spec_pb2.BeamExecutableSpec):
        return Operator(arguments, spec)
    return PythonExecutorOperator(spec)


@dataclass(frozen=True)
class Lane:
    """How nodes are launched of which one follows the other.

    Attributes:
      metadata: Held by the one lane that reads or writes metadata, but not while an executor runs.
      begin: Called before an executor runs.
      elsewhere: Runs an executor in another process, see `execute`; in this one where `None`.
    """

    metadata: threading.Lock = field(default_factory=threading.Lock)
    begin: Callable[[], None] = lambda: None
    elsewhere: Callable[[Job], bytes] | None = None


class _Unlocked:
    """What TFX's launcher takes for an operator: it runs an executor of a lane."""

    def __init__(self, lane: Lane, arguments: list[str], executor_spec: Any,
                 platform_config: Any = None) -> None:
        self._lane, self._arguments, self._spec = lane, arguments, executor_spec

    def with_execution_watcher(self, address: str) -> "_Unlocked":
        """Returns itself: no executor of ours asks for the watcher."""
        return self

    def run_executor(self, info: ExecutionInfo) -> Any:
        """Runs the executor."""
        lane = self._lane
        lane.metadata.release()
        try:
            lane.begin()
            if lane.elsewhere is None:
                return _operator(self._spec, self._arguments).run_executor(info)
            return execution_result_pb2.ExecutorOutput.FromString(lane.elsewhere(Job(
                isinstance(self._spec, executable_spec_pb2.BeamExecutableSpec),
                self._spec.SerializeToString(), self._arguments,
                info.to_proto().SerializeToString())))
        finally:
            lane.metadata.acquire()


def launch_node(
    ir: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    connection: metadata_store_pb2.ConnectionConfig,
    named: pipeline_pb2.Pipeline | None = None,
    lane: Lane | None = None,
) -> int | None:
    """Runs a node: driver, cache, executor and publisher are TFX's.

    Args:
      ir: The compiled pipeline, its runtime parameters filled in.
      node: One of its nodes.
      connection: Where metadata are.
      named: Gives the name and the folder that the node runs under; the pipeline's own by default.
      lane: The lane that it is in, where there are several.

    Returns:
      The id of its execution, `None` where it has none.
    """
    named, lane = named or ir, lane or Lane()
    deployment, name = runner_utils.extract_local_deployment_config(ir), node.node_info.id
    executor, arguments = _without_beam(runner_utils.extract_executor_spec(deployment, name))
    operator = functools.partial(_Unlocked, lane, arguments)
    with lane.metadata:
        info = launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(connection),
            pipeline_info=named.pipeline_info,
            pipeline_runtime_spec=named.runtime_spec,
            executor_spec=executor,
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
            custom_executor_operators={
                executable_spec_pb2.BeamExecutableSpec: operator,
                executable_spec_pb2.PythonClassExecutableSpec: operator},
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
