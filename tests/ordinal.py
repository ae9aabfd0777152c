"""A kind of task that no module of the product names: grades, by their order alone."""

import numpy as np

from trainer.tasks.kind import Metric, TaskKind


class Ordinal(TaskKind):
    """Predicts a grade: the output says how many of the steps between two grades are taken.

    McCullagh 1980, "Regression models for ordinal data", with one distance between all steps.
    """

    name = "ordinal"
    needs_label = True
    ranks = True

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

    def metrics(self, spec, targets):
        return (Metric("RootMeanSquaredError", limit="rmse"),
                Metric("MeanAbsoluteError", largest=4.0))

    def measured(self, labels, predictions):
        return {"rmse": float(np.sqrt(np.mean((predictions - labels) ** 2)))}


STEPS = np.array([1.5, 2.5, 3.5, 4.5], "float32")  # between grades of 1 to 5
