"""What TFMA measured of each task, by the names that a user knows."""

_TFMA_NAMES = {
    "root_mean_squared_error": "rmse", "mean_absolute_error": "mae", "auc": "auc",
    "binary_accuracy": "accuracy", "precision": "precision", "recall": "recall",
    "sparse_categorical_accuracy": "accuracy", "sparse_categorical_crossentropy": "cross_entropy",
}


def task_metrics(uri: str) -> dict[str, dict[str, float]]:
    """Reads the model's own overall metrics of each task from TFMA's results.

    Args:
      uri: Folder of a `ModelEvaluation`.
    """
    import tensorflow_model_analysis as tfma

    tasks: dict[str, dict[str, float]] = {}
    for record in tfma.load_metrics(uri):
        if record.slice_key.single_slice_keys:
            continue
        for item in record.metric_keys_and_values:
            # If there was a baseline, its metrics and the changes are beside the model's.
            if item.key.is_diff or item.key.model_name == tfma.BASELINE_KEY:
                continue
            name = _TFMA_NAMES.get(item.key.name)
            if item.key.HasField("sub_key"):  # one label of several
                name = name and f"{name}_{item.key.sub_key.class_id.value}"
            if name and item.value.HasField("double_value"):
                value = item.value.double_value.value
                tasks.setdefault(item.key.output_name, {})[name] = value
    for figures in tasks.values():
        if {"precision", "recall"} <= figures.keys():
            total = figures["precision"] + figures["recall"]
            figures["f1"] = 2 * figures["precision"] * figures["recall"] / total if total else 0.0
    return tasks
