"""The export: from trained weights to the SavedModel with its predictions, or to written scores."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from serving.model_files import write_manifest
from trainer.data.memory import remember
from trainer.data.tables import Table
from trainer.evaluation.written_scores import WrittenScores
from trainer.export.constant_weights import constant_weights
from trainer.export.evaluation import EvaluationColumns
from trainer.export.module import Recommender
from trainer.export.predictions import PredictionRecorder, recorded
from trainer.export.samples import SampleRequests, write_logged_histories, write_warm_up
from trainer.export.save import save, trace_signatures
from trainer.families import FAMILIES
from trainer.late_fusion.network import OlderSum
from trainer.layers.lookup import UserEmbedding, UserTable
from trainer.network.model import Network
from trainer.options import look_up
from trainer.run import Given
from trainer.training.data import TrainingData

log = logging.getLogger("tessera.exporter")


class UserRows(tf.Module):
    """Names the variables of a model that have a row a user; `serving.forgetting` reads the names.

    Args:
      users: The users table.
      network: The trained network.
      recommender: What responds.
      evaluation: What TFMA reads.

    Attributes:
      ids: The file of the users' ids, one a line; the first one's index is 1.
      rows: Variables with one row a user, that of the unknown user first.
      places: Variables with one row a user, of places in those of `placed`.
      placed: Variables that are read at such places alone, of which 0 is nobody's.
      ends: Where each user's part of `events` begins, and the end of the last.
      events: Items of the users' events, user after user.
    """

    def __init__(self, users: Table, network: Network, recommender: Recommender,
                 evaluation: EvaluationColumns):
        super().__init__(name="user_rows")
        self.ids = tf.saved_model.Asset(users.vocabulary)
        older = [layer for layer in _layers(network) if isinstance(layer, OlderSum)]
        pairs = [*recommender.request.placed, *(
            (layer.place.table, layer.sums.table) for layer in older)]
        self.rows = [*_of_layers(network), *recommender.request.of_users, *evaluation.of_users]
        self.places, self.placed = [one for one, _ in pairs], [one for _, one in pairs]
        self.ends, self.events = recommender.seen.by_user


def _layers(network: Network) -> Iterator:
    yield from network.user_lookup.values()
    yield from network.user._flatten_layers(include_self=False)


def _of_layers(network: Network) -> Iterator:
    for layer in _layers(network):
        if isinstance(layer, UserTable):
            yield layer.table
        elif isinstance(layer, UserEmbedding):
            yield layer.embeddings


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
    family = look_up(FAMILIES, given.bound.recipe.family, "family")
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
    spec = given.bound.spec
    events = data.events(*data.files)
    history = spec.histories().get("item_id")
    length = int(history.max_values or 0) if history else 0
    memory = remember(events, data.users, data.items, length)
    with constant_weights(network):
        recommender = Recommender(given.bound, network, data.users, data.items, memory,
                                  given.transforms, given.encodings)
        evaluation = EvaluationColumns(
            given.bound, recommender, data.users, data.items, given.transforms["items"])
        signatures = trace_signatures(recommender, evaluation)
    recommender.user_rows = UserRows(data.users, network, recommender, evaluation)
    requests = SampleRequests(spec, data.users, data.items,
                              given.transforms["interactions"].raw_feature_spec())(signatures)
    recorder = PredictionRecorder(given.bound, network, data.items, events)
    recorder.write(data.reader.rows(data.files["test"]), predictions, given.seed,
                   recorded(signatures, requests))
    save(recommender, signatures, model)
    write_warm_up(requests, model)
    write_logged_histories(spec, model)
    write_manifest(model)
    size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    log.info("Exporter: a SavedModel of %s items, %.1f MB",
             f"{recommender.catalogue.size:,}", size / 1e6)
