"""The checks on a model, as steps of the pipeline: the project's own and those of extensions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tfx.components import Evaluator
from tfx.dsl.components.base import base_component
from tfx.types import standard_artifacts

from components.artifacts import Predictions, Scores
from components.blessed import BASELINE
from components.catalog_gen.component import CatalogGen
from components.content_evaluator.component import ContentEvaluator
from components.further_checks import FURTHER_CHECKS, Built, add_check
from components.ranking_evaluator.component import RankingEvaluator
from components.ranking_evaluator.interactions import Judged
from components.ranking_evaluator.limits import Limits
from components.server_validator.component import ServerValidator
from components.task_evaluator.component import TaskEvaluator
from components.trainer.component import Trainer
from pipeline.config import RunConfig
from pipeline.evaluation import limits
from schemas import unknown
from trainer.closed_form.draw import Draw
from trainer.recipe import BoundRecipe, Recipe


@dataclass(frozen=True)
class ModelCheck:
    """A check on a model.

    Attributes:
      name: Its step's id, by which its verdict, `checks.reported` and the results call it.
      build: Makes its component, which has an output `verdict`, of what is built before it.
    """

    name: str
    build: Callable[[Built], base_component.BaseComponent]


def model_checks(config: RunConfig, recipe: Recipe) -> list[ModelCheck]:
    """Returns the checks that a configuration asks for, in the order in which they are reported.

    Args:
      config: The configuration.
      recipe: The recipe, whose modalities are named.

    Raises:
      InputError: `checks.further` or `checks.reported` names a check that there is not.
    """
    checks = [ModelCheck(RankingEvaluator.__name__, partial(_ranking, config))]
    if recipe.judged:
        checks.append(ModelCheck(TaskEvaluator.__name__, partial(_tasks, config)))
    if recipe.served:
        checks.append(ModelCheck(ServerValidator.__name__, partial(_serving, config)))
    if recipe.modalities:  # else there is no content to be worth anything
        checks.append(ModelCheck(ContentEvaluator.__name__, partial(_content, config)))
    for name, options in config.checks.further.items():
        if name not in FURTHER_CHECKS:
            raise unknown("check", name, FURTHER_CHECKS)
        checks.append(ModelCheck(name, partial(add_check, name, options=options)))
    known = [check.name for check in checks]
    for name in config.checks.reported:
        if name not in known:
            raise unknown("check in checks.reported", name, known)
    return checks


def _ranking(config: RunConfig, built: Built) -> RankingEvaluator:
    catalog, checks = built.nodes[CatalogGen.__name__].outputs, config.checks
    return RankingEvaluator(
        model=built.newest(standard_artifacts.Model), users=catalog["users"],
        items=catalog["items"], interactions=catalog["interactions"], spec=built.spec,
        relevant_label=built.bound.recipe.relevance, tasks=_values(built.bound),
        limits=Limits(above_popularity=checks.min_ndcg_above_popularity,
                      below_baseline=checks.min_ndcg_difference,
                      shortfall=checks.max_ndcg_shortfall, decrease=checks.max_ndcg_decrease,
                      ranked_users=checks.min_ranked_users, value_loss=checks.max_value_loss),
        fewest_users=config.privacy.fewest_users,
        **({"last_blessed": built.nodes[BASELINE].outputs["model"]} if built.bound.recipe.served
           else {"scores": built.newest(Scores)}),
    )


def _values(bound: BoundRecipe) -> dict[str, Judged]:
    """Returns what each task predicts that predicts a label of an event."""
    labels = {label.name for label in bound.spec.labels_of("interactions")}
    return {name: Judged(task.head.model_dump(mode="json"), task.label)
            for name, task in bound.recipe.judged.items()
            if task.label in labels and not task.kind.against_unseen}


def _content(config: RunConfig, built: Built) -> ContentEvaluator:
    trainer = built.nodes[Trainer.__name__]
    assert isinstance(trainer, Trainer)
    return ContentEvaluator(trainer, Draw(
        config.cold_items.share, config.cold_items.min_events, config.cold_items.draw))


def _serving(config: RunConfig, built: Built) -> ServerValidator:
    return ServerValidator(
        model=built.newest(standard_artifacts.Model), predictions=built.newest(Predictions),
        min_requests=config.checks.min_requests, max_p99_ms=config.checks.max_p99_ms)


def _tasks(config: RunConfig, built: Built) -> TaskEvaluator:
    bound, checks = built.bound, config.checks
    evaluator, demanded = built.nodes.get(Evaluator.__name__), limits(bound, checks)
    inputs = {} if bound.recipe.served else {"scores": built.newest(Scores)}
    if evaluator is not None:
        inputs["evaluation_metrics"] = evaluator.outputs["evaluation"]
        if demanded:  # TFX blesses nothing without a threshold
            inputs["evaluation"] = evaluator.outputs["blessing"]
    return TaskEvaluator(
        built.nodes[Trainer.__name__].outputs["model_run"],
        built.nodes[RankingEvaluator.__name__].outputs["verdict"],
        checks.max_error_ratio, demanded, limits(bound, checks, apart=True), **inputs)
