"""The component that ranks the whole catalogue for every test user."""

import json
from collections.abc import Mapping

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from components.artifacts import Scores, Verdict
from components.code_digest import code_digest
from components.ranking_evaluator.executor import Executor
from schemas import FeatureSpec, InputError


class RankingEvaluatorSpec(component_spec.ComponentSpec):
    """Artifacts and parameters of `RankingEvaluator`."""

    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "relevant_label": component_spec.ExecutionParameter(type=str),
        "tasks": component_spec.ExecutionParameter(type=str),
        "smallest_difference": component_spec.ExecutionParameter(type=float, optional=True),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "scores": component_spec.ChannelParameter(type=Scores, optional=True),
        "items": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "interactions": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=Verdict)}


class RankingEvaluator(base_component.BaseComponent):
    """Scores the model's full ranking against the baselines on the same users."""

    SPEC_CLASS = RankingEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: BaseChannel,
        items: BaseChannel,
        interactions: BaseChannel,
        spec: FeatureSpec,
        relevant_label: str | None,
        scores: BaseChannel | None = None,
        tasks: Mapping[str, str] | None = None,
        smallest_difference: float | None = None,
    ):
        """Builds the component.

        Args:
          model: The trained model, with the signatures `catalogue` and `rank_examples`.
          items: The raw items table, split `all`.
          interactions: The raw interactions, splits `train`, `validation` and `test`.
          spec: The dataset's spec.
          relevant_label: Name of the binary label that makes an event relevant; every event is,
            where there is none.
          scores: What the model says, written by the Trainer, where it is no SavedModel.
          tasks: Label of each task that predicts a number of an event, to hold against biases.
          smallest_difference: Bound of the lower end of the 95 % interval of the model's NDCG@10
            less the best baseline's; `None` asks for nothing.

        Raises:
          InputError: The dataset has no such label, or it is not binary.
        """
        if relevant_label and not spec.label(relevant_label).binary:
            raise InputError(
                "relevance-not-binary",
                f"Label {relevant_label!r} of dataset {spec.name!r} is not binary, so it cannot "
                "tell which items are relevant. Give a 0/1 label or one with a threshold, "
                "such as 'label:like>=4'."
            )
        super().__init__(RankingEvaluatorSpec(
            model=model, items=items, interactions=interactions,
            **({"scores": scores} if scores else {}),
            spec=spec.to_json(),
            relevant_label=relevant_label or "",
            tasks=json.dumps(tasks or {}),
            smallest_difference=smallest_difference,
            code_digest=code_digest("components.ranking_evaluator.executor"),
            verdict=Channel(type=Verdict),
        ))
