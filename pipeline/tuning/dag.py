"""The pipeline of a search: what training depends on, and the Tuner in the Trainer's place."""

import json
from pathlib import Path

from tfx.dsl.components.base import base_node
from tfx.orchestration import pipeline as tfx_pipeline

from components.trainer.component import Trainer
from components.tuner.component import Tuner
from pipeline.config import RunConfig
from pipeline.dag import build_pipeline
from trainer.recipe import BoundRecipe
from trainer.recipe.families import ranges_of


def tuning_pipeline(config: RunConfig, bound: BoundRecipe, schemas: Path) -> tfx_pipeline.Pipeline:
    """Builds it from the one definition, under the same name, so that data steps are shared.

    Args:
      config: The configuration; its recipe has a section `tune`.
      bound: The recipe, bound to the dataset.
      schemas: The folder of its schemas.

    Returns:
      TFX's pipeline, whose last node is `Tuner`.
    """
    whole = build_pipeline(config, bound, schemas)
    trainer = next(node for node in whole.components if isinstance(node, Trainer))
    settings = json.loads(trainer.exec_properties["custom_config"])
    settings["recipe"]["tune"] = ranges_of(config.recipe).model_dump(mode="json")
    tuner = Tuner(settings, **trainer.inputs)
    before = _upstream(trainer)
    for node in before:  # TFX refuses a node whose readers are not in the pipeline
        for reader in node.downstream_nodes - before - {tuner}:
            node.remove_downstream_node(reader)
    return tfx_pipeline.Pipeline(
        pipeline_name=whole.pipeline_info.pipeline_name,
        pipeline_root=whole.pipeline_info.pipeline_root,
        components=[*(node for node in whole.components if node in before), tuner],
        enable_cache=True,
        metadata_connection_config=whole.metadata_connection_config,
    )


def _upstream(node: base_node.BaseNode) -> set[base_node.BaseNode]:
    upstream: set[base_node.BaseNode] = set()
    waiting = list(node.upstream_nodes)
    while waiting:
        one = waiting.pop()
        if one not in upstream:
            upstream.add(one)
            waiting += one.upstream_nodes
    return upstream
