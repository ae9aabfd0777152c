"""One node of a planned run: TFX's launcher, and what became of it in the metadata."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import context_lib, execution_lib

from pipeline.kubeflow.plan import load_plan
from pipeline.launch_node import cached, connection_of, launch_node, outputs_of
from schemas import unknown

_RUNNING = metadata_store_pb2.Execution.RUNNING


@dataclass
class NodeOutcome:
    """What became of a node.

    Attributes:
      state: `done`, or `cached` where its outputs are those of an earlier run.
      uris: URIs of its outputs by key.
      types: Types of its outputs by key.
      pushed: Where a model was pushed to, if one was.
    """

    state: str = "done"
    uris: dict[str, list[str]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    pushed: str | None = None

    def of_type(self, name: str) -> str:
        """Returns the URI of the output of an artifact type."""
        return self.uris[next(key for key, kind in self.types.items() if kind == name)][0]


class NodeLaunch:
    """A node that is about to run, or did."""

    def __init__(self, ir, node: str, connection: metadata_store_pb2.ConnectionConfig) -> None:
        nodes = {n.pipeline_node.node_info.id: n.pipeline_node for n in ir.nodes}
        if node not in nodes:
            raise unknown("node", node, nodes)
        self._ir, self._node = ir, nodes[node]
        self.connection = connection

    @classmethod
    def load(cls, root: Path, run_id: str, node: str, complete: Callable) -> "NodeLaunch":
        """Reads a node of a planned run.

        Args:
          root: The root.
          run_id: The run's id.
          node: The node's id.
          complete: Puts the password into a connection.

        Raises:
          InputError: The run is not planned, or has no such node.
        """
        ir = load_plan(root, run_id)
        return cls(ir, node, complete(connection_of(ir)))

    def launch(self) -> None:
        """Runs the node; one that this run has finished already is left as it is."""
        launch_node(self._ir, self._node, self.connection)

    def interrupted(self) -> bool:
        """Returns whether this run left the node running: its process was killed."""
        with metadata.Metadata(self.connection) as handle:
            return any(e.last_known_state == _RUNNING for e in self._executions(handle))

    def outcome(self) -> NodeOutcome:
        """Reads from the metadata what became of the node.

        The launcher's own result will not do: for a cached node it names folders that were never
        made.
        """
        result = NodeOutcome()
        with metadata.Metadata(self.connection) as handle:
            for execution in self._executions(handle):
                if cached(execution):
                    result.state = "cached"
                for key, artifact in outputs_of(handle.store, execution):
                    self._add(result, key, artifact)
        return result

    def _executions(self, handle: metadata.Metadata) -> list[metadata_store_pb2.Execution]:
        """Returns this run's executions of the node; TFX keeps one."""
        contexts = context_lib.prepare_contexts(handle, self._node.contexts)
        return execution_lib.get_executions_associated_with_all_contexts(handle, contexts)

    @staticmethod
    def _add(result: NodeOutcome, key: str, artifact: metadata_store_pb2.Artifact) -> None:
        result.uris.setdefault(key, []).append(artifact.uri)
        result.types[key] = artifact.type
        properties = artifact.custom_properties
        if "pushed" in properties and properties["pushed"].int_value == 1:
            result.pushed = properties["pushed_destination"].string_value
