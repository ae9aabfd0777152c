"""A second extension of tests: toys that are less like what Tessera has itself.

A modality of several columns whose options nest, and kinds of tasks with options, with several
numbers, with several labels and with a loss of retrieval.
"""

from typing import Annotated

import numpy as np
import tensorflow as tf
from pydantic import Field

from schemas.modality import RawModality
from trainer.modalities import Modality, register
from trainer.modalities.modality import Block, present_column, zeros
from trainer.modalities.options import ModalityOptions
from trainer.options import Strict, Tuned, Way
from trainer.parts.part import Built, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column
from trainer.preprocessing.raw import one
from trainer.tasks import TASK_KINDS
from trainer.tasks.kind import Metric, TaskKind, Trivial


class Years(Strict):
    """How years become numbers near 0."""

    middle: float = 2000.0
    width: Annotated[float, Field(gt=0)] = 50.0


class SpanOptions(ModalityOptions):
    """What a recipe may say of spans."""

    prepared = ("years",)

    years: Years = Years()
    dropout: Tuned[Annotated[float, Field(ge=0, lt=1)]] = 0.0


def length(feature: str) -> str:
    return f"{feature}__length"


class Span(Modality):
    """A span of years, written as 1990-1999, without an explanation of its pieces."""

    raw = RawModality("span", "a span of years")
    options = SpanOptions

    def columns(self, feature, options):
        for name in (feature.name, length(feature.name)):
            yield Column(name, feature.name, "float32")
        yield present_column(feature)

    def readable(self, raw):
        return tf.where(tf.strings.regex_full_match(raw, "[0-9]{1,4}-[0-9]{1,4}"), raw, "")

    def preprocess(self, column, feature, options):
        value, years = one(column), options["years"]
        parts = tf.strings.split(tf.strings.join([value, "-0-0"]), "-").to_tensor("0")
        first, last = (tf.strings.to_number(tf.where(parts[:, i] == "", "0", parts[:, i]))
                       for i in (0, 1))
        present = tf.cast(tf.strings.length(value) > 0, tf.float32)
        return {feature.name: present * (first - years["middle"]) / years["width"],
                length(feature.name): present * (last - first) / years["width"],
                columns.present(feature.name): present}

    def parts(self, feature, options):
        def build(materials):
            import keras

            from trainer.layers.towers import NumericTower

            @keras.saving.register_keras_serializable("stalls")
            class SpanTower(NumericTower):
                def call(self, inputs, training=None):
                    *numbers, present = inputs
                    return super().call((keras.ops.stack(numbers, axis=1), present),
                                        training=training)

            layer = SpanTower(materials.dim, name=f"{materials.side}_{feature.name}")
            names = (feature.name, length(feature.name), columns.present(feature.name))
            return Built(layer, *layer(tuple(materials.inputs[name] for name in names)))

        yield Part(feature.name, feature.side, f"the span {feature.name!r}", build,
                   gradient=(Numbers(zeros), Numbers(zeros, column=length)))

    def block(self, name, read):
        from keras import ops

        return Block(ops.stack([read[name], read[length(name)]], axis=1))


class QuantileOptions(Way):
    """What a recipe may say of quantiles."""

    name = "quantile"

    shares: tuple[float, ...] = (0.1, 0.5, 0.9)


class Quantile(TaskKind):
    """Predicts several quantiles of a number (Koenker and Bassett 1978); TFMA measures none."""

    name = "quantile"
    needs_label = True
    options = QuantileOptions
    head: QuantileOptions
    metrics = (Metric("pinball", less_is_better=True, shown="pinball"),)

    def units(self, spec, targets):
        return len(self.head.shares)

    def start(self, spec, targets, means):
        return [means[targets[0]]] * len(self.head.shares)

    def loss(self, name, targets, batch):
        from keras import ops

        from trainer.layers.losses import labelled_mean

        def each(raw, label):
            over = label[:, None] - raw
            shares = ops.convert_to_tensor(self.head.shares)
            return ops.mean(ops.maximum(shares * over, (shares - 1) * over), axis=1)

        return labelled_mean(each, batch.outputs[name], batch.labels[targets[0]])

    def trivial(self, mean, labels):
        return Trivial("predicting the training mean", {
            "pinball": self.pinball(labels, np.full((len(labels), 1), mean))})

    def measured(self, labels, predictions):
        return {"pinball": self.pinball(labels, predictions)}

    def pinball(self, labels, predictions):
        over, shares = labels[:, None] - predictions, np.array(self.head.shares)
        return float(np.mean(np.maximum(shares * over, (shares - 1) * over))) if len(
            labels) else np.nan


class Count(TaskKind):
    """Predicts how many, by the loss of Poisson; nothing is measured of less than none."""

    name = "count"
    needs_label = True
    ranks = True
    metrics = (
        Metric("deviance", "Poisson", less_is_better=True, shown="deviance"),)

    def start(self, spec, targets, means):
        return float(np.log(max(means[targets[0]], 1e-3)))

    def loss(self, name, targets, batch):
        from keras import ops

        from trainer.layers.losses import labelled_mean

        return labelled_mean(lambda raw, label: ops.exp(raw) - label * raw,
                             batch.outputs[name], batch.labels[targets[0]])

    def prediction(self, spec, targets, raw):
        from keras import ops

        return ops.exp(raw)

    def trivial(self, mean, labels):
        return Trivial("predicting the mean", self.measured(labels, np.full(len(labels), mean)))

    def measured(self, labels, predictions):
        with np.errstate(all="ignore"):
            each = predictions - labels * np.log(predictions)
        return {"deviance": float(np.mean(each)) if len(labels) else np.nan}


class SeveralNumbers(TaskKind):
    """Predicts several numbers at once."""

    name = "numbers"
    several = True
    metrics = (Metric("mae", "MeanAbsoluteError", less_is_better=True, shown="MAE"),)

    def check(self, label, labels):
        if not labels:
            raise ValueError("a task with head 'numbers' needs 'labels'")

    def units(self, spec, targets):
        return len(targets)

    def start(self, spec, targets, means):
        return [means[target] for target in targets]

    def loss(self, name, targets, batch):
        from keras import ops

        from trainer.layers.losses import labelled_mean, squared_error

        labels = ops.stack([batch.labels[target] for target in targets], axis=1)
        return labelled_mean(squared_error, batch.outputs[name], labels)

    def trivial(self, mean, labels):
        return Trivial("predicting the means", self.measured(labels, np.array([mean])))

    def measured(self, labels, predictions):
        return {"mae": float(np.abs(labels - predictions).mean()) if len(labels) else np.nan}


class Pairwise(TaskKind):
    """Ranks the catalogue by pairs in a batch (Rendle et al. 2009), and has nothing to say."""

    name = "pairwise"
    zero_one = True
    ranks = True
    retrieves = True

    def loss(self, name, targets, batch):
        from keras import ops

        query, candidate = (ops.cast(batch.outputs[n], "float32") for n in ("query", "candidate"))
        scores, weight = ops.matmul(query, ops.transpose(candidate)), batch.event_weight(targets)
        lost = ops.mean(ops.softplus(scores - ops.diagonal(scores)[:, None]), axis=1)
        return ops.sum(weight * lost) / ops.maximum(ops.sum(weight), 1.0)


register(Span())
for _kind in (Quantile(), Count(), SeveralNumbers(), Pairwise()):
    TASK_KINDS[_kind.name] = _kind
