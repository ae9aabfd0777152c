"""The steps of a Kubeflow pipeline, read off TFX's compiled pipeline: there is no other list."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

INIT_STEP = "init-metadata"
# What a node's outputs show in Kubeflow's interface: by TFX's artifact type, key and KFP's type.
_SHOWN = {
    "tessera.DataReport": {"data_report": "HTML"},
    "tessera.Verdict": {"figures": "Metrics"},
    "ModelEvaluation": {"metrics": "Metrics", "classification": "ClassificationMetrics"},
    "PushedModel": {"pushed_model": "Model"},
}


@dataclass(frozen=True)
class Step:
    """One container step.

    Attributes:
      node: Id of the TFX node that it runs.
      name: Its name on Kubeflow.
      after: Names of the steps that must end first.
      shows: Type of each artifact that it shows in the interface, by output key.
    """

    node: str
    name: str
    after: tuple[str, ...]
    shows: dict[str, str]


def kebab(node: str) -> str:
    """Returns a node's name on Kubeflow.

    Argo takes letters, digits and hyphens only: `StatisticsGen.users` is `statistics-gen-users`.
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", node)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def read_steps(ir: Any) -> list[Step]:
    """Reads the steps off a pipeline.

    Args:
      ir: TFX's compiled pipeline (`pipeline_pb2.Pipeline`), nodes in topological order.

    Returns:
      One step for each node. Nodes without upstream nodes come after `INIT_STEP`.
    """
    return [
        Step(
            node=node.node_info.id,
            name=kebab(node.node_info.id),
            after=tuple(sorted(kebab(n) for n in node.upstream_nodes)) or (INIT_STEP,),
            shows={
                key: kind for spec in node.outputs.outputs.values()
                for key, kind in _SHOWN.get(spec.artifact_spec.type.name, {}).items()
            },
        )
        for node in _nodes(ir)
    ]


def shape(steps: list[Step]) -> str:
    """Digests steps and their order, to see whether a file and an image speak of the same."""
    listed = [asdict(step) for step in sorted(steps, key=lambda step: step.name)]
    text = json.dumps(listed, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _nodes(ir: Any) -> Iterator[Any]:
    return (node.pipeline_node for node in ir.nodes)
