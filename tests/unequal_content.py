"""Users who like items of one kind, told by content, and models that have it or lose it."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
from tiny_fit import in_memory
from worlds import column, history, small_spec

from trainer.data.events import concatenate, read_events
from trainer.evaluation.ranking import (
    PairedDifference,
    RankingResult,
    paired_bootstrap,
    ranking_metrics,
    ranking_task,
)
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.network.model import Network, build_network
from trainer.parts.side import Side
from trainer.preprocessing import columns
from trainer.recipe import parse_recipe
from trainer.training.data import TrainingData
from trainer.training.multitask import MultiTaskModel

USERS, ITEMS, KINDS, LENGTH = 250, 80, 4, 6
_CONTENT = column("kind", "BYTES", "categorical") + column("size", "FLOAT", "numeric")
SPEC = small_spec(
    _CONTENT, _CONTENT, history("past_films", "item_id", most=LENGTH)
    + history("past_times", "timestamp", most=LENGTH),
    user="BYTES member", item="INT film", time="at", one=True, name="unequal")


def all_missing_against_ids(seeds: tuple[int, ...], modality_dropout: float = 0.5
                            ) -> tuple[PairedDifference, dict[str, float]]:
    """Compares a model of content that lost all of it with a model that never had any.

    Args:
      seeds: One fit of each a seed.
      modality_dropout: In training of the first model.

    Returns:
      The paired difference of the users' NDCG@10, the mean over the seeds of each; and the means
      of `ids`, of `content`, and of `missing`: the second after all content is taken away.
    """
    scores: dict[str, list[np.ndarray]] = {"ids": [], "content": [], "missing": []}
    for seed in seeds:
        data = _data(("categorical", "numeric"), modality_dropout)
        fitted = _fit(data, seed)
        scores["content"].append(_ranked(data, fitted).ndcg)
        _take_content_away(fitted)
        scores["missing"].append(_ranked(data, fitted).ndcg)
        bare = _data((), 0.0)
        scores["ids"].append(_ranked(bare, _fit(bare, seed)).ndcg)
    users = {name: np.mean(each, axis=0) for name, each in scores.items()}
    return (paired_bootstrap(users["missing"], users["ids"]),
            {name: float(each.mean()) for name, each in users.items()})


def compare(ways: Sequence[str], seeds: Sequence[int]) -> dict[str, dict[str, float]]:
    """Compares what may stand in the place of absent modalities.

    Half of all content is absent in training, of users and of items, each value for itself; both
    columns tell the kind, so that one can be guessed from the other. Ids are unknown in the test.

    Args:
      ways: Values of `model.missing`.
      seeds: One fit of each way a seed.

    Returns:
      By way, the mean NDCG@10 of items and users of which nothing but content is known: with
      `all` of it, with the `half` that training saw, and with `none`.
    """
    result = {}
    for way in ways:
        scores: dict[str, list[float]] = {"all": [], "half": [], "none": []}
        for seed in seeds:
            data = _data(("categorical", "numeric"), 0.3, way)
            network = _fit(_thinned(data), seed)
            for name, share in (("half", 0.5), ("all", 0.0), ("none", 1.0)):
                _show(network, data if share == 0 else _thinned(data, share))
                scores[name].append(_ranked(data, network, cold_start=True).metrics["ndcg@10"])
        result[way] = {name: float(np.mean(each)) for name, each in scores.items()}
    return result


def _thinned(data: TrainingData, share: float = 0.5) -> TrainingData:
    """Takes a share of all content away."""
    random = np.random.default_rng(11)
    sides = []
    for side in (data.user_side, data.item_side):
        kept = {name: random.random(side.rows) >= share for name in ("kind", "size")}
        content = {name: (values.T * kept[name.split("__")[0]]).T.astype(values.dtype)
                   for name, values in side.content.items()}
        sides.append(dataclasses.replace(side, content=content))
    return dataclasses.replace(data, user_side=sides[0], item_side=sides[1])


def _show(network: Network, data: TrainingData) -> None:
    for lookup, side in ((network.user_lookup, data.user_side),
                         (network.item_lookup, data.item_side)):
        for name, look in lookup.items():
            look.table.assign(side.content[name])


def _by_content(network: Network, users: np.ndarray, items: int) -> np.ndarray:
    """Returns the scores of users and items whose ids are unknown, `(users, items)`."""
    def content(lookup, index):
        return {name: look(index) for name, look in lookup.items()}

    rows, every = (keras.ops.convert_to_tensor(i.astype(np.int32))
                   for i in (users, np.arange(items)))
    user = network.user({columns.USER_INDEX: keras.ops.zeros_like(rows),
                         **content(network.user_lookup, rows)})
    item = network.item({columns.ITEM_INDEX: keras.ops.zeros_like(every),
                         **content(network.item_lookup, every)})
    return np.asarray(user[network.ranking]) @ np.asarray(item["candidate"]).T


def _fit(data: TrainingData, seed: int) -> Network:
    """Fits for a fixed number of epochs.

    Early stopping watches rows that have their content: it would end before ids alone are learned.
    """
    known = ["train", "validation"]
    events = concatenate([read_events(data.reader, [name]) for name in known])
    network = build_network(data.bound, data.user_side, data.item_side, {}, seed)
    model = MultiTaskModel(
        network.training, data.recipe, events.item_probability(len(data.items)))
    model.compile(keras.optimizers.AdamW(data.recipe.training.learning_rate, weight_decay=1e-4))
    options = data.recipe.training
    model.fit(data.reader.batches(known, options.batch_size, seed), epochs=options.max_epochs,
              verbose=0)
    return network


def _take_content_away(network: Network) -> None:
    for look in (*network.user_lookup.values(), *network.item_lookup.values()):
        look.table.assign(np.zeros(look.table.shape))


def _ranked(data: TrainingData, network: Network, cold_start: bool = False) -> RankingResult:
    """Ranks the catalogue for each user's first test row, or by the content of each alone."""
    parts = [read_events(data.reader, [name]) for name in ("train", "validation", "test")]
    events, known = concatenate(parts), len(parts[0]) + len(parts[1])
    held_out = np.arange(len(events)) >= known
    task = ranking_task(events.users, events.items, np.ones(len(events), bool), known=~held_out,
                        held_out=held_out, n_items=len(data.items))
    if cold_start:
        return ranking_metrics(_by_content(network, task.users, len(data.items)), task)
    rows = data.reader.rows(["test"])
    first = np.array([np.flatnonzero(rows[columns.USER_INDEX] == user)[0] for user in task.users])
    queries = {n: values[first] for n, values in rows.items()}
    return ranking_metrics(ranking_scores(network, queries, catalogue(network)), task)


def _data(modalities: tuple[str, ...], modality_dropout: float, missing: str = "token"
          ) -> TrainingData:
    recipe = parse_recipe(
        description="unequal", modalities=modalities,
        behaviour=[], model={"dim": 16, "dropout": 0.1, "missing": missing,
               "modality_dropout": modality_dropout},
        training={"batch_size": 128, "learning_rate": 0.01, "max_epochs": 20},
        tasks={"retrieval": {"head": "retrieval"}},
    )
    random = np.random.default_rng(0)
    kinds = {"users": random.integers(1, KINDS + 1, USERS + 1),
             "items": random.integers(1, KINDS + 1, ITEMS + 1)}
    splits = _splits(kinds, random)
    sides = [_side(kind, bool(modalities), random) for kind in kinds.values()]
    return in_memory(SPEC, recipe, splits, (USERS, ITEMS), users=sides[0], items=sides[1])


def _side(kinds: np.ndarray, has_content: bool, random: np.random.Generator) -> Side:
    if not has_content:
        return Side(len(kinds), {}, {})
    known = np.arange(len(kinds)) > 0
    content = {"kind": np.where(known, kinds, 0)[:, None].astype(np.int32),
               "size": (random.normal(kinds, 1.0) * known).astype(np.float32),
               columns.present("size"): known.astype(np.float32)}
    return Side(len(kinds), content, {"kind": KINDS + 2})


def _splits(kinds: dict[str, np.ndarray], random: np.random.Generator) -> dict:
    """Draws twelve different items of each user, four of five of the user's own kind."""
    parts: dict[str, list] = {"train": [], "validation": [], "test": []}
    for user in range(1, USERS + 1):
        own = kinds["items"][1:] == kinds["users"][user]
        chance = np.where(own, 0.8 / own.sum(), 0.2 / (~own).sum())
        interactions = 1 + random.choice(ITEMS, 12, replace=False, p=chance)
        for place, item in enumerate(interactions):
            split = "train" if place < 8 else "validation" if place < 10 else "test"
            past = interactions[max(place - LENGTH, 0) : place][::-1]
            parts[split].append((user, item, place, np.pad(past, (0, LENGTH - len(past)))))
    return {split: _columns(rows, random) for split, rows in parts.items()}


def _columns(rows: list, random: np.random.Generator) -> dict[str, np.ndarray]:
    user, item, place, past = (np.array(each) for each in zip(*rows, strict=True))
    return {
        columns.USER_INDEX: user.astype(np.int32), columns.ITEM_INDEX: item.astype(np.int32),
        columns.TIMESTAMP: place, columns.HISTORY_INDEX: past.astype(np.int32),
        columns.HISTORY_AGE: np.where(past > 0, 1.0, 0.0).astype(np.float32),
        columns.HISTORY_RANK: np.tile(np.arange(LENGTH), (len(user), 1)),
        columns.CONTEXT: random.normal(size=(len(user), 6)).astype(np.float32),
    }


if __name__ == "__main__":  # PYTHONPATH=.:tests python tests/unequal_content.py
    print("| `model.missing` | all content | half of it | none |\n|---|---|---|---|")
    for way in ("token", "mean", "regression", "adversarial"):
        means = compare([way], (1, 2, 3))[way]
        print(f"| `{way}` |", " | ".join(f"{v:.3f}" for v in means.values()), "|", flush=True)
