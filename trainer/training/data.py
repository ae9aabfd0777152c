"""What a fit reads: the tables, the interactions, and what is made of them."""

from dataclasses import dataclass, field
from typing import Any

from schemas import FeatureSpec
from trainer.data.events import Events, concatenate, read_events
from trainer.data.interactions import InteractionReader
from trainer.data.tables import Table
from trainer.parts.side import Side
from trainer.recipe import BoundRecipe
from trainer.training.warm_start import Keys, WarmStart


@dataclass(frozen=True)
class TrainingData:
    """Everything a fit reads.

    Attributes:
      bound: What to train: a recipe of the class that its family has, bound to its dataset.
      users: The users table.
      items: The items table.
      user_side: What the model holds of the users.
      item_side: What the model holds of the items.
      reader: Reads the interactions.
      files: Files of transformed interactions, by split.
      keys: Keys of all vocabularies that a network may embed, for a warm start; else none.
      earlier: What a fit begins with; nothing where `None`.
    """

    bound: BoundRecipe[Any]
    users: Table
    items: Table
    user_side: Side
    item_side: Side
    reader: InteractionReader
    files: dict[str, list[str]]
    keys: Keys = field(default_factory=dict)
    earlier: WarmStart | None = None
    _read: dict[str, Events] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def spec(self) -> FeatureSpec:
        """The dataset's spec."""
        return self.bound.spec

    @property
    def recipe(self) -> Any:
        """The recipe."""
        return self.bound.recipe

    def events(self, *splits: str) -> Events:
        """Returns the events of some splits; each split is read once."""
        for split in splits:
            if split not in self._read:
                self._read[split] = read_events(self.reader, self.files[split])
        return concatenate([self._read[split] for split in splits])
