"""The module behind the signatures: plain TensorFlow around the trained network."""

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tensorflow_transform as tft

from schemas import FeatureSpec
from trainer.data.interactions import id_lookup, model_inputs, table_index
from trainer.data.tables import Table
from trainer.export.memory import Memory
from trainer.export.requests import RawContent, UserRequest
from trainer.model import Network
from trainer.preprocessing import columns
from trainer.recipe import Recipe
from trainer.scoring import catalogue

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
    """

    def __init__(self, spec: FeatureSpec, recipe: Recipe, network: Network, users: Table,
                 items: Table, memory: Memory, transforms: dict[str, tft.TFTransformOutput]):
        super().__init__(name="recommender")
        self.spec, self.recipe = spec, recipe
        self._user_model, self._item_model = network.user, network.item
        self._user_lookup = network.user_lookup
        self._query, self._heads = network.query, network.heads
        self._user_ids, self._item_ids = id_lookup(users), id_lookup(items)
        self.request = UserRequest(spec, memory, self._user_ids, self._item_ids)
        self.raw_user, self.raw_item = (
            RawContent(spec, side, recipe.modalities, transforms[side])
            for side in ("users", "items"))
        self._interactions = transforms["interactions"].transform_features_layer()
        self._raw_spec = transforms["interactions"].raw_feature_spec()
        vectors, weights = catalogue(network)
        self._vectors = tf.Variable(vectors, trainable=False)
        self._item_weights = tf.Variable(weights, trainable=False)
        candidates = np.asarray(network.candidate(vectors), np.float32)
        self._candidates = tf.Variable(candidates, trainable=False)
        self._candidate = network.candidate
        self._names = tf.Variable(np.array(["", *items.ids], dtype=object), trainable=False)
        self._seen = tf.Variable(memory.seen, trainable=False)
        self._seen_splits = tf.Variable(memory.seen_splits, trainable=False)
        # Row 0, the unknown item, is never recommended.
        self._index = tfrs.layers.factorized_top_k.BruteForce(k=10)
        self._index.index(tf.constant(candidates[1:]), tf.range(1, len(items)))

    @property
    def size(self) -> int:
        """Number of items in the catalogue."""
        return int(self._candidates.shape[0]) - 1

    def recommend(self, request: Tensors, k: tf.Tensor) -> Tensors:
        """Recommends the best items that the user has not met.

        Args:
          request: Inputs of `UserRequest`.
          k: Items wanted by each row, int32 `(batch,)`.

        Returns:
          `item_ids`, `scores` and each other task's prediction, `(batch, max(k))`, or as wide as
          the catalogue; places beyond a row's own k, or beyond the unseen items, are '' and 0.
        """
        read = self.request.columns(request)
        user = self._user(read)
        seen = self._seen_mask(read[columns.USER_INDEX], self.request.sent_items(request))
        width = tf.reduce_max(tf.reduce_sum(tf.cast(seen[:, 1:], tf.int32), axis=1))
        wanted = tf.minimum(tf.maximum(tf.reduce_max(k), 1), self.size)
        scores, index = self._index(
            self._query(user[self.recipe.retrieval]), k=tf.minimum(wanted + width, self.size)
        )
        fresh = tf.logical_not(tf.gather(seen, index, batch_dims=1))
        scores, place = tf.math.top_k(tf.where(fresh, scores, _NEVER), k=wanted)
        index = tf.gather(index, place, batch_dims=1)
        shown = tf.logical_and(scores > _NEVER / 2, tf.range(wanted)[None, :] < k[:, None])
        answers = self._pairs(user, index)
        return {
            "item_ids": tf.where(shown, tf.gather(self._names, index), ""),
            "scores": tf.where(shown, scores, 0.0),
            **{n: tf.where(shown, value, 0.0) for n, value in answers.items()},
        }

    def score(self, request: Tensors, candidates: tf.Tensor) -> Tensors:
        """Predicts every task for given candidates, ids `(batch, candidates)`."""
        user = self._user(self.request.columns(request))
        index = table_index(self._item_ids, candidates)
        query = self._query(user[self.recipe.retrieval])
        retrieval = tf.einsum("bd,bcd->bc", query, tf.gather(self._candidates, index))
        return {
            self.recipe.retrieval: retrieval,
            **self._pairs(user, index),
            "user_modality_weights": user["weights"],
            "item_modality_weights": tf.gather(self._item_weights, index),
        }

    def embed_item(self, raw: Tensors) -> Tensors:
        """Returns the vector of an item from its raw content alone."""
        content = self._item_content(raw)
        return {"vector": content["vector"], "item_modality_weights": content["weights"]}

    def score_item(self, request: Tensors, raw: Tensors) -> Tensors:
        """Predicts every task for a user and an unseen item's raw content, `(batch,)`."""
        user = self._user(self.request.columns(request))
        return self._row_by_row(user, self._item_content(raw)["vector"])

    def explain(self, request: Tensors, user_raw: Tensors, item_id: tf.Tensor,
                item_raw: Tensors) -> Tensors:
        """Predicts every task for a user and an item with given content, not the stored one.

        Whoever takes a part of the content away sees what that part was worth (occlusion).

        Args:
          request: Inputs of `UserRequest`.
          user_raw: The user's raw content.
          item_id: Ids of items, `(batch,)`.
          item_raw: The items' raw content.

        Returns:
          `(batch,)` for each task, and the modality weights of both sides.
        """
        user = self._user(self.request.columns(request), self.raw_user.columns(user_raw))
        item = self._item_content(item_raw, table_index(self._item_ids, item_id))
        return {
            **self._row_by_row(user, item["vector"]),
            "user_modality_weights": user["weights"],
            "item_modality_weights": item["weights"],
        }

    def predict(self, serialized: tf.Tensor) -> Tensors:
        """Predicts every task for rows of raw Examples, with each row's own history.

        Returns:
          `(batch,)` for each task; for a `click` head `(batch, 1 + others)`: the row's item and
          its unseen items.
        """
        row = self._parsed(serialized)
        user = self._user(self._behaviour(row))
        index = table_index(self._item_ids, row[columns.ITEM_ID])
        query = self._query(user[self.recipe.retrieval])
        among = index[:, None]
        if columns.UNSEEN_ID in row:
            others = table_index(self._item_ids, row[columns.UNSEEN_ID])
            among = tf.concat([among, others], axis=1)
        answers = {self.recipe.retrieval: tf.reduce_sum(
            query * tf.gather(self._candidates, index), axis=1)}
        for name, pairs in self._pairs(user, among).items():
            answers[name] = pairs if self.recipe.tasks[name].head == "click" else pairs[:, 0]
        return answers

    def rank(self, serialized: tf.Tensor) -> Tensors:
        """Scores the catalogue for rows of raw Examples; reads user, time and history only."""
        user = self._user(self._behaviour(self._parsed(serialized)))
        query = self._query(user[self.recipe.retrieval])
        return {"scores": tf.matmul(query, self._candidates[1:], transpose_b=True)}

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

    def _user(self, read: Tensors, content: Tensors | None = None) -> Tensors:
        """Returns the user side's outputs; columns that `content` lacks are the stored ones."""
        names = {tensor.name for tensor in self._user_model.inputs}
        inputs = {n: v for n, v in {**read, **(content or {})}.items() if n in names}
        for name, look in self._user_lookup.items():
            if name not in inputs:
                inputs[name] = look(read[columns.USER_INDEX])
        return self._user_model(inputs, training=False)

    def _parsed(self, serialized: tf.Tensor) -> Tensors:
        return self._interactions(tf.io.parse_example(serialized, self._raw_spec))

    def _behaviour(self, row: Tensors) -> Tensors:
        read = dict(model_inputs(row))
        read[columns.USER_INDEX] = table_index(self._user_ids, row[columns.USER_ID])
        if columns.HISTORY_ITEM_ID in row:
            read[columns.HISTORY_INDEX] = table_index(
                self._item_ids, row[columns.HISTORY_ITEM_ID])
        return read

    def _pairs(self, user: Tensors, index: tf.Tensor) -> Tensors:
        """Predicts the tasks of pairs, item indices `(batch, items)`."""
        vectors = tf.gather(self._vectors, index)
        return {n: self._finish(n, head(user[n][:, None, :], vectors))
                for n, head in self._heads.items()}

    def _row_by_row(self, user: Tensors, vector: tf.Tensor) -> Tensors:
        """Predicts every task for each row's user and item vector, `(batch,)`."""
        query, candidate = self._query(user[self.recipe.retrieval]), self._candidate(vector)
        return {
            self.recipe.retrieval: tf.reduce_sum(query * candidate, axis=1),
            **{n: self._finish(n, head(user[n], vector)) for n, head in self._heads.items()},
        }

    def _finish(self, name: str, raw: tf.Tensor) -> tf.Tensor:
        task = self.recipe.tasks[name]
        if task.probability:
            return tf.sigmoid(raw)
        label = self.spec.label(str(task.label))
        low = -np.inf if label.minimum is None else label.minimum
        high = np.inf if label.maximum is None else label.maximum
        return tf.clip_by_value(raw, low, high)

    def _seen_mask(self, user: tf.Tensor, sent: tf.Tensor) -> tf.Tensor:
        """Marks what a user has met, stored or in the request, `(batch, 1 + items)`."""
        stored = tf.RaggedTensor.from_row_splits(self._seen, self._seen_splits, validate=False)
        met = tf.concat([tf.gather(stored, user).to_tensor(0), sent], axis=1)
        rows = tf.repeat(tf.range(tf.shape(met)[0]), tf.shape(met)[1])
        flat = tf.stack([rows, tf.reshape(met, [-1])], axis=1)
        shape = tf.stack([tf.shape(met)[0], self.size + 1])
        return tf.scatter_nd(flat, tf.ones_like(rows), shape) > 0

    def _item_content(self, raw: Tensors, index: tf.Tensor | None = None) -> Tensors:
        """Returns the item side's outputs for raw content; unknown items without an index."""
        content = self.raw_item.columns(raw)
        names = {tensor.name for tensor in self._item_model.inputs}
        inputs = {n: v for n, v in content.items() if n in names}
        if index is None:
            index = tf.zeros(tf.shape(next(iter(raw.values())))[:1], tf.int32)
        inputs[columns.ITEM_INDEX] = index
        return self._item_model(inputs, training=False)
