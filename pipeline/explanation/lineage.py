"""From a model to what it was made of: a run's own, or a pushed one through ML Metadata."""

import json
from pathlib import Path

from pipeline.explanation.attribution import Source
from pipeline.lineage import Provenance
from pipeline.nodes import NodeRun, of_type
from schemas import ENTITIES, parse_spec
from serving.model_config import versions
from trainer.recipe import BoundRecipe, parse_recipe

_SERVING = "Format-Serving"  # where TFX keeps the SavedModel in a model's folder


def run_source(bound: BoundRecipe, nodes: dict[str, NodeRun]) -> Source:
    """Returns what a run's own model was made of, whether it was pushed or not.

    Args:
      bound: The recipe that ran.
      nodes: The run's nodes, of which one has made the model and one the tables.
    """
    ingest = next(n for n in nodes.values() if "tessera.Quarantine" in n.types.values())
    tables = {side: Path(ingest.outputs[side]) for side in ENTITIES}
    graphs = {side: Path(nodes[f"Transform.{side}"].outputs["transform_graph"])
              for side in ENTITIES}
    return Source(of_type(nodes, "Model")[-1] / _SERVING, bound, tables,
                  *_names(of_type(nodes, "ModelRun")[-1]), graphs)


def pushed_source(root: Path, folder: Path) -> Source:
    """Finds what the newest pushed model of a folder was made of.

    Args:
      root: The root that runs were written under.
      folder: A folder of pushed versions.

    Returns:
      The model and where its data are.

    Raises:
      InputError: See `Provenance`.
    """
    newest = versions(folder)[max(versions(folder))]
    made = Provenance(root, newest)
    inputs = made.inputs(made.exporter)
    tables = {side: made.folder(made.inputs(made.maker(inputs[side]))["examples"])
              for side in ENTITIES}
    config = made.training_config()
    bound = BoundRecipe(parse_recipe(**config["recipe"]), parse_spec(**config["spec"]))
    return Source(newest, bound, tables,
                  *_names(made.folder(made.outputs(made.trainer)["model_run"])))


def _names(run: Path) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Reads the names of the modality weights and of the fused rankers from a `ModelRun`."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return ({"users": summary["user_modalities"], "items": summary["item_modalities"]},
            tuple(summary.get("late_fusion", {}).get("weights", ())))
