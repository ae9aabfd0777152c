"""What the kinds share that predict a probability, or several that are independent."""

from schemas import FeatureSpec
from trainer.tasks.kind import Metric, TaskKind

AT_A_HALF = (Metric("AUC", limit="auc"), Metric("BinaryAccuracy"), Metric("Precision"),
             Metric("Recall"))
# Its points are those of the ROC curve.
CONFUSION = Metric("ConfusionMatrixPlot", options='{"num_thresholds": 100}')


class Probability(TaskKind):
    """Base of those kinds: labels of 0 or 1, and an output that is the log-odds of 1."""

    zero_one = True

    def prediction(self, spec: FeatureSpec, targets: tuple[str, ...], raw):
        """Returns the probability."""
        from keras import ops

        return ops.sigmoid(raw)

    def metrics(self, spec: FeatureSpec, targets: tuple[str, ...]) -> tuple[Metric, ...]:
        """Returns the area under the curve, which has a limit, and what 0.5 as threshold gives."""
        return *AT_A_HALF, CONFUSION
