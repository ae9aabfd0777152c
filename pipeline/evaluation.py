"""What TFX's Evaluator measures and demands."""

from google.protobuf import wrappers_pb2
from tensorflow_model_analysis.proto import config_pb2 as tfma

from pipeline.checks import Checks
from pipeline.config import RunConfig
from schemas import FeatureSpec, unknown
from trainer.export.keys import label_key, slice_keys, weight_key
from trainer.recipe import Recipe, Task
from trainer.tasks.kind import Metric


def eval_config(config: RunConfig, spec: FeatureSpec) -> tfma.EvalConfig:
    """Builds TFMA's configuration.

    Args:
      config: The run's configuration.
      spec: The dataset's spec.

    Returns:
      Metrics for each task that has labels, overall and by slice, with thresholds overall and
      for the change against the last blessed model. What is relative to the training's mean or
      shares, which are not known yet, is demanded by the gate.
    """
    tasks = config.recipe.judged
    model = tfma.ModelSpec(
        signature_name="predict_examples",
        preprocessing_function_names=["transform_features"],
        label_keys={name: label_key(name) for name in tasks},
        example_weight_keys={name: weight_key(name) for name in tasks},
    )
    slices = [tfma.SlicingSpec(), *(
        tfma.SlicingSpec(feature_keys=[key])
        for key in slice_keys(spec, tuple(config.recipe.modalities))
    )]
    metrics = [tfma.MetricsSpec(output_names=[name], metrics=_metrics(task, config, spec))
               for name, task in tasks.items()]
    metrics += [
        tfma.MetricsSpec(
            output_names=[name], metrics=[_measured(metric) for metric in task.kind.apart],
            binarize=tfma.BinarizationOptions(
                class_ids={"values": range(task.kind.units(spec, task.targets))}))
        for name, task in tasks.items() if task.kind.apart
    ]
    return tfma.EvalConfig(model_specs=[model], slicing_specs=slices, metrics_specs=metrics)


def demands(recipe: Recipe, spec: FeatureSpec) -> bool:
    """Returns whether a task has a threshold; TFX's Evaluator blesses nothing without one.

    What a model says of the users themselves is measured and never demanded.
    """
    return any(not task.of_user(spec) for task in recipe.judged.values())


def _metrics(task: Task, config: RunConfig, spec: FeatureSpec) -> list[tfma.MetricConfig]:
    metrics = task.kind.metrics(spec, task.targets)
    if task.of_user(spec):
        return [_measured(metric) for metric in metrics]
    return [_demanded(metric, config.checks) for metric in metrics]


def _measured(metric: Metric) -> tfma.MetricConfig:
    return tfma.MetricConfig(class_name=metric.name, config=metric.options)


def _demanded(metric: Metric, checks: Checks) -> tfma.MetricConfig:
    measured, threshold = _measured(metric), tfma.MetricThreshold()
    if metric.limit is not None:
        if metric.limit not in _LIMITS:
            raise unknown("limit of a metric", metric.limit, _LIMITS)
        _LIMITS[metric.limit](threshold, checks)
    if metric.largest is not None:
        threshold.value_threshold.upper_bound.CopyFrom(_double(metric.largest))
    if threshold.ByteSize():
        # Overall only: a plain one would hold for every slice, the smallest ones included.
        measured.per_slice_thresholds.add(
            slicing_specs=[tfma.SlicingSpec()], threshold=threshold)
    return measured


def _limit_rmse(threshold: tfma.MetricThreshold, checks: Checks) -> None:
    threshold.change_threshold.direction = tfma.MetricDirection.LOWER_IS_BETTER
    threshold.change_threshold.relative.CopyFrom(_double(checks.max_error_increase))


def _limit_auc(threshold: tfma.MetricThreshold, checks: Checks) -> None:
    threshold.value_threshold.lower_bound.CopyFrom(_double(checks.min_auc))
    threshold.change_threshold.direction = tfma.MetricDirection.HIGHER_IS_BETTER
    threshold.change_threshold.absolute.CopyFrom(_double(-checks.max_auc_decrease))


# By the name that a task's metric gives its limits.
_LIMITS = {"rmse": _limit_rmse, "auc": _limit_auc}


def _double(value: float) -> wrappers_pb2.DoubleValue:
    return wrappers_pb2.DoubleValue(value=value)
