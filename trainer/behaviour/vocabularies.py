"""What a model needs to know of types and reviews before it is built."""

import dataclasses

import numpy as np
import tensorflow_transform as tft

from schemas import FeatureSpec
from trainer.behaviour.item_reviews import ItemReviews
from trainer.behaviour.past import past_text, past_type
from trainer.data.interactions import InteractionReader
from trainer.data.side import Side
from trainer.preprocessing import columns
from trainer.recipe import Recipe


def past_vocabularies(
    spec: FeatureSpec, recipe: Recipe, transform: tft.TFTransformOutput
) -> dict[str, int]:
    """Returns the number of indices of event types and of words, by vocabulary."""
    found = {}
    if past_type(spec, recipe.past):
        found[columns.TYPES] = transform.vocabulary_size_by_name(columns.TYPES) + 1
    if past_text(spec, recipe.past):
        # Padding, the words, one unknown word.
        found[columns.WORDS] = transform.vocabulary_size_by_name(columns.WORDS) + 2
    return found


def with_item_reviews(
    reader: InteractionReader, items: Side, files: list[str]
) -> tuple[InteractionReader, Side]:
    """Lets rows and the catalogue know what was written of items in training.

    Args:
      reader: Reads the interactions.
      items: What the model holds of the items.
      files: The training rows; no other row's review is ever read.

    Returns:
      The reader, whose rows have the reviews of their item before them, and the items, with their
      newest reviews of all.
    """
    names = (columns.ITEM_INDEX, columns.TIMESTAMP, columns.EVENT_WORDS)
    parts = [[batch[name] for name in names]
             for batch in reader.raw(files, 8192).as_numpy_iterator()]
    reviews = ItemReviews.of(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    content = {**items.content, columns.ITEM_WORDS: reviews.newest(items.rows)}
    return (dataclasses.replace(reader, reviews=reviews),
            dataclasses.replace(items, content=content))
