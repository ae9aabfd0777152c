"""What a column's values are like, by what the schema says that they are."""

from collections import Counter
from typing import Any

import numpy as np

from components.data_profile.media import profile_media
from components.data_profile.tables import Table, Values
from components.data_profile.texts import profile_texts
from schemas import Feature, FeatureSpec

_CATEGORIES = 1_000  # most frequent ones of a column
_QUANTILES = np.linspace(0, 1, 11)


def profile_columns(spec: FeatureSpec, side: str, table: Table, lost: dict[str, int]
                    ) -> dict[str, Any]:
    """Returns what the columns of a table are like.

    Args:
      spec: The dataset's spec.
      side: The table's name.
      table: Its rows.
      lost: How many values of a column ingest left out, by column.

    Returns:
      By column `{"filled", "lost", "missing"}`, rows with a value, values left out and share of
      rows without one; and under the name of its kind what `profile_*` of that kind says. Of
      personal data there is no more than the counts.
    """
    profiles = {}
    for name, values in table.columns.items():
        filled = len(np.unique(values.rows))
        profile = {"filled": filled, "lost": lost.get(name, 0),
                   "missing": 1 - filled / table.rows if table.rows else 0.0}
        feature = next(f for f in spec.table(side) if f.name == name)
        if not feature.pii:
            profile |= _of_kind(feature, values, spec)
        profiles[name] = profile
    return profiles


def _of_kind(feature: Feature, values: Values, spec: FeatureSpec) -> dict[str, Any]:
    labels = [label for label in spec.labels_of(feature.side) if label.feature == feature.name]
    kind: dict[str, Any] = {"label": True} if labels else {}
    if feature.media:
        return kind | {"media": profile_media(values.values)}
    if feature.role in ("user_id", "item_id"):
        return kind | {"negative": negative_share(values.values)}
    if feature.role == "timestamp":
        return kind
    if feature.language:
        return kind | {"texts": profile_texts(values.values)}
    if feature.dtype is bytes:
        return kind | {"categorical": profile_categories(values.values)}
    return kind | {"numbers": profile_numbers(values.values)}


def profile_numbers(values: np.ndarray) -> dict[str, Any]:
    """Returns moments and deciles of numbers, and the share of the most frequent one."""
    if not len(values):
        return {"count": 0}
    _, counts = np.unique(values, return_counts=True)
    return {"count": len(values), "mean": float(values.mean()), "std": float(values.std()),
            "deciles": [float(q) for q in np.quantile(values, _QUANTILES)],
            "distinct": len(counts), "top_share": float(counts.max() / len(values))}


def profile_categories(values: np.ndarray) -> dict[str, Any]:
    """Returns how often each category is there, the most frequent first, and how many there are."""
    counts = Counter(value.decode("utf-8", "replace") for value in values)
    return {"count": len(values), "distinct": len(counts),
            "top_share": max(counts.values()) / len(values) if len(values) else 0.0,
            "values": dict(counts.most_common(_CATEGORIES))}


def negative_share(values: np.ndarray) -> float:
    """Returns the share of ids that are numbers below zero, also where they are written as text."""
    if not len(values):
        return 0.0
    if values.dtype != object:
        return float((values < 0).mean())
    return sum(value[:1] == b"-" and value[1:].isdigit() for value in values) / len(values)
