"""What modalities with a flag of presence share."""

from typing import Any

from schemas import Feature
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Purpose

_GREY = 127.5


def present_column(feature: Feature) -> Column:
    """Declares the column that is 1.0 where a feature has a value."""
    return Column(columns.present(feature.name), feature.name, "float32", purpose=Purpose.PRESENT)


def grey(pixels: Any) -> Any:
    """Returns grey in the shape of some pixels: a picture that says nothing."""
    return pixels * 0 + _GREY


def zeros(value: Any) -> Any:
    """Returns zeros in the shape of some content: what says nothing of a number."""
    return value * 0
