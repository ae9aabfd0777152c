"""A small shop with a recipe and a root, and what its runs came to."""

import io
import json
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from rich.console import Console

from components.sources.demo import DemoSizes, write_demo
from pipeline.config import RunConfig, load_config
from pipeline.run import run as run_pipeline
from serving.model_config import versions

RECIPE = {
    "description": "Every modality, little training.",
    "modalities": {"categorical": {}, "numeric": {}, "text": {"tokens": 16, "vocabulary": 500},
                   "image": {"height": 16, "width": 16}},
    "relevant": "like",
    "tasks": {
        "retrieval": {"head": "retrieval", "label": "like"},
        "rating": {"head": "regression", "label": "rating"},
        "like": {"head": "binary", "label": "like"}},
    "balancing": {"fixed": {"weights": {"rating": 0.3, "like": 0.3}}},
    "model": {"dim": 16, "dropout": 0.1},
    "training": {"max_epochs": 4, "batch_size": 64, "learning_rate": 0.003, "patience": 4},
}
# What the tests look at is whether a limit holds, not how good so small a model is.
LENIENT = {"max_error_ratio": 9, "min_auc_above_chance": -0.5, "max_error_increase": 9,
           "max_auc_decrease": 1, "max_p99_ms": 60_000, "min_ndcg_difference": -1,
           "max_ndcg_shortfall": 1e9, "min_ranked_users": 1, "max_value_loss": 1e9}


@dataclass(frozen=True)
class Run:
    """What a run came to."""

    code: int
    folder: Path
    output: str
    seconds: float

    @property
    def metrics(self) -> dict:
        return json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))

    def ran(self) -> set[str]:
        """Components that did not come from the cache; resolvers never do."""
        return {name for name, cached in self.metrics["cached"].items() if not cached} - {
            "baseline_model", "past_data"}

    def inputs(self, component: str) -> dict[str, list[str]]:
        """URIs of what a component read in this run, from the metadata store."""
        return self._artifacts(component, metadata_store_pb2.Event.INPUT)

    def outputs(self, component: str) -> dict[str, str]:
        """URIs of what a component made, or took from the cache, in this run."""
        result = self._artifacts(component, metadata_store_pb2.Event.OUTPUT)
        return {key: uri for key, (uri,) in result.items()}

    def _artifacts(self, component: str, kind: int) -> dict[str, list[str]]:
        store = MetadataStore(connection(self.folder.parents[1]))
        context = store.get_context_by_type_and_name("pipeline_run", self.folder.name)
        for execution in store.get_executions_by_context(context.id):
            names = {c.name.partition(".")[2] for c in store.get_contexts_by_execution(
                execution.id)}
            if component in names:
                break
        else:
            raise KeyError(component)
        result: dict[str, list[str]] = {}
        for event in store.get_events_by_execution_ids([execution.id]):
            if event.type == kind:
                (artifact,) = store.get_artifacts_by_id([event.artifact_id])
                result.setdefault(event.path.steps[0].key, []).append(artifact.uri)
        return result


def connection(root: Path) -> metadata_store_pb2.ConnectionConfig:
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(root / "metadata.sqlite")
    return config


@dataclass(frozen=True)
class Project:
    """A shop, a recipe and a root for its runs."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def shop(self) -> Path:
        return self.folder / "shop"

    @property
    def config_file(self) -> Path:
        return self.folder / "run.yaml"

    def config(self, **checks: float) -> RunConfig:
        values = {"dataset": "demo", "data_dir": str(self.shop), "root": str(self.root),
                  "recipe": str(self.folder / "small.yaml"), "checks": LENIENT | checks}
        self.config_file.write_text(yaml.safe_dump(values), encoding="utf-8")
        return load_config(self.config_file)

    def run(self, **checks: float) -> Run:
        console = Console(file=io.StringIO(), width=200)
        config, start = self.config(**checks), time.monotonic()
        code = run_pipeline(config, console)
        folder = (self.root / "runs" / "latest").resolve()
        return Run(code, folder, console.file.getvalue(), time.monotonic() - start)

    @property
    def served(self) -> Path:
        return self.root / "serving" / "demo-small-1"

    def pushed(self) -> list[int]:
        return list(versions(self.served))


def new_project(folder: Path, sizes: DemoSizes) -> Project:
    write_demo(folder / "shop", sizes)
    (folder / "small.yaml").write_text(yaml.safe_dump(RECIPE), encoding="utf-8")
    return Project(folder)
