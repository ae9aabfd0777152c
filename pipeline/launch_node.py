"""One node of a compiled pipeline through TFX's portable launcher, for every runner."""

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.proto.orchestration import pipeline_pb2


def connection_of(ir: pipeline_pb2.Pipeline) -> metadata_store_pb2.ConnectionConfig:
    """Returns where a compiled pipeline says that its metadata lie."""
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
      connection: Where metadata lie.
      named: Gives the name and the folder that the node runs under; the pipeline's own by default.

    Returns:
      The id of its execution, `None` where it has none.
    """
    named = named or ir
    deployment, name = runner_utils.extract_local_deployment_config(ir), node.node_info.id
    info = launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=named.pipeline_info,
        pipeline_runtime_spec=named.runtime_spec,
        executor_spec=runner_utils.extract_executor_spec(deployment, name),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
    ).launch()
    return None if info is None else info.execution_id
