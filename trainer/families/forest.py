"""A random forest over the joined features of user and item.

What a text's words, a picture's colours, categories and numbers of both sides give is joined; a
small forest chooses the features that matter, and a large one learns from these (Breiman 2001).
The forest is no SavedModel: the export writes its scores, and no server can host it.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy import sparse

from schemas.log import Progress
from trainer.data.events import Events
from trainer.evaluation.written_scores import TaskScores, WrittenScores
from trainer.families.job import Job
from trainer.network.content import content_matrix
from trainer.parts.side import Side
from trainer.recipe import Task
from trainer.recipe.computed import ForestRecipe
from trainer.training.data import TrainingData

_CHOOSING_TREES, _CHOOSING_DEPTH = 20, 12
_FORESTS = "forest.joblib"
_ROWS = 100_000  # Rows predicted at once.


@dataclass(frozen=True)
class FittedForest:
    """One task's forest.

    Attributes:
      model: scikit-learn's forest.
      chosen: The columns it reads, of the user's and the item's features side by side.
      classifies: Whether it gives a probability.
    """

    model: Any
    chosen: np.ndarray
    classifies: bool

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Returns values or probabilities, float32 `(rows,)`, from the chosen columns."""
        if not self.classifies:
            return self.model.predict(rows).astype(np.float32)
        shares = self.model.predict_proba(rows)
        one = np.flatnonzero(self.model.classes_ == 1)
        return shares[:, one[0]].astype(np.float32) if len(one) else np.zeros(len(rows), np.float32)


def train_forest(job: Job) -> None:
    """Fits a forest for each task on train and validation."""
    started = time.monotonic()
    recipe = job.data.recipe
    job.data.events("test")  # an empty split is an error before anything is fitted
    known = job.data.events("train", "validation")
    users, items = joined_features(job.data)
    forests = {name: fit_forest(users, items, known, task, recipe, job.seed)
               for name, task in recipe.tasks.items()}
    seconds = time.monotonic() - started
    job.weights.mkdir(parents=True, exist_ok=True)
    joblib.dump(forests, job.weights / _FORESTS, compress=3)
    nodes = sum(tree.tree_.node_count for f in forests.values() for tree in f.model.estimators_)
    job.summarize(int(nodes), seconds=seconds,
                  features={n: len(f.chosen) for n, f in forests.items()})


def restore_forest(data: TrainingData, seed: int, weights: Path) -> WrittenScores:
    """Scores test with fitted forests."""
    forests = joblib.load(weights / _FORESTS)
    test = data.events("test")
    users, items = joined_features(data)
    test_users = np.unique(test.users[test.users > 0])
    return WrittenScores(
        [data.users.ids[user - 1] for user in test_users], data.items.ids,
        rank(forests[data.recipe.ranking], users[test_users], items[1:]),
        {name: _on_test(forest, data.recipe.tasks[name], users, items, test)
         for name, forest in forests.items()})


def joined_features(data: TrainingData) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Returns the features of users and of items, `(rows, width)`; rows 0 are the unknown ones."""
    def of_side(name: str, side: Side) -> sparse.csr_matrix:
        features = data.bound.inputs(name)
        blocks = list(content_matrix(features, side).values())
        return sparse.hstack(blocks).tocsr() if blocks else sparse.csr_matrix((side.rows, 0))

    return of_side("users", data.user_side), of_side("items", data.item_side)


def fit_forest(users: sparse.csr_matrix, items: sparse.csr_matrix, known: Events, task: Task,
               options: ForestRecipe, seed: int) -> FittedForest:
    """Chooses features and fits a forest.

    Args:
      users: Features of the users.
      items: Features of the items.
      known: The events to learn from; those without the label are left out.
      task: Names the label, and says whether it is a value or a probability.
      options: The forest's shape.
      seed: Seed of rows and trees.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    classifies = task.kind.chance
    kind = RandomForestClassifier if classifies else RandomForestRegressor
    label = known.labels[str(task.label)]
    rows = np.flatnonzero(~np.isnan(label))
    if len(rows) > options.max_rows:
        rows = np.sort(np.random.default_rng(seed).choice(rows, options.max_rows, replace=False))
    target = label[rows].astype(int) if classifies else label[rows]
    joined = sparse.hstack([users[known.users[rows]], items[known.items[rows]]]).tocsr()
    chooser = kind(_CHOOSING_TREES, max_depth=_CHOOSING_DEPTH, max_features="sqrt",
                   min_samples_leaf=options.min_leaf, random_state=seed, n_jobs=-1)
    importance = chooser.fit(joined, target).feature_importances_
    best = np.argsort(-importance, kind="stable")[: options.features]
    chosen = np.sort(best[importance[best] > 0]) if importance.any() else best
    model = kind(options.trees, max_features="sqrt", min_samples_leaf=options.min_leaf,
                 random_state=seed, n_jobs=-1)
    return FittedForest(model.fit(joined[:, chosen].toarray(), target), chosen, classifies)


def rank(forest: FittedForest, users: sparse.csr_matrix, items: sparse.csr_matrix) -> np.ndarray:
    """Returns the score of each user and item, float32 `(users, items)`."""
    left, right = _chosen(forest, users, items)
    scores = np.empty((users.shape[0], items.shape[0]), np.float32)
    step = max(1, _ROWS // items.shape[0])
    progress = Progress("Forest, groups of users scored", -(-len(left) // step))
    for start in progress.over(range(0, len(left), step)):
        some = left[start : start + step]
        rows = np.concatenate(
            [np.repeat(some, len(right), axis=0), np.tile(right, (len(some), 1))], axis=1)
        scores[start : start + step] = forest.predict(rows).reshape(len(some), len(right))
    return scores


def _on_test(forest: FittedForest, task: Task, users, items, test: Events) -> TaskScores:
    label = test.labels[str(task.label)]
    rows = np.flatnonzero(~np.isnan(label))
    left, right = _chosen(forest, users, items)
    parts = [np.zeros(0, np.float32)]
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        parts.append(forest.predict(
            np.concatenate([left[test.users[some]], right[test.items[some]]], axis=1)))
    return TaskScores(task.head.model_dump(mode="json"), label[rows].astype(np.float32),
                      np.concatenate(parts))


def _chosen(forest: FittedForest, users: sparse.csr_matrix, items: sparse.csr_matrix):
    """Returns the chosen columns of both sides, dense; all of a user's come first."""
    split = users.shape[1]
    return (users[:, forest.chosen[forest.chosen < split]].toarray(),
            items[:, forest.chosen[forest.chosen >= split] - split].toarray())
