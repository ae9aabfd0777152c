"""The network: towers, fusion, sharing and heads, as Keras functional models.

Reads top to bottom: a user side, an item side, a head for each task, and the model that trains
them together. Which features exist comes from the spec, what is built of them from the recipe.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

from trainer.behaviour.towers import (
    RECONSTRUCTION,
    PastOf,
    behaviour_inputs,
)
from trainer.layers.dropout import ModalityDropout, UserDropout
from trainer.layers.fusion import FUSIONS
from trainer.layers.heads import Head, Offset, ProfileHead
from trainer.layers.imputation import IMPUTATIONS, observed
from trainer.layers.lookup import EveryRow, RowEmbedding, TableLookup, UserTable
from trainer.layers.sharing import SHARINGS
from trainer.network.content import content_inputs
from trainer.network.heads import build_heads
from trainer.network.plan import plan_parts
from trainer.options import look_up
from trainer.parts.part import ITEMS, USERS, Built, Materials, Part, build_parts
from trainer.parts.side import Side
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe
from trainer.recipe.families import NetworkRecipe

CANDIDATE = "candidate"  # of the item model's outputs: what the inner product with a query ranks


@dataclass(frozen=True)
class Network:
    """The parts of a built model; all share their weights.

    Attributes:
      user: `{user columns} -> {task: (batch, dim), "weights": (batch, modalities)}`; a retrieval
        task's is the query.
      item: `{item columns} -> {"vector": (batch, dim), "weights": (batch, modalities)}`, and with a
        retrieval task `"candidate"`, whose inner product with the query ranks.
      item_lookup: Table index `(...)` to the columns that `item` takes besides the index.
      user_lookup: The same for users.
      ranking: Name of the task by whose score items are ranked: retrieval, or one of the heads.
      item_rows: Number of item indices, the unknown item at 0 included.
      heads: The other tasks' heads, by task: of a pair, or `ProfileHead`s of the user alone.
      training: All of it on rows of interactions; a `click` head is asked of the row's item and,
        beside it, for its unseen items.
      user_parts: What the user side is made of, in the order of its weights.
      item_parts: What the item side is made of, in the order of its weights.
      rankers: Width of each ranker's part of query and candidate, where several are fused.
    """

    user: keras.Model
    item: keras.Model
    user_lookup: dict[str, TableLookup]
    item_lookup: dict[str, TableLookup]
    heads: dict[str, Head]
    ranking: str
    item_rows: int
    training: keras.Model
    user_parts: list[Part]
    item_parts: list[Part]
    rankers: Mapping[str, int] = field(default_factory=dict)

    @property
    def user_modalities(self) -> list[str]:
        """What the user weights refer to, in order."""
        return [part.name for part in self.user_parts]

    @property
    def item_modalities(self) -> list[str]:
        """What the item weights refer to, in order."""
        return [part.name for part in self.item_parts]


def build_network(
    bound: BoundRecipe[NetworkRecipe],
    users: Side,
    items: Side,
    label_means: Mapping[str, Offset],
    seed: int,
) -> Network:
    """Builds the network that a recipe describes for a dataset.

    Args:
      bound: What to build.
      users: The users' content.
      items: The items' content.
      label_means: Mean of each label over the training rows, see `label_means`.
      seed: Seed of the initial weights and of dropout.

    Returns:
      The parts and the whole.
    """
    keras.utils.set_random_seed(seed)
    spec, recipe, options = bound.spec, bound.recipe, bound.recipe.model
    item_embedding = RowEmbedding(items.rows, options.dim, name="item_embedding")
    user_lookup = {n: UserTable(v, name=f"users_{n}") for n, v in users.content.items()}
    item_lookup = {n: TableLookup(v, name=f"items_{n}") for n, v in items.content.items()}
    past = _past(bound, users, item_embedding, item_lookup, seed)
    item, item_parts = _item_model(bound, items, past, seed)
    user, user_parts = _user_model(bound, users, past, seed)
    heads = build_heads(bound, label_means)
    inputs = {
        columns.USER_INDEX: keras.Input((), dtype="int32", name=columns.USER_INDEX),
        columns.ITEM_INDEX: keras.Input((), dtype="int32", name=columns.ITEM_INDEX),
        **behaviour_inputs(spec, recipe.past, recipe.past_columns(spec)),
    }
    hidden = UserDropout(options.user_dropout, seed + 2, name="user_dropout")
    seen = hidden({n: i for n, i in inputs.items() if n != columns.ITEM_INDEX})
    user_out = user({
        **{n: look(seen[columns.USER_INDEX]) for n, look in user_lookup.items()}, **seen
    })
    unseen = _unseen_input(bound)
    if unseen is not None:
        inputs[columns.UNSEEN_INDEX] = unseen
    each = _row_items(item, item_lookup, items, inputs)
    outputs = {"index": inputs[columns.ITEM_INDEX], **_outputs(recipe, heads, user_out, each)}
    if unseen is not None:
        outputs["unseen"] = unseen
    if recipe.retrieval is not None:
        outputs["query"] = user_out[recipe.retrieval]
        outputs["candidate"] = each[CANDIDATE][:, 0]
        if recipe.tasks[recipe.retrieval].kind.reads_catalogue:
            every = EveryRow(items.rows, name="every_item")(inputs[columns.ITEM_INDEX])
            content = {n: look(every) for n, look in item_lookup.items()}
            outputs["catalogue"] = item({columns.ITEM_INDEX: every, **content})[CANDIDATE]
    outputs.update(_of_auxiliary_losses(recipe, user_out, each))
    training = keras.Model(inputs, outputs, name="tessera")
    return Network(user, item, user_lookup, item_lookup, heads, recipe.ranking, items.rows,
                   training, user_parts, item_parts)


def _row_items(item, item_lookup, items: Side, inputs) -> dict[str, keras.KerasTensor]:
    """Asks the items' model about each row's own item, and behind it its unseen ones.

    Returns:
      What the model says, `(batch, 1 + unseen, ...)`. Adds to `inputs` what it needs of a row.
    """
    among = inputs[columns.ITEM_INDEX][:, None]
    if columns.UNSEEN_INDEX in inputs:
        among = ops.concatenate([among, inputs[columns.UNSEEN_INDEX]], axis=1)
    index = ops.reshape(among, (-1,))
    content = {n: look(index) for n, look in item_lookup.items() if n != columns.ITEM_WORDS}
    if columns.ITEM_WORDS in item_lookup:
        # A row sees what was written of its item before it; the table holds what came later too.
        words = items.content[columns.ITEM_WORDS].shape[1]
        content[columns.ITEM_WORDS] = inputs[columns.ITEM_WORDS] = keras.Input(
            (words,), dtype="int32", name=columns.ITEM_WORDS)
    vectors = item({columns.ITEM_INDEX: index, **content})
    return {n: ops.reshape(value, (-1, among.shape[1], *value.shape[1:]))
            for n, value in vectors.items()}


def _outputs(recipe: NetworkRecipe, heads, user_out, each) -> dict[str, keras.KerasTensor]:
    """Returns what the heads answer, by task; a `click` head for each row's unseen items too."""
    outputs = {}
    for name, head in heads.items():
        if isinstance(head, ProfileHead):
            outputs[name] = head(user_out[name])
        elif recipe.tasks[name].kind.against_unseen:
            outputs[name] = head(user_out[name][:, None, :], each["vector"])
        else:
            outputs[name] = head(user_out[name], each["vector"][:, 0])
    return outputs


def _of_auxiliary_losses(recipe: NetworkRecipe, user_out, each) -> dict[str, keras.KerasTensor]:
    """Returns what the losses beside the tasks' read."""
    read = {}
    if recipe.training.alignment:
        read.update({f"item_{n}": each[n][:, 0] for n in ("parts", "present")})
    if RECONSTRUCTION in user_out:
        read[RECONSTRUCTION] = user_out[RECONSTRUCTION]
    if recipe.model.imputation_learns:
        read.update(user_imputation=user_out["imputation"],
                    item_imputation=each["imputation"][:, 0])
    return read


def _unseen_input(bound: BoundRecipe[NetworkRecipe]) -> keras.KerasTensor | None:
    """Returns the items that a `click` head compares with an event's own, `(batch, others)`."""
    unseen = bound.spec.unseen()
    if unseen is None or not any(
            task.kind.against_unseen for task in bound.recipe.tasks.values()):
        return None
    return keras.Input((unseen.max_values,), dtype="int32", name=columns.UNSEEN_INDEX)


def _past(bound, users, item_embedding, item_lookup, seed) -> PastOf:
    known = users.vocabularies
    categories = {f.name: item_lookup[f.name]
                  for f in bound.spec.inputs("items") if f.categories and f.name in item_lookup}
    words = None
    if columns.WORDS in known:
        words = RowEmbedding(known[columns.WORDS], bound.recipe.model.dim, name="review_words")
    return PastOf(item_embedding, categories, words, known.get(columns.TYPES, 0), seed + 5)


def _item_model(bound, items, past, seed) -> tuple[keras.Model, list[Part]]:
    recipe = bound.recipe
    index = keras.Input((), dtype="int32", name=columns.ITEM_INDEX)
    inputs = {columns.ITEM_INDEX: index, **content_inputs(items)}
    parts, built = build_parts(plan_parts(bound, ITEMS), Materials(
        ITEMS, items, inputs, recipe.model.dim, recipe.model.dropout,
        lambda: _known(index, items, ITEMS), past, seed))
    vectors, present = _stack(built)
    fused, about = _fuse(vectors, present, recipe, ITEMS, parts, seed + 3)
    outputs = {"vector": fused, **about}
    if recipe.retrieval is not None:
        outputs[CANDIDATE] = keras.layers.Dense(
            recipe.model.dim, name="retrieval__candidate", use_bias=False)(fused)
    if recipe.training.alignment:
        outputs.update(parts=vectors, present=present)
    return keras.Model(inputs, outputs, name=ITEMS), parts


def _user_model(bound, users, past, seed) -> tuple[keras.Model, list[Part]]:
    recipe, options = bound.recipe, bound.recipe.model
    index = keras.Input((), dtype="int32", name=columns.USER_INDEX)
    behaviour = behaviour_inputs(bound.spec, recipe.past, recipe.past_columns(bound.spec))
    inputs = {columns.USER_INDEX: index, **content_inputs(users), **behaviour}
    parts, built = build_parts(plan_parts(bound, USERS), Materials(
        USERS, users, inputs, options.dim, options.dropout,
        lambda: _known(index, users, USERS), past, seed + 1))
    vectors, present = _stack(built)
    fused, about = _fuse(vectors, present, recipe, USERS, parts, seed + 4)
    shared: Any = look_up(SHARINGS, options.sharing.name, "sharing")(
        list(recipe.tasks), options.dim, options.dropout, name="sharing",
        **options.sharing.options,
    )
    losses = {name: loss for one in built for name, loss in one.losses.items()}
    outputs = {**shared(fused), **about, **losses}
    if recipe.retrieval is not None:
        outputs[recipe.retrieval] = keras.layers.Dense(
            options.dim, name="retrieval__query", use_bias=False)(outputs[recipe.retrieval])
    return keras.Model(inputs, outputs, name=USERS), parts


def _known(index, side: Side, name: str):
    """Makes ids unknown whose vectors no event has trained: they would speak at random."""
    if side.warm is None:
        return index
    return index * TableLookup(side.warm.astype("int32"), name=f"{name}_met")(index)


def _stack(built: list[Built]):
    """Returns all vectors `(batch, modalities, dim)` and flags `(batch, modalities)`."""
    return (ops.stack([one.vector for one in built], axis=1),
            ops.stack([one.present for one in built], axis=1))


def _fuse(vectors, present, recipe: NetworkRecipe, name: str, parts: list[Part], seed: int):
    """Returns the fused vector `(batch, dim)`, and what there is to say about it by name."""
    options = recipe.model
    truth, there = vectors, present
    if options.modality_dropout:
        content = [place for place, part in enumerate(parts) if part.content]
        hide = ModalityDropout(options.modality_dropout, seed, content,
                               name=f"{name}_modality_dropout")
        vectors, present = hide(vectors, present)
    fusion = look_up(FUSIONS, options.fusion.name, "fusion")(
        options.dim, name=f"{name}_fusion",
        **options.fusion.options,
    )
    if options.missing == "token":
        fused, weights = fusion(vectors, present)
        return fused, {"weights": weights}
    impute = look_up(IMPUTATIONS, options.missing, "imputation")(name=f"{name}_imputation")
    filled, usable, loss = impute(vectors, present, truth, there)
    fused, weights = fusion(filled, usable)
    about = {"weights": observed(weights, present)}
    return fused, {**about, "imputation": loss} if options.imputation_learns else about
