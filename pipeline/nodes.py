"""What became of the pipeline's nodes; TFX, slow to load, is not needed to speak of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATA, TRAINING, MODEL = "data", "training", "model"


@dataclass
class NodeRun:
    """What became of one node.

    Attributes:
      node: The node's id.
      cached: Whether its outputs came from the cache.
      seconds: How long it took.
      stage: `DATA` if training depends on it, `TRAINING`, or `MODEL` for what comes after.
      outputs: URIs of its outputs by key.
      types: Types of its outputs by key.
      output_ids: Ids of its outputs in the metadata store by key.
    """

    node: str
    cached: bool = False
    seconds: float = 0.0
    stage: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    output_ids: dict[str, int] = field(default_factory=dict)


def of_type(nodes: Mapping[str, NodeRun], name: str) -> list[Path]:
    """Returns the folders of all outputs of an artifact type, in the order of the nodes.

    Args:
      nodes: The nodes that ended.
      name: The type's name, such as `"tessera.Verdict"`: nobody need know who makes what.
    """
    return [Path(node.outputs[key]) for node in nodes.values()
            for key, kind in node.types.items() if kind == name]


class NodeError(Exception):
    """A node failed; the cause is its exception.

    Attributes:
      node: The node's id.
    """

    def __init__(self, node: str):
        super().__init__(node)
        self.node = node
