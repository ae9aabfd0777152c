"""What killed runs left behind in the metadata and on disk."""

import shutil
from pathlib import Path

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

_STATE = metadata_store_pb2.Execution


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
                for left in (*folder.glob(f"*/{execution.id}"),
                             folder / ".system" / "executor_execution" / str(execution.id)):
                    shutil.rmtree(left, ignore_errors=True)
        execution.last_known_state = _STATE.FAILED
    if executions:
        store.put_executions(executions)


def _nodes(store: MetadataStore, execution_id: int) -> list[str]:
    (kind,) = (one.id for one in store.get_context_types() if one.name == "node")
    return [context.name for context in store.get_contexts_by_execution(execution_id)
            if context.type_id == kind]
