"""What a model holds of the users or of the items."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Side:
    """The fixed content of the users or of the items.

    Attributes:
      rows: Number of rows, the unknown id at index 0 included.
      content: Transformed columns, `(rows, ...)`.
      vocabularies: Number of indices of each categorical feature and of each vocabulary of a text,
        padding included.
      tails: Files of the pretrained encoders' layers that are trained further, by modality.
      owners: Feature that each column of `content` is made of; none of the past's.
      bags: Number of words of each feature whose block is a bag of them.
      warm: Whether training has an event of each row, `(rows,)` bool; of all, where `None`.
    """

    rows: int
    content: dict[str, np.ndarray]
    vocabularies: dict[str, int]
    tails: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    bags: dict[str, int] = field(default_factory=dict)
    warm: np.ndarray | None = None
