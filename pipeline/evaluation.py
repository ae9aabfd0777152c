"""What TFX's Evaluator measures and demands."""

import math

from google.protobuf import wrappers_pb2
from tensorflow_model_analysis.proto import config_pb2 as tfma

from pipeline.config import RunConfig
from schemas import FeatureSpec
from trainer.export.keys import label_key, slice_keys, weight_key
from trainer.recipe import Recipe, Task

_BINARY = ("AUC", "BinaryAccuracy", "Precision", "Recall", "ConfusionMatrixPlot")
_REGRESSION = ("RootMeanSquaredError", "MeanAbsoluteError")
_MULTI_CLASS = ("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy")
_MULTI_LABEL = ("AUC", "BinaryAccuracy", "Precision", "Recall")
_OPTIONS = {"ConfusionMatrixPlot": '{"num_thresholds": 100}'}  # the ROC curve's points


def eval_config(config: RunConfig, spec: FeatureSpec) -> tfma.EvalConfig:
    """Builds TFMA's configuration.

    Args:
      config: The run's configuration.
      spec: The dataset's spec.

    Returns:
      Metrics for each rating and binary task, overall and by slice, with thresholds overall and
      for the change against the last blessed model. What is relative to the training's mean or
      shares, which nobody knows yet, is demanded by the gate.
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
        for key in slice_keys(spec, config.recipe.modalities)
    )]
    metrics = [tfma.MetricsSpec(output_names=[name], metrics=_metrics(task, config, spec))
               for name, task in tasks.items()]
    metrics += [
        # Of each label apart; above, all pairs of a row and a label count alike.
        tfma.MetricsSpec(
            output_names=[name], metrics=[tfma.MetricConfig(class_name="AUC")],
            binarize=tfma.BinarizationOptions(class_ids={"values": range(len(task.targets))}))
        for name, task in tasks.items() if task.head == "multi_label"
    ]
    return tfma.EvalConfig(model_specs=[model], slicing_specs=slices, metrics_specs=metrics)


def demands(recipe: Recipe, spec: FeatureSpec) -> bool:
    """Tells whether a task has a threshold; TFX's Evaluator blesses nothing without one.

    What a model says of the users themselves is measured and never demanded.
    """
    return any(not task.of_user(spec) for task in recipe.judged.values())


def _metrics(task: Task, config: RunConfig, spec: FeatureSpec) -> list[tfma.MetricConfig]:
    names = {"regression": _REGRESSION, "multi_class": _MULTI_CLASS, "multi_label": _MULTI_LABEL}
    measured = names.get(task.head, _BINARY)
    if task.of_user(spec):
        return [tfma.MetricConfig(class_name=n, config=_OPTIONS.get(n, "")) for n in measured]
    classes = len(spec.label(task.label).classes) if task.label else 0
    return [_metric(n, config, classes) for n in measured]


def _metric(name: str, config: RunConfig, classes: int) -> tfma.MetricConfig:
    limits, direction = config.thresholds, tfma.MetricDirection
    threshold = tfma.MetricThreshold()
    if name == "RootMeanSquaredError":
        if limits.max_rmse is not None:
            threshold.value_threshold.upper_bound.CopyFrom(_double(limits.max_rmse))
        threshold.change_threshold.direction = direction.LOWER_IS_BETTER
        threshold.change_threshold.absolute.CopyFrom(_double(limits.max_rmse_increase))
    elif name == "AUC":
        threshold.value_threshold.lower_bound.CopyFrom(_double(limits.smallest_auc))
        threshold.change_threshold.direction = direction.HIGHER_IS_BETTER
        threshold.change_threshold.absolute.CopyFrom(_double(-limits.max_auc_decrease))
    elif name == "SparseCategoricalCrossentropy":
        # Above that, the model says less than that all classes are equally likely.
        threshold.value_threshold.upper_bound.CopyFrom(_double(math.log(classes)))
    else:
        return tfma.MetricConfig(class_name=name, config=_OPTIONS.get(name, ""))
    # Overall only: a plain threshold would hold for every slice, the smallest ones included.
    overall = tfma.PerSliceMetricThreshold(slicing_specs=[tfma.SlicingSpec()], threshold=threshold)
    return tfma.MetricConfig(class_name=name, per_slice_thresholds=[overall])


def _double(value: float) -> wrappers_pb2.DoubleValue:
    return wrappers_pb2.DoubleValue(value=value)
