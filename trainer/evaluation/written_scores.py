"""Scores as files, of a model that no server can load: who would ask it reads them here.

`ranking.npz` holds the ids of users and items and the score of every pair of them;
`predictions.npz` each task's label and prediction on the rows of the test split that have the
label; `tasks.json` the head of each task.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_RANKING, _PREDICTIONS, _TASKS = "ranking.npz", "predictions.npz", "tasks.json"


@dataclass(frozen=True)
class TaskScores:
    """One task on the test split.

    Attributes:
      head: What the recipe says of its head, as JSON values: a name, or `{name: {options}}`.
      labels: `(rows,)`, of the rows that have one.
      predictions: Values or probabilities, `(rows,)`.
    """

    head: Any
    labels: np.ndarray
    predictions: np.ndarray


@dataclass(frozen=True)
class WrittenScores:
    """All scores of a model.

    Attributes:
      users: Ids of the users with a test row, `(users,)`.
      items: Ids of the catalogue, `(items,)`.
      ranking: Score of each pair, float32 `(users, items)`.
      tasks: The tasks' scores by name.
    """

    users: list[str]
    items: list[str]
    ranking: np.ndarray
    tasks: dict[str, TaskScores]

    def save(self, folder: Path) -> None:
        """Writes the files."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / _RANKING, users=np.array(self.users), items=np.array(self.items),
                 ranking=self.ranking)
        arrays: dict[str, Any] = {
            f"{kind}_{name}": values for name, task in self.tasks.items()
            for kind, values in (("label", task.labels), ("prediction", task.predictions))}
        np.savez(folder / _PREDICTIONS, **arrays)
        heads = {name: task.head for name, task in self.tasks.items()}
        (folder / _TASKS).write_text(json.dumps(heads), encoding="utf-8")

    @staticmethod
    def there(folder: Path) -> bool:
        """Returns whether a folder holds written scores."""
        return (folder / _RANKING).is_file()

    @staticmethod
    def load(folder: Path) -> "WrittenScores":
        """Reads the files."""
        with np.load(folder / _RANKING) as arrays:
            users, items, ranking = (arrays[n] for n in ("users", "items", "ranking"))
        heads = json.loads((folder / _TASKS).read_text(encoding="utf-8"))
        with np.load(folder / _PREDICTIONS) as arrays:
            tasks = {name: TaskScores(head, arrays[f"label_{name}"], arrays[f"prediction_{name}"])
                     for name, head in heads.items()}
        return WrittenScores(users.tolist(), items.tolist(), ranking, tasks)
