"""The steps before training, which all recipes of a dataset share.

TFX's cache key begins with the pipeline's name, and each recipe is a pipeline of its own, so that
every recipe would ingest and transform the same data again. Launched under the dataset's name, a
step has one key for all of them; everything else that it depends on is in the key as before. Its
execution still belongs to the pipeline that ran it, with its lineage and its run.
"""

from pathlib import Path

from tfx.proto.orchestration import pipeline_pb2

from pipeline.nodes import DATA, MODEL, TRAINING

_TRAINED = {"ModelRun", "TunerResults"}  # what a fit or a search leaves


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
