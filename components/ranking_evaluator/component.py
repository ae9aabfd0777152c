"""The component that ranks the whole catalogue for every test user."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from components.artifacts import Scores, Verdict
from components.code_digest import code_digest
from components.ranking_evaluator.executor import Executor
from components.ranking_evaluator.limits import Limits
from schemas import FeatureSpec, InputError


class RankingEvaluatorSpec(component_spec.ComponentSpec):
    """Artifacts and parameters of `RankingEvaluator`."""

    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "relevant_label": component_spec.ExecutionParameter(type=str),
        "tasks": component_spec.ExecutionParameter(type=str),
        "limits": component_spec.ExecutionParameter(type=str),
        "fewest_users": component_spec.ExecutionParameter(type=int),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "scores": component_spec.ChannelParameter(type=Scores, optional=True),
        "last_blessed": component_spec.ChannelParameter(
            type=standard_artifacts.Model, optional=True),
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples, optional=True),
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
        limits: Limits,
        tasks: Mapping[str, str] | None = None,
        fewest_users: int = 1,
        **inputs: BaseChannel,
    ):
        """Builds the component.

        Args:
          model: The trained model, with the signatures `catalogue` and `rank_examples`.
          items: The raw items table, split `all`.
          interactions: The raw interactions, splits `train`, `validation` and `test`.
          spec: The dataset's spec.
          relevant_label: Name of the binary label that makes an event relevant; every event is,
            where there is none.
          limits: What the ranking must reach.
          tasks: Label of each task that predicts a number of an event, to hold against biases.
          fewest_users: Fewest users of a group whose figures are told.
          **inputs: `users`, the raw users table, split `all`, for groups of users; `last_blessed`,
            the model to compare with, which may be none; and `scores`, what the model says, written
            by the Trainer, where it is no SavedModel.

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
            **inputs,
            spec=spec.to_json(),
            relevant_label=relevant_label or "",
            tasks=json.dumps(tasks or {}),
            fewest_users=fewest_users,
            limits=json.dumps(asdict(limits), sort_keys=True),
            code_digest=code_digest("components.ranking_evaluator.executor"),
            verdict=Channel(type=Verdict),
        ))
