"""Similarity: items as computed vectors, users as the sum of what they met; nothing is trained.

By content, items are alike whose words, categories, numbers and pictures are: latent semantic
analysis (Deerwester et al. 1990) of all of them, then cosine or Euclidean distance. By behaviour,
items are alike that the same users met: truncated SVD (Cremonesi, Koren and Turrin 2010) or NMF of
the matrix of users and items. A union adds up both scores.

The vectors are fixed weights of a network with the signatures of every other one.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy import sparse

from trainer.behaviour.past import past_relevance
from trainer.closed_form.factors import folding, nonnegative_factors, right_factors
from trainer.data.events import Events
from trainer.families.job import Job
from trainer.layers.history import DistanceForm, HistorySum, UnitLength
from trainer.layers.lookup import TableLookup
from trainer.network.content import content_block, content_inputs, content_matrix, projected
from trainer.network.model import CANDIDATE, Network
from trainer.parts.part import ITEMS, USERS, whole_part
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe
from trainer.recipe.computed import SimilarityRecipe
from trainer.training.data import TrainingData

# Breaks ties, and is all there is for somebody without a history.
_POPULARITY = 1e-3
_WORDS, _ITEMS = "words.npz", "items.npz"


@dataclass(frozen=True)
class Factors:
    """What was computed.

    Attributes:
      words: By feature of the items, the vector of each word or dense number, `(width, dim)`.
      content: Content vectors of the items, `(items, dim)`; row 0 is the unknown item.
      candidates: Behaviour vectors of the items, `(items, dim)`.
      folded: What an item in a history adds to the user's, `(items, dim)`.
      popularity: Share of the relevant events, `(items,)`.
    """

    words: dict[str, np.ndarray]
    content: np.ndarray
    candidates: np.ndarray
    folded: np.ndarray
    popularity: np.ndarray

    @property
    def size(self) -> int:
        """Number of computed weights."""
        return sum(a.size for a in (*self.words.values(), self.candidates, self.folded))

    def save(self, folder: Path) -> None:
        """Writes the vectors."""
        folder.mkdir(parents=True, exist_ok=True)
        words: dict[str, Any] = dict(self.words)
        np.savez(folder / _WORDS, **words)
        np.savez(folder / _ITEMS, content=self.content, candidates=self.candidates,
                 folded=self.folded, popularity=self.popularity)

    @staticmethod
    def load(folder: Path) -> "Factors":
        """Reads the vectors."""
        with np.load(folder / _WORDS) as words, np.load(folder / _ITEMS) as items:
            return Factors(dict(words), **items)


def train_similarity(job: Job) -> None:
    """Computes the vectors from train and validation."""
    started = time.monotonic()
    data, options = job.data, job.data.recipe
    data.events(*data.files)  # an empty split is an error before anything is computed
    known = data.events("train", "validation")
    factors = compute_factors(data, known, options, job.seed)
    network = build_similarity(data, factors, known, options)
    seconds = time.monotonic() - started
    factors.save(job.weights)
    job.summarize(factors.size, seconds=seconds, user_modalities=network.user_modalities,
                  item_modalities=network.item_modalities)


def restore_similarity(data: TrainingData, seed: int, weights: Path) -> Network:
    """Builds the network around vectors that were computed."""
    known = data.events("train", "validation")
    return build_similarity(data, Factors.load(weights), known, data.recipe)


def compute_factors(data: TrainingData, known: Events, options: SimilarityRecipe,
                    seed: int) -> Factors:
    """Computes all vectors.

    Args:
      data: The tables.
      known: The events to learn from.
      options: Which vectors, and how.
      seed: Seed of the iterations' start.
    """
    pairs = relevant_pairs(data, known)
    nothing = np.zeros((len(data.items), 0), np.float32)
    words: dict[str, np.ndarray] = {}
    content = candidates = folded = nothing
    if options.reads_content:
        features = data.bound.inputs("items")
        blocks = content_matrix(features, data.item_side)
        together = sparse.hstack(list(blocks.values())).tocsr()
        axes = right_factors(together, options.dim, seed)
        content = np.asarray(together @ axes, np.float32)
        ends = np.cumsum([block.shape[1] for block in blocks.values()])[:-1]
        words = dict(zip(blocks, np.split(axes, ends), strict=True))
    if options.reads_events:
        factorize = nonnegative_factors if options.nonnegative else right_factors
        candidates = factorize(pairs, options.dim, seed)
        folded = folding(candidates)
    count = np.asarray(pairs.sum(axis=0), np.float32).ravel()
    return Factors(words, content, candidates, folded, count / max(float(count.sum()), 1.0))


def relevant_pairs(data: TrainingData, known: Events) -> sparse.csr_matrix:
    """Returns who met what that was relevant, `(users, items)` of 0 and 1, rows 0 empty."""
    label = data.recipe.relevance
    chosen = known.labels[label] > 0 if label else np.ones(len(known), bool)
    chosen &= (known.users > 0) & (known.items > 0)
    pairs = (np.ones(int(chosen.sum()), np.float32), (known.users[chosen], known.items[chosen]))
    matrix = sparse.csr_matrix(pairs, shape=(len(data.users), len(data.items)))
    matrix.data[:] = 1.0  # several events of one pair count once
    return matrix


def build_similarity(data: TrainingData, factors: Factors, known: Events,
                     options: SimilarityRecipe) -> Network:
    """Builds the network around the vectors.

    Args:
      data: The tables.
      factors: The vectors.
      known: The events in the place of a user's past where the data have no histories.
      options: How content is compared, and how much it counts.
    """
    items, modalities = _item_model(data, factors, options)
    tables = _history_tables(factors, options)
    user = _history_model(data.bound, tables, options)
    if user is None:
        user = _table_model(data, known, tables, options)
    inputs = {**user.input, **items.input}
    read = [t.name for t in user.inputs]
    outputs = {"query": user({n: inputs[n] for n in read})[data.recipe.ranking],
               CANDIDATE: items({t.name: inputs[t.name] for t in items.inputs})[CANDIDATE],
               "index": inputs[columns.ITEM_INDEX]}
    training = keras.Model(inputs, outputs, name="similarity")
    lookup = {n: TableLookup(v, name=f"items_{n}") for n, v in data.item_side.content.items()
              if n in items.input}
    return Network(user, items, {}, lookup, {}, data.recipe.ranking,
                   data.item_side.rows, training, [whole_part("history", USERS)],
                   [whole_part(name, ITEMS) for name in modalities])


def _weights(options: SimilarityRecipe) -> tuple[float, float]:
    """Returns the shares of content and of behaviour in the score."""
    return options.content_weight, 1 - options.content_weight


def _item_model(data: TrainingData, factors: Factors,
                options: SimilarityRecipe) -> tuple[keras.Model, list[str]]:
    """Returns items as candidates; content is read anew, so that an unseen item has a vector."""
    index = keras.Input((), dtype="int32", name=columns.ITEM_INDEX)
    inputs = {columns.ITEM_INDEX: index}
    parts, present, modalities = [], [], []
    if options.reads_content:
        inputs.update(content_inputs(data.item_side))
        raw = sum(projected(content_block(f, inputs), factors.words[f.name], f.name)
                  for f in data.bound.inputs("items"))
        parts.append(_compared(raw, options, query=False))
        present.append(ops.cast(ops.max(ops.abs(raw), axis=-1) > 0, "float32"))
        modalities.append("content")
    if options.reads_events:
        # Two underscores: an input has the name of its column, `popularity` perhaps.
        parts.append(TableLookup(factors.candidates, name="item__candidates")(index))
        warm = TableLookup((factors.popularity > 0).astype(np.float32), name="item__met")
        present.append(warm(index))
        modalities.append("collaborative")
    popularity = TableLookup(
        factors.popularity[:, None] * _POPULARITY, name="item__popularity")(index)
    vector = ops.concatenate([*parts, popularity], axis=-1)
    shares = ops.stack(present, axis=1) * np.array(
        [share for share in _weights(options) if share], np.float32)
    weights = shares / ops.maximum(ops.sum(shares, axis=1, keepdims=True), 1e-6)
    outputs = {"vector": vector, CANDIDATE: vector, "weights": weights}
    return keras.Model(inputs, outputs, name="items"), modalities


def _compared(vectors, options: SimilarityRecipe, query: bool):
    if options.euclidean:
        return DistanceForm(query)(vectors)
    return UnitLength()(vectors)


def _history_tables(factors: Factors, options: SimilarityRecipe) -> dict[str, np.ndarray]:
    """Returns what each item in a history adds, by kind of vector."""
    content = factors.content
    if not options.euclidean:
        content = content / np.maximum(np.linalg.norm(content, axis=1, keepdims=True), 1e-6)
    tables = {"content": content, "collaborative": factors.folded}
    return {name: table for name, table in tables.items() if table.shape[1]}


def _query(past: dict[str, keras.KerasTensor], options: SimilarityRecipe, weights):
    """Makes a query of the vectors of a history, see `_item_model` for its counterpart."""
    mask = ops.cast(ops.max(weights, axis=1, keepdims=True) > 0, "float32")
    parts = []
    for name, share in zip(("content", "collaborative"), _weights(options), strict=True):
        if name not in past:
            continue
        summed = HistorySum(mean=name == "content", name=f"history_{name}")(past[name], weights)
        if name == "content":
            summed = _compared(summed, options, query=True)
        parts.append(summed * share * mask)
    return ops.concatenate([*parts, ops.ones_like(mask)], axis=-1), mask


def _history_model(bound: BoundRecipe, tables, options) -> keras.Model | None:
    """Returns users by their histories; nothing where the data have none."""
    spec, recipe = bound.spec, bound.recipe
    if not spec.has_history:
        return None
    length = spec.histories()["item_id"].max_values
    index = keras.Input((length,), dtype="int32", name=columns.HISTORY_INDEX)
    inputs = {columns.HISTORY_INDEX: index}
    weights = ops.cast(index > 0, "float32")
    relevant = past_relevance(spec, recipe.relevance)
    if relevant is not None:
        values = keras.Input((length,), dtype="float32", name=relevant.column)
        inputs[relevant.column] = values
        weights = weights * ops.cast(values >= relevant.bound, "float32")
    past = {name: TableLookup(table, name=f"past_{name}")(index) for name, table in tables.items()}
    query, mask = _query(past, options, weights)
    return keras.Model(inputs, {recipe.ranking: query, "weights": mask}, name="users")


def _table_model(data: TrainingData, known: Events, tables, options) -> keras.Model:
    """Returns users by what they met in training, for data without histories."""
    pairs = relevant_pairs(data, known)
    sums = {name: np.asarray(pairs @ table, np.float32) for name, table in tables.items()}
    counts = np.asarray(pairs.sum(axis=1), np.float32)
    index = keras.Input((), dtype="int32", name=columns.USER_INDEX)
    mean: dict[str, np.ndarray] = sums if "content" not in sums else {
        **sums, "content": sums["content"] / np.maximum(counts, 1.0)}
    weights = TableLookup((counts > 0).astype(np.float32), name="met")(index)
    past = {name: TableLookup(table[:, None], name=f"past_{name}")(index)
            for name, table in mean.items()}
    query, mask = _query(past, options, weights)
    return keras.Model({columns.USER_INDEX: index}, {data.recipe.ranking: query, "weights": mask},
                       name="users")
