"""Retrieval: which items of the catalogue come next, by the inner product of two vectors."""

from typing import Annotated

from pydantic import Field

from trainer.options import Count, OneOf, Positive, Tuned, Way
from trainer.tasks.kind import Batch, TaskKind


class InBatch(Way):
    """The softmax runs over the items of a batch.

    Attributes:
      hard_negatives: How many of a batch's negatives count for each row, those with the largest
        logits; all where `None`.
    """

    name = "batch"

    hard_negatives: Tuned[Annotated[Count, Field(le=2**20)] | None] = None


class RetrievalOptions(Way):
    """What a recipe may say of retrieval.

    Attributes:
      temperature: What the logits are divided by.
      softmax: What the softmax runs over: the batch's items, or the whole `catalogue`, whose cost a
        step grows with it.
    """

    name = "retrieval"

    temperature: Tuned[Positive] = 1.0
    softmax: Tuned[Annotated[Way, OneOf(InBatch, "catalogue")]] = Field(
        default="batch", validate_default=True)

    @property
    def hard_negatives(self) -> int | None:
        """How many of a batch's negatives count, those with the largest logits."""
        return self.softmax.hard_negatives if isinstance(self.softmax, InBatch) else None


class Retrieval(TaskKind):
    """Ranks the catalogue by a softmax; its label, if there is one, says which events count."""

    name = "retrieval"
    zero_one = True
    ranks = True
    retrieves = True
    options = RetrievalOptions
    head: RetrievalOptions

    @property
    def reads_catalogue(self) -> bool:
        """Whether the softmax runs over all items."""
        return not isinstance(self.head.softmax, InBatch)

    def check_batch(self, rows: int | None) -> None:
        """Refuses more hard negatives than a batch has."""
        hard = self.head.hard_negatives
        if rows is not None and hard is not None and hard >= rows:
            raise ValueError(f"'hard_negatives' is {hard}, but a batch of {rows} rows has "
                             f"{rows - 1} negatives for each")

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The softmax over the batch's items, or over all where the network gives them."""
        from keras import ops

        from trainer.layers.losses import catalogue_softmax

        weight, outputs = batch.event_weight(targets), batch.outputs
        query, index = ops.cast(outputs["query"], "float32"), outputs["index"]
        if "catalogue" in outputs:
            return catalogue_softmax(query, ops.cast(outputs["catalogue"], "float32"), weight,
                                     index, self.head.temperature)
        hard = self.head.hard_negatives
        total = batch.sampled_softmax(
            query, ops.cast(outputs["candidate"], "float32"), weight,
            ops.take(ops.convert_to_tensor(batch.probability), index), index,
            self.head.temperature, **({} if hard is None else {"hard_negatives": hard}))
        return total / ops.maximum(ops.sum(weight), 1.0)
