"""Retrieval: which items of the catalogue come next, by the inner product of two vectors."""

from trainer.tasks.kind import Batch, TaskKind


class Retrieval(TaskKind):
    """Ranks the catalogue by a softmax; its label, if there is one, says which events count."""

    name = "retrieval"
    zero_one = True
    ranks = True
    retrieves = True
    families = ("network", "similarity")

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """The softmax over the batch's items, or over all where the network gives them."""
        from keras import ops

        from trainer.layers.class_losses import catalogue_softmax

        weight, outputs = batch.event_weight(targets), batch.outputs
        query, index = ops.cast(outputs["query"], "float32"), outputs["index"]
        if "catalogue" in outputs:
            return catalogue_softmax(query, ops.cast(outputs["catalogue"], "float32"), weight,
                                     index, batch.temperature)
        total = batch.sampled_softmax(
            query, ops.cast(outputs["candidate"], "float32"), weight,
            ops.take(ops.convert_to_tensor(batch.probability), index), index, batch.temperature)
        return total / ops.maximum(ops.sum(weight), 1.0)
