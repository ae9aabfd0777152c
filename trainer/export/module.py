"""The module behind the signatures: plain TensorFlow around the trained network."""

import tensorflow as tf
import tensorflow_transform as tft

from trainer.data.interactions import id_lookup, table_index
from trainer.data.memory import Memory
from trainer.data.tables import Table
from trainer.encoders.encodings import Encodings
from trainer.evaluation.scoring import catalogue
from trainer.export.catalogue import ItemCatalogue
from trainer.export.gradients import IntegratedGradients, readers
from trainer.export.greedy import NEVER
from trainer.export.keys import ranker_key
from trainer.export.raw_item import RawItem
from trainer.export.raw_rows import RawRows
from trainer.export.requests import RawContent, UserRequest
from trainer.export.seen import Seen
from trainer.export.selection import Selection, ranking
from trainer.export.traced import TracedModel
from trainer.layers.heads import ProfileHead
from trainer.network.model import CANDIDATE, Network
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe

Tensors = dict[str, tf.Tensor]


class Recommender(tf.Module):
    """Answers questions about users and items with a trained network.

    Args:
      bound: The recipe that the network was built from.
      network: The trained network.
      users: The users table.
      items: The items table.
      memory: The users' events as of the data's end.
      transforms: The outputs of the three transforms, by table.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.
    """

    def __init__(self, bound: BoundRecipe, network: Network, users: Table, items: Table,
                 memory: Memory, transforms: dict[str, tft.TFTransformOutput],
                 encodings: Encodings | None = None):
        super().__init__(name="recommender")
        spec, recipe = self.spec, self.recipe = bound.spec, bound.recipe
        self._user_model = TracedModel(network.user)
        self._item_model = TracedModel(network.item)
        self._user_lookup = network.user_lookup
        self._user_heads = {n: head for n, head in network.heads.items()
                            if isinstance(head, ProfileHead)}
        self._pair_heads = {n: head for n, head in network.heads.items()
                            if n not in self._user_heads}
        items_said, user_ids = catalogue(network), id_lookup(users)
        # What ranks also says what is alike, if it is a product of vectors.
        self.catalogue = ItemCatalogue(items, items_said.vectors if network.ranking in network.heads
                                       else items_said.candidates)
        self.request = UserRequest(spec, recipe.past, memory, user_ids, self.catalogue.ids,
                                   transforms["interactions"])
        self.raw_user = RawContent(bound, "users", transforms["users"])
        self.raw_item = RawItem(
            bound, self._item_model, network.item_lookup, transforms["items"], encodings)
        self._rankers = dict(network.rankers)
        self._gradients = IntegratedGradients(
            recipe, list(readers(network, transforms)))
        self.rows = RawRows(transforms["interactions"], user_ids, self.catalogue.ids)
        self._vectors = tf.Variable(items_said.vectors, trainable=False)
        self._item_weights = tf.Variable(items_said.weights, trainable=False)
        self._candidates = tf.Variable(items_said.candidates, trainable=False)
        self._ranking = ranking(network, items_said)
        self.seen = Seen(memory, self.catalogue.size)
        self.selection = Selection(spec, items, transforms["items"], self.catalogue)

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
        seen = self.seen.mask(read[columns.USER_INDEX], self.request.sent_items(request))
        width = tf.reduce_max(tf.reduce_sum(tf.cast(seen[:, 1:], tf.int32), axis=1))
        wanted = self.catalogue.width(k)
        scores, index = self._ranking.best(
            user[self.recipe.ranking], tf.minimum(wanted + width, self.catalogue.size))
        fresh = tf.logical_not(tf.gather(seen, index, batch_dims=1))
        scores, place = tf.math.top_k(tf.where(fresh, scores, NEVER), k=wanted)
        index = tf.gather(index, place, batch_dims=1)
        return self._list(user, scores, index, scores > NEVER / 2, k)

    def recommend_filtered(self, request: Tensors, choice: Tensors, k: tf.Tensor) -> Tensors:
        """Recommends the best items that a request lets through, in the order it asks for.

        Args:
          request: Inputs of `UserRequest`.
          choice: Inputs of `Selection`.
          k: Items wanted by each row, int32 `(batch,)`.

        Returns:
          As `recommend`, and the prediction of retrieval, which a boost does not change.
        """
        read = self.request.columns(request)
        user = self._user(read)
        seen = self.seen.mask(read[columns.USER_INDEX], self.request.sent_items(request))
        scores, index = self.selection(
            choice, self._ranking.scores(user[self.recipe.ranking]), seen, self.catalogue.width(k))
        return self._list(user, scores, index, index > 0, k, self._retrieval(user, index))

    def user_profile(self, request: Tensors) -> Tensors:
        """Returns what the model knows of users and makes of them.

        Returns:
          `known`, 1 for a known id, and `events`, the number of stored events, int64 `(batch,)`;
          `history_item_ids`, the history in use, newest first; `vector`, what ranks items; the
          tasks on attributes of the user; the modality weights.
        """
        read = self.request.columns(request)
        user, index = self._user(read), read[columns.USER_INDEX]
        history = {"history_item_ids": self.catalogue.names(read[columns.HISTORY_INDEX])
                   } if columns.HISTORY_INDEX in read else {}
        return {"known": tf.cast(index > 0, tf.int64), "events": self.seen.counts(index),
                "vector": user[self.recipe.ranking], "user_modality_weights": user["weights"],
                **history, **self._attributes(user)}

    def score(self, request: Tensors, candidates: tf.Tensor) -> Tensors:
        """Predicts every task for given candidates, ids `(batch, candidates)`."""
        user = self._user(self.request.columns(request))
        index = table_index(self.catalogue.ids, candidates)
        return {
            **self._retrieval(user, index),
            **self._pairs(user, index),
            **self._attributes(user),
            "user_modality_weights": user["weights"],
            "item_modality_weights": tf.gather(self._item_weights, index),
        }

    def embed_item(self, raw: Tensors) -> Tensors:
        """Returns the vector of an item from its raw content alone."""
        content = self.raw_item.unknown(raw)
        return {"vector": content["vector"], "item_modality_weights": content["weights"]}

    def score_item(self, request: Tensors, raw: Tensors) -> Tensors:
        """Predicts every task for a user and an unseen item's raw content, `(batch,)`."""
        return self._row_by_row(
            self._user(self.request.columns(request)), self.raw_item.unknown(raw))

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
        return users, self.raw_item.inputs(item_raw, table_index(self.catalogue.ids, item_id))

    def explain(self, users: Tensors, items: Tensors) -> Tensors:
        """Predicts every task for what `sides` returned.

        Whoever takes a part of the content away sees what that part was worth (occlusion).

        Returns:
          `(batch,)` for each task, and the modality weights of both sides; of a fusion, what each
          ranker adds to the score that ranks, by `ranker_key`.
        """
        return self._explained(self._user_model(users), self._item_model(items))

    def _explained(self, user: Tensors, item: Tensors) -> Tensors:
        return self._row_by_row(user, item) | self._of_rankers(user, item)

    def gradients(self, users: Tensors, items: Tensors, task: tf.Tensor) -> Tensors:
        """Attributes a task's score to what `sides` returned; see `IntegratedGradients`."""
        # It looks into the models, so that it has copies of its own.
        user, item = self._user_model.untraced, self._item_model.untraced
        return self._gradients(
            lambda users, items: self._explained(
                user(users, training=False), item(items, training=False)), users, items, task)

    def predict(self, serialized: tf.Tensor) -> Tensors:
        """Predicts every task for rows of raw Examples, with each row's own history.

        Returns:
          `(batch,)` for each task, `(batch, units)` where it has several classes or labels; for a
          `click` head `(batch, 1 + others)`: the row's item and its unseen items.
        """
        row = self.rows(serialized)
        user = self._user(row)
        index = row[columns.ITEM_INDEX]
        among = index[:, None]
        if columns.UNSEEN_INDEX in row:
            among = tf.concat([among, row[columns.UNSEEN_INDEX]], axis=1)
        outputs = self._attributes(user)
        outputs.update((n, value[:, 0]) for n, value in
                       self._retrieval(user, index[:, None]).items())
        for name, pairs in self._pairs(user, among).items():
            compared = self.recipe.tasks[name].kind.against_unseen
            outputs[name] = pairs if compared else pairs[:, 0]
        return outputs

    def rank(self, serialized: tf.Tensor) -> Tensors:
        """Scores the catalogue for rows of raw Examples; reads user, time and history only."""
        user = self._user(self.rows(serialized))
        return {"scores": self._ranking.scores(user[self.recipe.ranking])}

    def _user(self, read: Tensors) -> Tensors:
        """Returns the user side's outputs for the stored content."""
        return self._user_model(self._user_inputs(read))

    def _user_inputs(self, read: Tensors, content: Tensors | None = None) -> Tensors:
        """Returns the user model's inputs; columns that `content` lacks are the stored ones."""
        inputs = {n: v for n, v in {**read, **(content or {})}.items()
                  if n in self._user_model.dtypes}
        for name, look in self._user_lookup.items():
            if name not in inputs:
                inputs[name] = look(read[columns.USER_INDEX])
        return inputs

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
        outputs = {**self._attributes(user), "user_modality_weights": user["weights"],
                   "item_modality_weights": item["weights"]}
        if self.recipe.retrieval is not None:
            outputs[self.recipe.retrieval] = tf.reduce_sum(
                user[self.recipe.retrieval] * item[CANDIDATE], axis=1)
        outputs.update((n, self._finish(n, head(user[n], vector)))
                       for n, head in self._pair_heads.items())
        return outputs

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

    def _list(self, user: Tensors, scores: tf.Tensor, index: tf.Tensor, there: tf.Tensor,
              k: tf.Tensor, further: Tensors | None = None) -> Tensors:
        """Returns what is shown of lists of items, `(batch, items)`; '' and 0 where none is."""
        shown = tf.logical_and(there, tf.range(tf.shape(index)[1])[None, :] < k[:, None])
        of_items = {**self._pairs(user, index), **(further or {}),
                    "item_modality_weights": tf.gather(self._item_weights, index)}
        return {
            "item_ids": tf.where(shown, self.catalogue.names(index), ""),
            "scores": tf.where(shown, scores, 0.0),
            **{n: _only(shown, value) for n, value in of_items.items()},
            "user_modality_weights": user["weights"],
        }


def _only(shown: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Zeroes what is not shown `(batch, items)` of values `(batch, items)` or with more axes."""
    for _ in range(len(values.shape) - 2):
        shown = shown[..., None]
    return tf.where(shown, values, 0.0)
