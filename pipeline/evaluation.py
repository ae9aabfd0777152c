"""What TFX's Evaluator measures and demands."""

import json

from google.protobuf import wrappers_pb2
from tensorflow_model_analysis.proto import config_pb2 as tfma

from pipeline.checks import Checks
from trainer.export.keys import label_key, slice_keys, weight_key
from trainer.recipe import BoundRecipe
from trainer.tasks.kind import Limit, Metric


def eval_config(bound: BoundRecipe, checks: Checks) -> tfma.EvalConfig:
    """Builds TFMA's configuration.

    Args:
      bound: The recipe.
      checks: What a model must keep.

    Returns:
      Metrics for each task that has labels, overall and by slice, with thresholds overall and
      for the change against the last blessed model. What is relative to the training's mean or
      shares, which are not known yet, is demanded by the gate.
    """
    spec, tasks = bound.spec, bound.recipe.judged
    model = tfma.ModelSpec(
        signature_name="predict_examples",
        preprocessing_function_names=["transform_features"],
        label_keys={name: label_key(name) for name in tasks},
        example_weight_keys={name: weight_key(name) for name in tasks},
    )
    slices = [tfma.SlicingSpec(), *(
        tfma.SlicingSpec(feature_keys=[key])
        for key in slice_keys(spec, tuple(bound.recipe.modalities))
    )]
    demanded = limits(bound, checks)
    metrics = [
        tfma.MetricsSpec(output_names=[name], metrics=[
            _measured(metric, demanded.get(name, {}).get(metric.key)) for metric in measured])
        for name, task in tasks.items()
        if (measured := [metric for metric in task.kind.metrics if metric.name])]
    metrics += [
        tfma.MetricsSpec(
            output_names=[name], metrics=[_measured(metric) for metric in task.kind.apart],
            binarize=tfma.BinarizationOptions(
                class_ids={"values": range(task.kind.units(spec, task.targets))}))
        for name, task in tasks.items() if task.kind.apart
    ]
    return tfma.EvalConfig(model_specs=[model], slicing_specs=slices, metrics_specs=metrics)


def limits(bound: BoundRecipe, checks: Checks, apart: bool = False) -> dict[str, dict[str, Limit]]:
    """Returns what metrics of the tasks must keep, by task and metric.

    What a model says of the users themselves is measured and never demanded.

    Args:
      bound: The recipe.
      checks: What a model must keep.
      apart: Whether the metrics are those of each label by itself.
    """
    demanded: dict[str, dict[str, Limit]] = {}
    for name, task in bound.recipe.judged.items():
        units = task.kind.units(bound.spec, task.targets)
        for metric in task.kind.apart if apart else task.kind.metrics:
            limit = metric.limit(checks, units)
            if limit != Limit() and not task.of_user(bound.spec):
                demanded.setdefault(name, {})[metric.key] = limit
    return demanded


def _measured(metric: Metric, limit: Limit | None = None) -> tfma.MetricConfig:
    module, _, name = metric.name.rpartition(".")
    measured = tfma.MetricConfig(
        class_name=name, module=module, config=json.dumps({"name": metric.key, **metric.options}))
    if limit is not None:
        # Overall only: a plain one would hold for every slice, the smallest ones included.
        measured.per_slice_thresholds.add(
            slicing_specs=[tfma.SlicingSpec()], threshold=_threshold(limit, metric.less_is_better))
    return measured


def _threshold(limit: Limit, less_is_better: bool) -> tfma.MetricThreshold:
    threshold, better = tfma.MetricThreshold(), tfma.MetricDirection
    if limit.low is not None:
        threshold.value_threshold.lower_bound.CopyFrom(_double(limit.low))
    if limit.high is not None:
        threshold.value_threshold.upper_bound.CopyFrom(_double(limit.high))
    if limit.worse is not None:
        change = threshold.change_threshold
        change.direction = better.LOWER_IS_BETTER if less_is_better else better.HIGHER_IS_BETTER
        share = change.relative if limit.relative else change.absolute
        share.CopyFrom(_double(limit.worse if less_is_better else -limit.worse))
    return threshold


def _double(value: float) -> wrappers_pb2.DoubleValue:
    return wrappers_pb2.DoubleValue(value=value)
