"""Names of the evaluation's columns, shared with whoever configures an evaluation."""

from schemas import FeatureSpec


def label_key(task: str) -> str:
    """Returns the column of a task's label, 0 where a row has none."""
    return f"label__{task}"


def weight_key(task: str) -> str:
    """Returns the column that is 1 where a row has the task's label."""
    return f"weight__{task}"


def slice_keys(spec: FeatureSpec, modalities: tuple[str, ...]) -> list[str]:
    """Returns the columns to slice by: activity, popularity and the items' categories."""
    categories = spec.inputs("items", ("categorical",)) if "categorical" in modalities else ()
    return ["user_activity", "item_popularity", *(f"item_{f.name}" for f in categories)]
