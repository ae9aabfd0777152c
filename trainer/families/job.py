"""What a family of models is given, and what it leaves behind."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_transform as tft

from schemas import FeatureSpec
from trainer.answers import Answerer
from trainer.data.events import Events, concatenate, read_events
from trainer.encoders.encodings import Encodings
from trainer.export.evaluation import EvaluationColumns
from trainer.export.memory import remember
from trainer.export.module import Recommender
from trainer.export.save import save
from trainer.fit import TrainingData
from trainer.label_facts import label_facts
from trainer.model import Network


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
      data: What to train, and on what.
      transforms: The outputs of the three transforms, by table.
      encodings: What pretrained encoders made of the tables, where the recipe has some.
      seed: Seed of everything random.
      key: Digest of configuration, inputs and code.
      run_dir: Folder of the logs and the summary.
      model_dir: Folder of the model.
      answers_dir: Folder of recorded answers, for a model that is served.
      scores_dir: Folder of written scores, for a model that is not.
    """

    data: TrainingData
    transforms: dict[str, tft.TFTransformOutput]
    encodings: Encodings | None
    seed: int
    key: str
    run_dir: Path
    model_dir: Path
    answers_dir: Path | None
    scores_dir: Path | None

    @property
    def spec(self) -> FeatureSpec:
        """The dataset's spec."""
        return self.data.spec

    @property
    def recipe(self) -> Any:
        """What to train, a recipe of the class that its family has."""
        return self.data.recipe

    def events(self, *splits: str) -> Events:
        """Returns the events of some splits."""
        return concatenate([read_events(self.data.reader, self.data.files[s]) for s in splits])

    def summarize(self, parameters: int, **figures: Any) -> None:
        """Writes `summary.json`, which becomes a part of the run's `metrics.json`."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        facts = label_facts(self.spec, self.recipe, self.data.users,
                            self.events("train", "validation"), self.events("test"))
        summary = {"family": self.recipe.family, "parameters": parameters, "labels": facts,
                   **figures}
        (self.run_dir / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")

    def deliver(self, network: Network, events: Events) -> None:
        """Records a network's answers and exports it; `events` are those of all splits."""
        data, spec, recipe = self.data, self.spec, self.recipe
        rows = data.reader.rows(data.files["test"])
        answerer = Answerer(spec, recipe, network, data.items, events)
        assert self.answers_dir is not None
        answerer.write(rows, self.answers_dir, self.seed)
        history = spec.histories().get("item_id")
        length = int(history.max_values or 0) if history else 0
        memory = remember(events, data.users, data.items, length)
        recommender = Recommender(
            spec, recipe, network, data.users, data.items, memory, self.transforms,
            self.encodings)
        evaluation = EvaluationColumns(
            spec, recipe, recommender, data.users, data.items, self.transforms["items"])
        save(recommender, evaluation, self.model_dir)
