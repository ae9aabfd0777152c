"""Names of the evaluation's columns, shared with whoever configures an evaluation."""

from schemas import Feature, FeatureSpec

# Not what `category_key` makes of any column: `popularity` has a slice of its own.
USER_ACTIVITY, ITEM_POPULARITY = "users__activity", "items__popularity"


def label_key(task: str) -> str:
    """Returns the column of a task's label, 0 where a row has none."""
    return f"label__{task}"


def weight_key(task: str) -> str:
    """Returns the column that is 1 where a row has the task's label."""
    return f"weight__{task}"


def slice_keys(spec: FeatureSpec, modalities: tuple[str, ...]) -> list[str]:
    """Returns the columns to slice by: activity, popularity and the items' categories."""
    categories = [f for f in spec.inputs("items", modalities) if f.categories]
    return [USER_ACTIVITY, ITEM_POPULARITY, *map(category_key, categories)]


def category_key(feature: Feature) -> str:
    """Returns the column of the values that an item has of a category."""
    return f"item_{feature.name}"


def ranker_key(name: str) -> str:
    """Returns the output of `explain` that is what a ranker of a fusion adds to the score."""
    return f"ranker__{name}"
