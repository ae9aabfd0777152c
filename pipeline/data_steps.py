"""The steps before training, which all recipes of a dataset share.

TFX's cache key begins with the pipeline's name, and each recipe is a pipeline of its own, so that
every recipe would ingest and transform the same data again. Launched under the dataset's name, a
step has one key for all of them; everything else that it depends on is in the key as before. Its
execution still belongs to the pipeline that ran it, with its lineage and its run.
"""

from pathlib import Path

from tfx.proto.orchestration import pipeline_pb2

_TRAINERS = ("Trainer", "Tuner")  # the second in the first one's place


def before_training(ir: pipeline_pb2.Pipeline) -> set[str]:
    """Returns the ids of the nodes that training depends on, directly or not.

    Args:
      ir: A compiled pipeline.

    Returns:
      Ids of nodes; empty where nothing is trained.
    """
    upstream = {node.pipeline_node.node_info.id: list(node.pipeline_node.upstream_nodes)
                for node in ir.nodes}
    names: set[str] = set()
    waiting = [name for trainer in _TRAINERS for name in upstream.get(trainer, ())]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += upstream[name]
    return names


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
