"""TFX's own output for the managed flavour of Kubeflow, which is Google's Vertex AI."""

import tempfile
from pathlib import Path

import pipeline.environment  # noqa: F401  (before TensorFlow)
from pipeline.config import RunConfig
from pipeline.kubeflow.options import Database
from pipeline.run import check_recipe
from schemas import InputError

LABEL = ("This is TFX's own V2 output, for Vertex AI: open-source Kubeflow Pipelines refuses it, "
         "and nobody has run it. Vertex runs no driver of ours (changed files under an unchanged "
         "path may come from its cache), and compares a model with the newest blessed one.")


def compile_vertex(config: RunConfig, output: Path) -> None:
    """Writes TFX's PipelineJob as JSON, with a label that says what it is.

    Args:
      config: The configuration; of its tree `kubeflow`, the image counts.
      output: The file to write.

    Raises:
      InputError: No image is named, or the file is not JSON by its name.
    """
    if config.kubeflow is None:
        raise InputError("Vertex needs an image: set kubeflow.image in the file given with "
                         "--config.")
    if output.suffix != ".json":
        raise InputError(f"Vertex takes JSON, and {output} is not: end its name with .json.")
    spec = config.spec()
    check_recipe(config, spec)
    from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as runner

    from pipeline.dag import build_pipeline
    from pipeline.kubeflow.store import connection

    pipe = build_pipeline(config, spec, config.root / "schemas",
                          connection(Database(), config.root), _newest_blessed)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "pipeline.json"
        runner.KubeflowV2DagRunner(
            runner.KubeflowV2DagRunnerConfig(
                default_image=config.kubeflow.image, display_name=f"{config.pipeline_name} (TFX)"),
            output_filename=str(path),
        ).run(pipe)
        try:
            output.write_bytes(path.read_bytes())
        except OSError as error:
            raise InputError(f"Cannot write {output}: {error.strerror}. Give another file with "
                             "--output.") from error


def _newest_blessed(candidate):
    """TFX's own choice of the baseline: Vertex knows no other."""
    from tfx.dsl.components.common import resolver
    from tfx.dsl.input_resolution.strategies import latest_blessed_model_strategy
    from tfx.types import channel, standard_artifacts

    def of(kind, producer: str):
        return channel.Channel(type=kind, producer_component_id=producer)

    return resolver.Resolver(
        strategy_class=latest_blessed_model_strategy.LatestBlessedModelStrategy,
        model=of(standard_artifacts.Model, candidate.producer_component_id),
        model_blessing=of(standard_artifacts.ModelBlessing, "Gate"),
    ).with_id("baseline_model")
