"""`tessera compile`: one file for a cluster, made from the one definition of the pipeline."""

import json
import tempfile
from pathlib import Path

import pipeline.process  # noqa: F401  (before TensorFlow)
from pipeline.cluster.options import KubeflowOptions
from pipeline.config import RunConfig
from pipeline.kubeflow.access import with_account
from pipeline.kubeflow.steps import INIT_STEP, Step, kebab, read_steps, shape
from pipeline.run import check_recipe
from schemas import FeatureSpec, InputError, TesseraError, unknown
from trainer.recipe import BoundRecipe

_RUN_ID = "compiled"  # each run substitutes its own


def compile_kubeflow(config: RunConfig, output: Path) -> list[Step]:
    """Writes the YAML that open-source Kubeflow Pipelines 2.x accepts and runs.

    Args:
      config: The configuration, with its tree `kubeflow`.
      output: The file to write.

    Returns:
      The steps, without the first one (`INIT_STEP`).

    Raises:
      InputError: The configuration does not fit a cluster.
    """
    options = _options(config)
    spec = config.spec()
    bound = check_recipe(config, spec)
    _require_volumes(config, options)
    config.beam.require_reachable()
    steps = _steps(config, bound, options)
    _require_known_steps(options, steps)
    from pipeline.kubeflow.definition import Baked, write_definition
    from pipeline.kubeflow.rules import broken_rules

    baked = Baked(
        name=kebab(config.pipeline_name), root=str(config.root), data_dir=str(config.data_dir),
        recipe=config.recipe_name, init_arguments=_init_arguments(config, spec, options, steps))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "pipeline.yaml"
        write_definition(steps, baked, options, path)
        text = path.read_text(encoding="utf-8")
    broken = broken_rules(text)
    if broken:
        raise TesseraError("kubeflow-rule-broken",
                           "Kubeflow would not run this pipeline: " + "; ".join(broken) + ".")
    _write(output, with_account(text, options.service_account))
    return steps


def _options(config: RunConfig) -> KubeflowOptions:
    if config.kubeflow is None:
        raise InputError("no-kubeflow-section",
                         "The configuration has no key 'kubeflow', which names the image and the "
                         "volumes: add it to the file given with --config; docs/kubeflow.md shows "
                         "one.")
    return config.kubeflow


def _require_volumes(config: RunConfig, options: KubeflowOptions) -> None:
    places = {"root": config.root, "data_dir": config.data_dir}
    for modality, encoder in config.recipe.encoders.items():
        if encoder.local is not None:
            places[f"modalities.{modality}.encoder.handle"] = encoder.local
    for key, path in places.items():
        if not options.on_a_volume(str(path)):
            mounted = ", ".join(v.path for v in options.volumes) or "none"
            raise InputError(
                "path-on-no-volume",
                f"{key} is {path}, which is on none of the volumes ({mounted}): each step would "
                f"see a folder of its own. Set {key} to a path under one of kubeflow.volumes.")


def _steps(config: RunConfig, bound: BoundRecipe, options: KubeflowOptions) -> list[Step]:
    from pipeline.dag import build_pipeline
    from pipeline.kubeflow.plan import compile_ir
    from pipeline.kubeflow.store import connection

    pipe = build_pipeline(config, bound, config.root / "schemas",
                          connection(options.metadata, config.root))
    return read_steps(compile_ir(pipe, _RUN_ID))


def _require_known_steps(options: KubeflowOptions, steps: list[Step]) -> None:
    nodes = [step.node for step in steps]
    known = {"default", INIT_STEP, *nodes, *(node.split(".")[0] for node in nodes)}
    for name in options.steps:
        if name not in known:
            raise unknown("step in kubeflow.steps", name, known)


def _init_arguments(config: RunConfig, spec: FeatureSpec, options: KubeflowOptions,
                    steps: list[Step]) -> tuple[str, ...]:
    """What the first step builds the pipeline from; of a password, nothing but its secret."""
    metadata = options.metadata.model_dump(mode="json", exclude_unset=True)
    return (
        "--config", config.model_dump_json(exclude={"kubeflow"}),
        "--spec", spec.to_json(),
        "--metadata", json.dumps(metadata),
        "--shape", shape(steps),
    )


def _write(output: Path, text: str) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("compiled-file-not-written",
                         f"Cannot write {output}: {error.strerror}. Give another file with "
                         "--output.") from error
