"""What became of the pipeline's nodes; TFX, slow to load, is not needed to speak of them."""

from dataclasses import dataclass, field


@dataclass
class NodeRun:
    """What became of one node.

    Attributes:
      node: The node's id.
      cached: Whether its outputs came from the cache.
      seconds: How long it took.
      outputs: URIs of its outputs by key.
      output_ids: Ids of its outputs in the metadata store by key.
    """

    node: str
    cached: bool = False
    seconds: float = 0.0
    outputs: dict[str, str] = field(default_factory=dict)
    output_ids: dict[str, int] = field(default_factory=dict)


class NodeError(Exception):
    """A node failed; the cause is its exception.

    Attributes:
      node: The node's id.
    """

    def __init__(self, node: str):
        super().__init__(node)
        self.node = node
