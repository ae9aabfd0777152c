"""An extension that tests alone define: a modality, a kind of task, a check and a source.

Only `extended.registered` imports it, so that no other test has what it registers.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tensorflow as tf
from pydantic import Field
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from components.artifacts import Verdict
from components.further_checks import FURTHER_CHECKS
from components.sources import SOURCES, Record, SourceKind
from components.verdict import Outcome
from schemas import SIDES
from schemas.modality import RawModality
from trainer.modalities import Division, Modality, register
from trainer.modalities.modality import Block, present_column, zeros
from trainer.modalities.options import ModalityOptions
from trainer.parts.part import Built, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column
from trainer.preprocessing.raw import dense
from trainer.tasks import TASK_KINDS
from trainer.tasks.kind import Limit, Metric, TaskKind, Trivial, error_limit, error_metrics

AXES = ("north", "east")
SHARE = 0.25  # of what the toy finds new in any model
STEPS = np.array([1.5, 2.5, 3.5, 4.5], "float32")  # between grades of 1 to 5


class GeoOptions(ModalityOptions):
    """What a recipe may say of places."""

    prepared = ("scale",)

    scale: Annotated[float, Field(gt=0)] = 90.0


class Geo(Modality):
    """A place: two numbers that become a vector."""

    raw = RawModality("geo", "a place")
    options = GeoOptions
    divisible = True

    def columns(self, feature, options):
        yield Column(feature.name, feature.name, "float32", (2,))
        yield present_column(feature)

    def preprocess(self, column, feature, options):
        place = dense(column, 2, float("nan"))
        present = tf.cast(~tf.math.is_nan(place[:, 0]), tf.float32)
        return {feature.name: tf.where(tf.math.is_nan(place), 0.0, place / options["scale"]),
                columns.present(feature.name): present}

    def parts(self, feature, options):
        def build(materials):
            from trainer.layers.towers import NumericTower

            layer = NumericTower(materials.dim, name=f"{materials.side}_{feature.name}")
            return Built(layer, *layer((materials.inputs[feature.name],
                                        materials.inputs[columns.present(feature.name)])))

        yield Part(feature.name, feature.side, f"the place {feature.name!r}", build,
                   gradient=(Numbers(zeros, 2),))

    def block(self, name, read):
        return Block(read[name])

    def divide(self, values):
        for axis, name in enumerate(AXES):
            yield Division("axis", name, [0.0 if i == axis else v for i, v in enumerate(values)])

    def shares(self, name, values, attributions, options):
        yield from (("axis", axis, float(share))
                    for axis, share in zip(AXES, attributions[name], strict=True))


class Ordinal(TaskKind):
    """Predicts a grade by its order: the output says how many steps between grades are taken.

    McCullagh 1980, "Regression models for ordinal data", with one distance between all steps.
    """

    name = "ordinal"
    needs_label = True
    ranks = True
    metrics = (
        Metric("rmse", "RootMeanSquaredError", less_is_better=True, limit=error_limit),
        Metric("mae", "MeanAbsoluteError", less_is_better=True, shown="MAE",
               limit=lambda checks, units: Limit(high=4.0)),
        Metric("r2", "SquaredPearsonCorrelation"),
        Metric("kappa", shown="kappa"))

    def start(self, spec, targets, means):
        return means[targets[0]]

    def loss(self, name, targets, batch):
        from keras import ops

        from trainer.layers.losses import binary_crossentropy, labelled_mean

        def each(raw, grade):
            taken = ops.cast(grade[:, None] > STEPS, "float32")
            return ops.mean(binary_crossentropy(raw[:, None] - STEPS, taken), axis=1)

        return labelled_mean(each, batch.outputs[name], batch.labels[targets[0]])

    def prediction(self, spec, targets, raw):
        from keras import ops

        return 1.0 + ops.sum(ops.sigmoid(raw[..., None] - STEPS), axis=-1)

    def trivial(self, mean, labels):
        return Trivial("predicting the middle grade", {"mae": float(np.abs(labels - 3.0).mean())})

    def measured(self, labels, predictions):
        return error_metrics(labels, predictions) | {"kappa": kappa(labels, predictions)}


def kappa(labels, predictions):
    """Cohen's kappa with quadratic weights: the errors, against those of grades dealt anew."""
    apart = np.mean((labels[:, None] - predictions[None, :]) ** 2) if len(labels) else np.nan
    return float(1 - np.mean((labels - predictions) ** 2) / apart) if apart else np.nan


@component
def Novelty(  # noqa: N802  a component is called as its class would be
        model: InputArtifact[standard_artifacts.Model], verdict: OutputArtifact[Verdict],
        min_share: Parameter[float] = 0.5) -> None:
    """Asks of a model that a share of what it recommends is new."""
    reasons = [] if min_share <= SHARE else [f"a share of {SHARE} is new, below {min_share}"]
    Outcome(not reasons, reasons, {"novelty": {"share": SHARE}}).save(verdict.uri, "Novelty")


def add_novelty(built, min_share=0.5):
    return Novelty(model=built.newest(standard_artifacts.Model), min_share=min_share)


@dataclass(frozen=True)
class Kiosk:
    """A folder with a file for each table, and a record as JSON in each line."""

    data_dir: str

    def has_table(self, side: str) -> bool:
        return True

    def files(self) -> list[Path]:
        return [Path(self.data_dir, shard) for side in SIDES for shard in self.shards(side)]

    def shards(self, side: str) -> list[str]:
        return [f"{side}.jsonl"]

    def records(self, side: str, shard: str) -> Iterator[Record]:
        with Path(self.data_dir, shard).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield Record(json.loads(line), shard, number)


register(Geo())
TASK_KINDS[Ordinal.name] = Ordinal()
FURTHER_CHECKS["Novelty"] = add_novelty
SOURCES["kiosk"] = SourceKind(Kiosk, str(Path(__file__).with_name("kiosk")))
