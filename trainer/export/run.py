"""The export: from trained weights to the SavedModel with its predictions, or to written scores."""

import logging
import shutil
from pathlib import Path

from serving.manifest import write_manifest
from trainer.evaluation.written_scores import WrittenScores
from trainer.export.constant_weights import constant_weights
from trainer.export.evaluation import EvaluationColumns
from trainer.export.memory import remember
from trainer.export.module import Recommender
from trainer.export.predictions import PredictionRecorder, recorded
from trainer.export.samples import SampleRequests, write_warm_up
from trainer.export.save import save, trace_signatures
from trainer.export.user_rows import UserRows
from trainer.families import FAMILIES
from trainer.layers.registry import look_up
from trainer.network.model import Network
from trainer.run import Given
from trainer.training.fit import TrainingData

log = logging.getLogger("tessera.exporter")


def export(given: Given, weights: Path, model: Path, written: Path) -> None:
    """Makes of trained weights what the pipeline goes on with.

    Args:
      given: What was trained, and from what.
      weights: Folder of what training learned.
      model: Folder of the model: a SavedModel, or a copy of the weights of one that is none.
      written: Folder of the network's recorded predictions, or of the scores of a model that is
        none.
    """
    data = given.data()
    family = look_up(FAMILIES, given.recipe.family, "family")
    trained = family.restore(data, given.seed, weights)
    if isinstance(trained, WrittenScores):
        trained.save(written)
        shutil.copytree(weights, model)
        log.info("Exporter: scores of %s users", f"{len(trained.users):,}")
    else:
        _export_network(given, data, trained, model, written)


def _export_network(given: Given, data: TrainingData, network: Network, model: Path,
                    predictions: Path) -> None:
    """Records a network's predictions and writes the SavedModel."""
    spec, recipe = given.spec, given.recipe
    events = data.events(*data.files)
    history = spec.histories().get("item_id")
    length = int(history.max_values or 0) if history else 0
    memory = remember(events, data.users, data.items, length)
    with constant_weights(network):
        recommender = Recommender(spec, recipe, network, data.users, data.items, memory,
                                  given.transforms, given.encodings)
        evaluation = EvaluationColumns(
            spec, recipe, recommender, data.users, data.items, given.transforms["items"])
        signatures = trace_signatures(recommender, evaluation)
    recommender.user_rows = UserRows(data.users, network, recommender, evaluation)
    requests = SampleRequests(spec, data.users, data.items,
                              given.transforms["interactions"].raw_feature_spec())(signatures)
    recorder = PredictionRecorder(spec, recipe, network, data.items, events)
    recorder.write(data.reader.rows(data.files["test"]), predictions, given.seed,
                   recorded(signatures, requests))
    save(recommender, signatures, model)
    write_warm_up(requests, model)
    write_manifest(model)
    size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    log.info("Exporter: a SavedModel of %s items, %.1f MB",
             f"{recommender.catalogue.size:,}", size / 1e6)
