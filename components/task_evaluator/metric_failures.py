"""The failed thresholds of TFMA's validation result, as sentences."""

from typing import Any, NamedTuple

from schemas.values.text import as_text


class Failure(NamedTuple):
    """A threshold that a metric misses.

    Attributes:
      text: What happened, as a sentence.
      task: The task; empty where it is about none.
      metric: TFMA's name of the metric; empty where it is about none.
      refuses: Whether a model is refused for it.
    """

    text: str
    task: str = ""
    metric: str = ""
    refuses: bool = True


def metric_failures(uri: str) -> list[Failure]:
    """Reads which metrics failed.

    Args:
      uri: Folder of a `ModelEvaluation`, with TFMA's `validations.tfrecord`.

    Returns:
      One for each failed metric, missing slice or missing threshold, with a text such as
      `"rating, metric rmse 1.21 is above 1.1 (slice Overall)"`.
    """
    import tensorflow_model_analysis as tfma  # Slow, and only a refused model needs it.

    result = tfma.load_validation_result(uri)
    failures = [
        Failure(_failure(failure, _slice(validation)), failure.metric_key.output_name,
                failure.metric_key.name)
        for validation in result.metric_validations_per_slice
        for failure in validation.failures
    ]
    failures += [Failure(f"no example fell into the slice {_missing(spec)}")
                 for spec in result.missing_slices]
    if result.missing_thresholds:  # all of them are about a change, and no model is before it
        failures.append(Failure("no model was before it to compare with", refuses=False))
    return failures


def _failure(failure: Any, where: str) -> str:
    key = failure.metric_key
    name = f"{key.output_name}, metric {key.name}" if key.output_name else f"metric {key.name}"
    value = _value(failure.metric_value)
    shown = "has no single value" if value is None else f"{value:.4g}"
    if key.is_diff:
        return f"{name}, change against the baseline {shown} is more than allowed (slice {where})"
    bounds = failure.metric_threshold.value_threshold
    low, high = bounds.lower_bound, bounds.upper_bound
    if value is not None and bounds.HasField("upper_bound") and value > high.value:
        return f"{name} {shown} is above {high.value:.4g} (slice {where})"
    if value is not None and bounds.HasField("lower_bound") and value < low.value:
        return f"{name} {shown} is below {low.value:.4g} (slice {where})"
    return f"{name} {shown}: {failure.message or 'threshold missed'} (slice {where})"


def _value(metric: Any) -> float | None:
    kind = metric.WhichOneof("type")
    if kind == "double_value":
        return metric.double_value.value
    if kind == "bounded_value":
        return metric.bounded_value.value.value
    if kind == "t_distribution_value":
        return metric.t_distribution_value.unsampled_value.value
    return None


def _slice(validation: Any) -> str:
    keys = validation.slice_key.single_slice_keys
    return ", ".join(f"{key.column}={_slice_value(key)}" for key in keys) or "Overall"


def _slice_value(key: Any) -> str:
    return as_text(getattr(key, key.WhichOneof("kind") or "bytes_value"))


def _missing(spec: Any) -> str:
    named = [f"{key}={value}" for key, value in sorted(spec.feature_values.items())]
    return ", ".join([*spec.feature_keys, *named]) or spec.slice_keys_sql or "Overall"
