"""The one definition of the pipeline, for every runner."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tfx.components.evaluator.component import Evaluator
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import transform_pb2
from tfx.types import channel

from components.artifacts import Verdict
from components.blessed import BASELINE, baseline_resolver, past_resolver
from components.catalog_gen.component import CatalogGen
from components.catalog_gen.splits import SPLITS
from components.data_gate.component import DataGate
from components.data_profile.component import DataProfiler
from components.data_report.component import DataReport
from components.data_validator.component import DataValidator
from components.earlier_weights import earlier_resolver
from components.exporter.component import Exporter
from components.further_checks import Built
from components.gate.component import Gate
from components.media_encoder.component import MediaEncoder
from components.model_card.component import ModelCard
from components.pusher.component import Pusher
from components.trainer.component import Trainer
from components.transform.component import Transform, transform_code
from pipeline.checks import Checks
from pipeline.config import RunConfig
from pipeline.evaluation import eval_config
from pipeline.model_checks import model_checks
from schemas import SIDES, FeatureSpec
from trainer.behaviour.past import NOTHING
from trainer.recipe import BoundRecipe

_PREPROCESSING_FN = "trainer.preprocess.preprocessing_fn"


def build_pipeline(
    config: RunConfig, bound: BoundRecipe, schemas: Path,
    connection: metadata.ConnectionConfigType | None = None,
) -> tfx_pipeline.Pipeline:
    """Builds the pipeline that a configuration describes.

    Args:
      config: The configuration.
      bound: The recipe, bound to the dataset.
      schemas: The folder of its schemas.
      connection: Where metadata are; by default in SQLite under the configuration's root.

    Returns:
      TFX's pipeline.
    """
    spec = bound.spec
    catalog = CatalogGen(config.source_arguments(spec), spec, config.split, config.privacy)
    checked = {side: _checked(catalog, side, schemas) for side in SIDES}
    validation = _validation(config, spec, catalog, checked)
    data_gate = validation[-1]
    transforms = {
        side: _transform(bound, side, catalog, checked[side][1]) for side in SIDES
    }
    for transform in transforms.values():
        transform.add_upstream_node(data_gate)
    encoders = _encoders(config, bound, catalog, data_gate)
    earlier = _earlier(bound, transforms["interactions"])
    trainer = Trainer(
        {"spec": json.loads(spec.to_json()),
         # Its modalities are named, whatever `all` would mean tomorrow.
         "recipe": bound.recipe.model_dump(mode="json", exclude={"tune"}), "seed": config.seed,
         # Whoever reads this from the metadata needs them to read the rest.
         **({"extensions": list(config.extensions)} if config.extensions else {})},
        **{side: transforms[side].outputs["transformed_examples"] for side in SIDES},
        **{f"{side}_graph": transforms[side].outputs["transform_graph"] for side in SIDES},
        **({"encodings": encoders[0].outputs["encodings"]} if encoders else {}),
        **({"earlier": earlier[0].outputs["weights"]} if earlier else {}),
    )
    exporter = Exporter(trainer, bound.recipe.served)
    built = [catalog, *(c for three in checked.values() for c in three), *validation,
             *transforms.values(), *encoders, *earlier, trainer, exporter]
    return tfx_pipeline.Pipeline(
        pipeline_name=config.pipeline_name,
        pipeline_root=str(config.root / "artifacts" / config.pipeline_name),
        components=[*built, *_judged(config, bound, built)],
        enable_cache=True, beam_pipeline_args=config.beam.arguments(),
        metadata_connection_config=connection or metadata.sqlite_metadata_connection_config(
            str(config.root / "metadata.sqlite")),
    )


def _checked(catalog: CatalogGen, side: str, schemas: Path) -> list[Any]:
    schema = ImportSchemaGen(str(schemas / f"{side}.pbtxt")).with_id(f"ImportSchemaGen.{side}")
    statistics = StatisticsGen(
        catalog.outputs[side], schema=schema.outputs["schema"]
    ).with_id(f"StatisticsGen.{side}")
    validator = ExampleValidator(
        statistics.outputs["statistics"], schema.outputs["schema"]
    ).with_id(f"ExampleValidator.{side}")
    return [statistics, schema, validator]


def _validation(config: RunConfig, spec: FeatureSpec, catalog: CatalogGen,
                checked: dict[str, list[Any]]) -> list[Any]:
    """Returns what judges the data: profile, past, verdict, report, and the gate as the last."""
    quarantine = catalog.outputs["quarantine"]
    tables = {side: catalog.outputs[side] for side in SIDES}
    statistics = {f"{side}_statistics": checked[side][0].outputs["statistics"] for side in SIDES}
    anomalies = {f"{side}_anomalies": checked[side][2].outputs["anomalies"] for side in SIDES}
    profiler = DataProfiler(spec, config.dataset_name, config.spans.until or "",
                            quarantine=quarantine, **tables, **statistics)
    profile = profiler.outputs["profile"]
    past_run = config.checks.past
    past = past_resolver(profile, past_run)
    validator = DataValidator(
        spec, past.outputs["past"], config.checks.max_quarantine_share,
        past_run if isinstance(past_run, str) else "",
        profile=profile, quarantine=quarantine, **anomalies)
    verdict = validator.outputs["verdict"]
    report = DataReport(spec=spec, name=config.dataset_name,
                        folder=config.read_from, quarantine=quarantine,
                        verdict=verdict, **tables, **statistics)
    return [profiler, past, validator, report, DataGate(verdict, report.outputs["report"])]


def _transform(bound: BoundRecipe, side: str, catalog: CatalogGen,
               schema: ImportSchemaGen) -> Transform:
    # Nothing fitted sees a row of the splits that it is scored on.
    analyze, transform = (["train"], SPLITS) if side == "interactions" else (["all"], ["all"])
    fitted: dict[str, Any] = {"modalities": {
        name: options.of_transform() for name, options in bound.recipe.modalities.items()}}
    if side == "interactions":
        # Recipes that derive nothing more of the past share the transformed interactions.
        past = bound.recipe.past
        fitted = {"past": asdict(past)} if past != NOTHING else {}
    return Transform(
        examples=catalog.outputs[side],
        schema=schema.outputs["schema"],
        preprocessing_fn=_PREPROCESSING_FN,
        splits_config=transform_pb2.SplitsConfig(analyze=analyze, transform=transform),
        custom_config={
            "spec": json.loads(bound.spec.to_json()), "side": side, **fitted,
            "code_digest": transform_code(),
        },
        disable_statistics=True, disable_analyzer_cache=True,
    ).with_id(f"Transform.{side}")


def _encoders(config: RunConfig, bound: BoundRecipe, catalog: CatalogGen,
              data_gate: DataGate) -> list[MediaEncoder]:
    """Returns the one step that encodes, or none where the recipe has no encoders."""
    if not bound.recipe.encoders:
        return []
    encoder = MediaEncoder(
        users=catalog.outputs["users"], items=catalog.outputs["items"], spec=bound.spec,
        encoders={name: encoder.model_dump(mode="json")
                  for name, encoder in bound.recipe.encoders.items()},
        cache=config.root / "encodings")
    encoder.add_upstream_node(data_gate)
    return [encoder]


def _earlier(bound: BoundRecipe, interactions: Transform) -> list[Any]:
    """Returns the resolver of a warm start, or nothing where the recipe starts cold."""
    if not bound.recipe.starts_warm:
        return []
    return [earlier_resolver(interactions.outputs["transformed_examples"], Trainer.__name__,
                             Gate.__name__)]


def _judged(config: RunConfig, bound: BoundRecipe, built: list[Any]) -> list[Any]:
    """Returns what judges the model: TFX's Evaluator, our checks, and the gate that joins them."""
    nodes = {node.id: node for node in built}
    catalog, model = nodes[CatalogGen.__name__], nodes[Exporter.__name__].outputs["model"]
    # A model that is no SavedModel is compared with no model before it.
    baselines = [baseline_resolver(model, Gate.__name__)] if bound.recipe.served else []
    evaluators = _evaluators(bound, config.checks, catalog, model, baselines)
    # The last blessed model comes first: the newest one is the model to be judged.
    before = {one.id: one for one in (*baselines, *built, *evaluators)}
    verdicts = []
    for check in model_checks(config, bound.recipe):
        verdicts.append(check.build(Built(bound, before)).with_id(check.name))
        before[check.name] = verdicts[-1]
    gate = Gate(model=model, verdicts=[check.outputs["verdict"] for check in verdicts],
                reported=config.checks.reported, checks=[check.id for check in verdicts])
    judges = [*baselines, *evaluators, *verdicts, gate]
    return [*judges, *_pushed(config, bound, {one.id: one for one in (*built, *judges)})]


def _pushed(config: RunConfig, bound: BoundRecipe, nodes: dict[str, Any]) -> list[Any]:
    """Returns the model's card and the Pusher, or nothing where nothing is to be pushed."""
    if not (config.push and bound.recipe.served):
        return []
    exporter, blessing = nodes[Exporter.__name__], nodes[Gate.__name__].outputs["blessing"]
    judged = {"evaluation_metrics": nodes[Evaluator.__name__].outputs["evaluation"]
              } if Evaluator.__name__ in nodes else {}
    card = ModelCard(
        config.described() | {"recipe": bound.recipe.model_dump(mode="json")},
        {"training": nodes[Trainer.__name__].exec_properties["code_digest"],
         "export": exporter.exec_properties["code_digest"]},
        verdicts=[output for node in nodes.values() for output in node.outputs.values()
                  if output.type is Verdict],
        model=exporter.outputs["model"], parent=nodes[BASELINE].outputs["model"],
        blessing=blessing, interactions=nodes[CatalogGen.__name__].outputs["interactions"],
        profile=nodes[DataProfiler.__name__].outputs["profile"],
        model_run=nodes[Trainer.__name__].outputs["model_run"], **judged)
    return [card, Pusher(
        model=exporter.outputs["model"], model_blessing=blessing, card=card.outputs["card"],
        folder=config.root / "serving" / config.pipeline_name)]


def _evaluators(bound: BoundRecipe, checks: Checks, catalog: CatalogGen,
                model: channel.BaseChannel, baselines: list[Any]) -> list[Any]:
    """Returns TFX's Evaluator, or nothing where it has no model or no task to judge.

    The ranking evaluation judges retrieval.
    """
    evaluation = eval_config(bound, checks)
    if not (baselines and evaluation.metrics_specs):
        return []
    return [Evaluator(
        examples=catalog.outputs["interactions"], model=model,
        baseline_model=baselines[0].outputs["model"], example_splits=["test"],
        eval_config=evaluation,
    )]
