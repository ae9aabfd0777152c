"""What a kind of task decides: its labels, head, loss, predictions and metrics.

The command line reads kinds before anything needs Keras, so that methods import what they compute
with.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from schemas import FeatureSpec
from schemas.spec import Label
from trainer.options import Way, plain
from trainer.preprocessing import columns

Start = float | list[float]

# Nobody is sure of what the training rows do not show: a head must be able to learn otherwise.
RAREST = 1e-4


def error_metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Measures predicted values.

    Args:
      labels: `(rows,)`, of the rows that have one.
      predictions: `(rows,)`.

    Returns:
      `rmse` and `mae` in the label's unit; NaN without rows.
    """
    if not len(labels):
        return {"rmse": np.nan, "mae": np.nan}
    error = predictions.astype(float) - labels.astype(float)
    return {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.abs(error).mean())}


class Limit(NamedTuple):
    """What a metric must keep; each part asks for nothing where it is `None`.

    Attributes:
      low: Its smallest value.
      high: Its largest value.
      worse: How much worse than that of the last blessed model it may be.
      relative: Whether that is a share of the last model's, for a metric that is never below 0.
    """

    low: float | None = None
    high: float | None = None
    worse: float | None = None
    relative: bool = False

    def missed(self, value: float) -> str:
        """Returns what a value is that it must not be, as `below 0.55`; NaN keeps no bound."""
        if self.low is not None and not value >= self.low:
            return f"below {self.low:.4g}"
        if self.high is not None and not value <= self.high:
            return f"above {self.high:.4g}"
        return ""


def no_limit(checks: Any, units: int) -> Limit:
    """Asks for nothing."""
    return Limit()


def error_limit(checks: Any, units: int) -> Limit:
    """Lets an error grow by a share of the last blessed model's; the scale is the label's own."""
    return Limit(worse=checks.max_error_increase, relative=True)


@dataclass(frozen=True)
class Metric:
    """A figure of a task: all that tables, reports and checks know of it.

    Attributes:
      key: What `metrics.json` calls it.
      name: Its class in Keras or TFMA, or with its module in front that of an extension; empty if
        TFX's Evaluator does not measure it, and `TaskKind.measured` alone does.
      options: The arguments of that class.
      less_is_better: Whether it is an error.
      shown: What tables call it; empty where they leave it out.
      of_pairs: Whether it compares rows of different labels, so that labels of one value have none.
      limit: What it must keep, given the section `checks` of the configuration and the number of
        the head's units.
    """

    key: str
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    less_is_better: bool = False
    shown: str = ""
    of_pairs: bool = False
    limit: Callable[[Any, int], Limit] = no_limit

    def __post_init__(self) -> None:
        """Refuses a limit that TFX's Evaluator would not hold it against."""
        if not self.name and self.limit is not no_limit:
            raise ValueError(f"the metric {self.key!r} has a limit, and no class that measures it")

    @property
    def facts(self) -> dict[str, Any]:
        """What is true of it, for whoever reads figures and knows no kinds, as JSON values."""
        return {name: value for name in ("shown", "less_is_better", "of_pairs")
                if (value := getattr(self, name))}


class Trivial(NamedTuple):
    """What predicts without a model.

    Attributes:
      name: What it does, such as `predicting the training mean`.
      errors: How large its errors are, by the key of the metric.
    """

    name: str = ""
    errors: Mapping[str, float] = {}


@dataclass(frozen=True)
class Batch:
    """What a loss may read of a training step.

    Attributes:
      labels: Labels by name, `(batch,)`, NaN where a row has none.
      outputs: The network's outputs.
      sampled_softmax: The retrieval loss, with the signature of
        `trainer.layers.losses.in_batch_softmax`.
      probability: Chance of each item index among the training rows, `(items,)`.
      variances: Variance of a label over the training rows; 1 where not given.
    """

    labels: Mapping[str, Any]
    outputs: Mapping[str, Any]
    sampled_softmax: Callable[..., Any]
    probability: np.ndarray
    variances: Mapping[str, float] = field(default_factory=dict)

    def event_weight(self, targets: tuple[str, ...]):
        """Returns how much each row counts as a positive example of a label, `(batch,)`."""
        from trainer.layers.losses import positive_weight

        label = self.labels[targets[0]] if targets else None
        return positive_weight(
            self.outputs["index"], label, self.labels.get(columns.EVENT_WEIGHT))


class TaskKind:
    """Base of the kinds: a task without a label whose head gives one number.

    `targets` are the names of the labels that a task reads. A kind has no state but what a recipe
    says of the head: all else that differs between two tasks of a kind comes as an argument.

    Attributes:
      name: What recipes call the kind, by the key `head`.
      needs_label: Whether the key `label` is needed.
      several: Whether the key `labels` takes the place of `label`.
      zero_one: Whether labels must be 0 or 1, so that they also say what is relevant.
      of_users: Whether a label may be an attribute of the user.
      ranks: Whether the output is one number, by which items can be ranked.
      retrieves: Whether the score is the inner product of two vectors, which an index searches;
        such a task has no head and is judged by its ranking alone.
      against_unseen: Whether a row's item is compared with items that the user has no event with.
      stacks: Whether the output is one value of an event, which forests, matrices and closed forms
        learn too, so that predictors can be stacked with it.
      chance: Whether the prediction is the chance of a 1, and the output its log-odds; else closed
        forms and forests learn the label's value.
      metrics: What is measured of a task.
      apart: Metrics of each unit by itself, whose mean is held against their limit.
      options: What a recipe may say of the head; nothing but its name where `None`.
      head: What a recipe says of it, of the class `options`.
    """

    name: str
    needs_label = False
    several = False
    zero_one = False
    of_users = False
    ranks = False
    retrieves = False
    against_unseen = False
    stacks = False
    chance = False
    metrics: tuple[Metric, ...] = ()
    apart: tuple[Metric, ...] = ()
    options: ClassVar[type[Way] | None] = None
    head: Way

    def of(self, head: Way) -> Self:
        """Returns the kind as a recipe has it, whose methods read `head`."""
        one = copy.copy(self)
        one.head = head
        return one

    @property
    def reads_catalogue(self) -> bool:
        """Whether the loss of a kind that retrieves reads the vectors of all items."""
        return False

    @property
    def way(self) -> type[Way]:
        """What a recipe may write as the head."""
        return self.options or plain(self.name)

    def check(self, label: str | None, labels: tuple[str, ...] | None) -> None:
        """Refuses a task that does not name the labels it needs.

        Raises:
          ValueError: It does not; the message says what is needed.
        """
        if self.needs_label and label is None:
            raise ValueError(f"a task with head '{self.name}' needs a label")

    def check_batch(self, rows: int | None) -> None:
        """Refuses a number of a batch's rows with which the loss cannot be what the head says.

        Args:
          rows: The number; `None` where it follows from the data.

        Raises:
          ValueError: The number is too small.
        """

    def label_fault(self, spec: FeatureSpec, label: Label) -> str:
        """Returns why a label of a dataset is not of the type that the kind needs, or `""`."""
        if self.zero_one and not label.binary:
            return (f"needs a label that is 0 or 1, and {label.name!r} is not. Dataset "
                    f"{spec.name!r} has: {names_of(spec, lambda known: known.binary)}.")
        return ""

    def units(self, spec: FeatureSpec, targets: tuple[str, ...]) -> int:
        """Returns how many numbers the head gives for a pair."""
        return 1

    def start(self, spec: FeatureSpec, targets: tuple[str, ...],
              means: Mapping[str, Start]) -> Start:
        """Returns the output at which the head starts, so that it predicts the base rate.

        Args:
          spec: The dataset's spec.
          targets: The task's labels.
          means: What `trainer.evaluation.label_facts.label_means` returned.

        Returns:
          One number, or one for each unit.
        """
        return 0.0

    def loss(self, name: str, targets: tuple[str, ...], batch: Batch):
        """Returns the mean loss over the rows of a batch that have the labels, a scalar.

        Args:
          name: The task's name, which is that of its output.
          targets: The task's labels.
          batch: The step's labels and outputs.
        """
        raise NotImplementedError(f"The kind {self.name!r} has no loss.")

    def prediction(self, spec: FeatureSpec, targets: tuple[str, ...], raw):
        """Turns the head's output, `(...)` or `(..., units)`, into what is predicted."""
        return raw

    def trivial(self, mean: Any, labels: np.ndarray) -> Trivial:
        """Returns what predicts the training's mean or shares; a model's errors must be smaller.

        Args:
          mean: The label's mean or shares over the training rows; of several labels that of each.
          labels: The label of the rows to judge by, `(rows,)`, one at least; of several labels
            `(rows, labels)`.
        """
        return Trivial()

    def measured(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Returns metrics of predictions by key, also by groups of rows; NaN where rows are few.

        Args:
          labels: `(rows,)`, of the rows that have one; of several labels `(rows, labels)`.
          predictions: `(rows,)`, or `(rows, units)`.
        """
        return {}


def names_of(spec: FeatureSpec, wanted: Callable[[Label], object]) -> str:
    """Lists the labels of a dataset that are as wanted, for a message."""
    return ", ".join(label.name for label in spec.labels if wanted(label)) or "none"


def bounded_shares(targets: tuple[str, ...], means: Mapping[str, Start]) -> np.ndarray:
    """Returns the labels' shares, none of them 0 or 1; 0.5 where the rows show none."""
    return np.clip([means.get(label, 0.5) for label in targets], RAREST, 1 - RAREST)
