"""What a family of models is given to train, and the summary that it leaves."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.evaluation.label_facts import label_facts
from trainer.training.data import TrainingData

log = logging.getLogger("tessera.trainer")


@dataclass(frozen=True)
class Refit:
    """A training that was done, to be done once more on other events.

    Attributes:
      data: The events, in the splits `train` and `validation`, and the rest of what is read; the
        users of `test` are those whose scores are asked of a model that writes them.
      seed: Seed of everything random.
      weights: Folder of what the training learned.
      summary: Its `summary.json`.
      scratch: Folder for whatever is written.
    """

    data: TrainingData
    seed: int
    weights: Path
    summary: Mapping[str, Any]
    scratch: Path


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
      data: What to train, and on what.
      seed: Seed of everything random.
      key: Digest of configuration, inputs and code.
      run_dir: Folder of the logs and the summary.
      weights: Folder of all that training learns; the export reads it and the data, no more.
    """

    data: TrainingData
    seed: int
    key: str
    run_dir: Path
    weights: Path

    def summarize(self, parameters: int, **figures: Any) -> None:
        """Writes `summary.json`, which becomes a part of the run's `metrics.json`."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        data = self.data
        facts = label_facts(data.bound, data.users, data.events("train", "validation"),
                            data.events("test"))
        recipe = data.recipe
        of_items = [name for name in recipe.scored if not recipe.tasks[name].of_user(data.spec)]
        summary = {"family": recipe.family, "parameters": parameters, "labels": facts,
                   "ranking": recipe.ranking, "scored": of_items, **figures}
        (self.run_dir / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
        log.info("Trainer: %s of %s parameters", recipe.family, f"{parameters:,}")
