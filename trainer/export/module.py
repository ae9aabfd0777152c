"""The module behind the signatures: plain TensorFlow around the trained network."""

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from schemas import FeatureSpec
from trainer.data.interactions import id_lookup, table_index
from trainer.data.tables import Table
from trainer.encoders.encodings import Encodings
from trainer.evaluation.scoring import catalogue
from trainer.export.encoders import ItemEncoders
from trainer.export.gradients import IntegratedGradients
from trainer.export.keys import ranker_key
from trainer.export.memory import Memory
from trainer.export.path import readers
from trainer.export.ranking import ranking
from trainer.export.requests import RawContent, UserRequest
from trainer.layers.heads import ProfileHead
from trainer.network.model import CANDIDATE, Network
from trainer.preprocessing import columns
from trainer.recipe import Recipe

Tensors = dict[str, tf.Tensor]
_NEVER = -1e30


class Recommender(tf.Module):
    """Answers questions about users and items with a trained network.

    Args:
      spec: The dataset's spec.
      recipe: The recipe that the network was built from.
      network: The trained network.
      users: The users table.
      items: The items table.
      memory: The users' events as of the data's end.
      transforms: The outputs of the three transforms, by table.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.
    """

    def __init__(self, spec: FeatureSpec, recipe: Recipe, network: Network, users: Table,
                 items: Table, memory: Memory, transforms: dict[str, tft.TFTransformOutput],
                 encodings: Encodings | None = None):
        super().__init__(name="recommender")
        self.spec, self.recipe = spec, recipe
        self._user_model, self._item_model = network.user, network.item
        self._user_lookup = network.user_lookup
        self._user_heads = {n: head for n, head in network.heads.items()
                            if isinstance(head, ProfileHead)}
        self._pair_heads = {n: head for n, head in network.heads.items()
                            if n not in self._user_heads}
        self._user_ids, self._item_ids = id_lookup(users), id_lookup(items)
        self.request = UserRequest(
            spec, recipe.past, memory, self._user_ids, self._item_ids, transforms["interactions"])
        self.raw_user, self.raw_item = (
            RawContent(spec, side, recipe, transforms[side]) for side in ("users", "items"))
        self._encoders = ItemEncoders(spec, recipe, encodings)
        self._item_lookup = network.item_lookup
        self._rankers = dict(network.rankers)
        self._gradients = IntegratedGradients(
            recipe, list(readers(network, transforms)))
        self._interactions = transforms["interactions"].transform_features_layer()
        self._raw_spec = transforms["interactions"].raw_feature_spec()
        items_said = catalogue(network)
        self._vectors = tf.Variable(items_said.vectors, trainable=False)
        self._item_weights = tf.Variable(items_said.weights, trainable=False)
        self._candidates = tf.Variable(items_said.candidates, trainable=False)
        self._ranking = ranking(network, items_said)
        self._names = tf.Variable(np.array(["", *items.ids], dtype=object), trainable=False)
        self._seen = tf.Variable(memory.seen, trainable=False)
        self._seen_splits = tf.Variable(memory.seen_splits, trainable=False)

    @property
    def size(self) -> int:
        """Number of items in the catalogue."""
        return int(self._vectors.shape[0]) - 1

    def recommend(self, request: Tensors, k: tf.Tensor) -> Tensors:
        """Recommends the best items that the user has no event with.

        Args:
          request: Inputs of `UserRequest`.
          k: Items wanted by each row, int32 `(batch,)`.

        Returns:
          `item_ids`, `scores` and each other task's prediction, `(batch, max(k))`, or as wide as
          the catalogue; places beyond a row's own k, or beyond the unseen items, are '' and 0.
          The modality weights of the user and of each item.
        """
        read = self.request.columns(request)
        user = self._user(read)
        seen = self._seen_mask(read[columns.USER_INDEX], self.request.sent_items(request))
        width = tf.reduce_max(tf.reduce_sum(tf.cast(seen[:, 1:], tf.int32), axis=1))
        wanted = tf.minimum(tf.maximum(tf.reduce_max(k), 1), self.size)
        scores, index = self._ranking.best(
            user[self.recipe.ranking], tf.minimum(wanted + width, self.size))
        fresh = tf.logical_not(tf.gather(seen, index, batch_dims=1))
        scores, place = tf.math.top_k(tf.where(fresh, scores, _NEVER), k=wanted)
        index = tf.gather(index, place, batch_dims=1)
        shown = tf.logical_and(scores > _NEVER / 2, tf.range(wanted)[None, :] < k[:, None])
        of_items = {**self._pairs(user, index),
                    "item_modality_weights": tf.gather(self._item_weights, index)}
        return {
            "item_ids": tf.where(shown, tf.gather(self._names, index), ""),
            "scores": tf.where(shown, scores, 0.0),
            **{n: _only(shown, value) for n, value in of_items.items()},
            "user_modality_weights": user["weights"],
        }

    def score(self, request: Tensors, candidates: tf.Tensor) -> Tensors:
        """Predicts every task for given candidates, ids `(batch, candidates)`."""
        user = self._user(self.request.columns(request))
        index = table_index(self._item_ids, candidates)
        return {
            **self._retrieval(user, index),
            **self._pairs(user, index),
            **self._attributes(user),
            "user_modality_weights": user["weights"],
            "item_modality_weights": tf.gather(self._item_weights, index),
        }

    def embed_item(self, raw: Tensors) -> Tensors:
        """Returns the vector of an item from its raw content alone."""
        content = self._item_content(raw)
        return {"vector": content["vector"], "item_modality_weights": content["weights"]}

    def score_item(self, request: Tensors, raw: Tensors) -> Tensors:
        """Predicts every task for a user and an unseen item's raw content, `(batch,)`."""
        return self._row_by_row(
            self._user(self.request.columns(request)), self._item_content(raw))

    def sides(self, request: Tensors, user_raw: Tensors, item_id: tf.Tensor,
              item_raw: Tensors) -> tuple[Tensors, Tensors]:
        """Reads a user and an item with given content, not the stored one.

        Args:
          request: Inputs of `UserRequest`.
          user_raw: The users' raw content.
          item_id: Ids of items, `(batch,)`.
          item_raw: The items' raw content.

        Returns:
          The inputs of the user model and of the item model.
        """
        content = self.raw_user.columns(self.raw_user.readable(user_raw))
        users = self._user_inputs(self.request.columns(request), content)
        return users, self._item_inputs(item_raw, table_index(self._item_ids, item_id))

    def explain(self, users: Tensors, items: Tensors) -> Tensors:
        """Predicts every task for what `sides` returned.

        Whoever takes a part of the content away sees what that part was worth (occlusion).

        Returns:
          `(batch,)` for each task, and the modality weights of both sides; of a fusion, what each
          ranker adds to the score that ranks, by `ranker_key`.
        """
        user = self._user_model(users, training=False)
        item = self._item_model(items, training=False)
        return self._row_by_row(user, item) | self._of_rankers(user, item)

    def gradients(self, users: Tensors, items: Tensors, task: tf.Tensor) -> Tensors:
        """Attributes a task's score to what `sides` returned; see `IntegratedGradients`."""
        return self._gradients(self.explain, users, items, task)

    def predict(self, serialized: tf.Tensor) -> Tensors:
        """Predicts every task for rows of raw Examples, with each row's own history.

        Returns:
          `(batch,)` for each task, `(batch, units)` where it has several classes or labels; for a
          `click` head `(batch, 1 + others)`: the row's item and its unseen items.
        """
        row = self._parsed(serialized)
        user = self._user(self._behaviour(row))
        index = table_index(self._item_ids, row[columns.ITEM_ID])
        among = index[:, None]
        if columns.UNSEEN_ID in row:
            others = table_index(self._item_ids, row[columns.UNSEEN_ID])
            among = tf.concat([among, others], axis=1)
        answers = self._attributes(user)
        answers.update((n, value[:, 0]) for n, value in
                       self._retrieval(user, index[:, None]).items())
        for name, pairs in self._pairs(user, among).items():
            compared = self.recipe.tasks[name].kind.against_unseen
            answers[name] = pairs if compared else pairs[:, 0]
        return answers

    def rank(self, serialized: tf.Tensor) -> Tensors:
        """Scores the catalogue for rows of raw Examples; reads user, time and history only."""
        user = self._user(self._behaviour(self._parsed(serialized)))
        return {"scores": self._ranking.scores(user[self.recipe.ranking])}

    def catalogue(self, index: tf.Tensor) -> Tensors:
        """Names the items at some positions of the catalogue, '' outside of it."""
        inside = tf.logical_and(index >= 0, index < self.size)
        names = tf.gather(self._names, tf.where(inside, index + 1, 0))
        return {"item_ids": names,
                "size": tf.fill(tf.shape(index), tf.constant(self.size, tf.int64))}

    def transformed(self, serialized: tf.Tensor) -> tuple[Tensors, tf.Tensor, tf.Tensor]:
        """Returns the transformed columns of raw Examples, and their user and item indices."""
        row = self._parsed(serialized)
        return (row, table_index(self._user_ids, row[columns.USER_ID]),
                table_index(self._item_ids, row[columns.ITEM_ID]))

    def _user(self, read: Tensors) -> Tensors:
        """Returns the user side's outputs for the stored content."""
        return self._user_model(self._user_inputs(read), training=False)

    def _user_inputs(self, read: Tensors, content: Tensors | None = None) -> Tensors:
        """Returns the user model's inputs; columns that `content` lacks are the stored ones."""
        names = {tensor.name for tensor in self._user_model.inputs}
        inputs = {n: v for n, v in {**read, **(content or {})}.items() if n in names}
        for name, look in self._user_lookup.items():
            if name not in inputs:
                inputs[name] = look(read[columns.USER_INDEX])
        return inputs

    def _parsed(self, serialized: tf.Tensor) -> Tensors:
        return self._interactions(tf.io.parse_example(serialized, self._raw_spec))

    def _behaviour(self, row: Tensors) -> Tensors:
        read = dict(row)  # of which the user model takes its inputs
        read[columns.USER_INDEX] = table_index(self._user_ids, row[columns.USER_ID])
        if columns.HISTORY_ITEM_ID in row:
            read[columns.HISTORY_INDEX] = table_index(
                self._item_ids, row[columns.HISTORY_ITEM_ID])
        return read

    def _pairs(self, user: Tensors, index: tf.Tensor) -> Tensors:
        """Predicts the tasks of pairs, item indices `(batch, items)`."""
        vectors = tf.gather(self._vectors, index)
        return {n: self._finish(n, head(user[n][:, None, :], vectors))
                for n, head in self._pair_heads.items()}

    def _retrieval(self, user: Tensors, index: tf.Tensor) -> Tensors:
        """Scores pairs by retrieval, where there is such a task."""
        if self.recipe.retrieval is None:
            return {}
        candidates = tf.gather(self._candidates, index)
        return {self.recipe.retrieval: tf.einsum(
            "bd,bcd->bc", user[self.recipe.retrieval], candidates)}

    def _attributes(self, user: Tensors) -> Tensors:
        """Predicts the tasks that speak of the user alone, `(batch,)` or `(batch, units)`."""
        return {n: self._finish(n, head(user[n])) for n, head in self._user_heads.items()}

    def _row_by_row(self, user: Tensors, item: Tensors) -> Tensors:
        """Predicts every task for each row's user and item, `(batch,)`, with their weights."""
        vector = item["vector"]
        answers = {**self._attributes(user), "user_modality_weights": user["weights"],
                   "item_modality_weights": item["weights"]}
        if self.recipe.retrieval is not None:
            answers[self.recipe.retrieval] = tf.reduce_sum(
                user[self.recipe.retrieval] * item[CANDIDATE], axis=1)
        answers.update((n, self._finish(n, head(user[n], vector)))
                       for n, head in self._pair_heads.items())
        return answers

    def _of_rankers(self, user: Tensors, item: Tensors) -> Tensors:
        """Returns each ranker's part of a fusion's inner product, `(batch,)`."""
        if not self._rankers:
            return {}
        products = user[self.recipe.ranking] * item[CANDIDATE]
        parts = tf.split(products, list(self._rankers.values()), axis=1)
        return {ranker_key(name): tf.reduce_sum(part, axis=1)
                for name, part in zip(self._rankers, parts, strict=True)}

    def _finish(self, name: str, raw: tf.Tensor) -> tf.Tensor:
        task = self.recipe.tasks[name]
        return task.kind.prediction(self.spec, task.targets, raw)

    def _seen_mask(self, user: tf.Tensor, sent: tf.Tensor) -> tf.Tensor:
        """Marks the items of a user's events, stored or in the request, `(batch, 1 + items)`."""
        stored = tf.RaggedTensor.from_row_splits(self._seen, self._seen_splits, validate=False)
        seen = tf.concat([tf.gather(stored, user).to_tensor(0), sent], axis=1)
        rows = tf.repeat(tf.range(tf.shape(seen)[0]), tf.shape(seen)[1])
        flat = tf.stack([rows, tf.reshape(seen, [-1])], axis=1)
        shape = tf.stack([tf.shape(seen)[0], self.size + 1])
        return tf.scatter_nd(flat, tf.ones_like(rows), shape) > 0

    def _item_content(self, raw: Tensors) -> Tensors:
        """Returns the item side's outputs for the raw content of unknown items."""
        unknown = tf.zeros(tf.shape(next(iter(raw.values())))[:1], tf.int32)
        return self._item_model(self._item_inputs(raw, unknown), training=False)

    def _item_inputs(self, raw: Tensors, index: tf.Tensor) -> Tensors:
        """Returns the item model's inputs for raw content.

        What it does not give are stored columns, empty for an unknown item: reviews, and vectors
        of encoders that a stock server cannot run.
        """
        raw = self.raw_item.readable(raw)
        content = {**self.raw_item.columns(raw), **self._encoders.columns(raw),
                   columns.ITEM_INDEX: index}
        names = [tensor.name for tensor in self._item_model.inputs]
        return {n: content[n] if n in content else self._item_lookup[n](index) for n in names}


def _only(shown: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Zeroes what is not shown `(batch, items)` of values `(batch, items)` or with more axes."""
    for _ in range(len(values.shape) - 2):
        shown = shown[..., None]
    return tf.where(shown, values, 0.0)
