"""Sharing: what the tasks have in common, and what each has of its own."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class ConcatenatedBranches(keras.layers.Layer):
    """A hidden layer for each task; every task's result is made of all of them side by side.

    Args:
      tasks: Names of the tasks.
      dim: Width of the input, of each branch and of each result.
      dropout: Share of the branches' units that training drops.
    """

    def __init__(self, tasks: list[str], dim: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.tasks, self.dim, self.dropout = list(tasks), dim, dropout
        self._branches = {
            task: keras.layers.Dense(dim, activation="relu", name=f"branch_{task}")
            for task in self.tasks
        }
        self._drop = keras.layers.Dropout(dropout)
        self._joined = {task: keras.layers.Dense(dim, name=task) for task in self.tasks}

    def call(self, vector, training=None):
        """Maps `(batch, dim)` to `{task: (batch, dim)}`."""
        branches = [branch(vector) for branch in self._branches.values()]
        together = self._drop(ops.concatenate(branches, axis=-1), training=training)
        return {task: join(together) for task, join in self._joined.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {
            **super().get_config(), "tasks": self.tasks, "dim": self.dim, "dropout": self.dropout
        }


@keras.saving.register_keras_serializable("tessera")
class SharedBottom(keras.layers.Layer):
    """One residual block that all tasks share (Caruana 1997), and a projection for each task.

    Args:
      tasks: Names of the tasks.
      dim: Width of the input and of each result.
      dropout: Share of the block's hidden units that training drops.
    """

    def __init__(self, tasks: list[str], dim: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.tasks, self.dim, self.dropout = list(tasks), dim, dropout
        self._hidden = keras.layers.Dense(2 * dim, activation="gelu", name="hidden")
        self._drop = keras.layers.Dropout(dropout)
        self._back = keras.layers.Dense(dim, name="back")
        self._projections = {task: keras.layers.Dense(dim, name=task) for task in self.tasks}

    def call(self, vector, training=None):
        """Maps `(batch, dim)` to `{task: (batch, dim)}`."""
        shared = vector + self._back(self._drop(self._hidden(vector), training=training))
        return {task: project(shared) for task, project in self._projections.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {
            **super().get_config(), "tasks": self.tasks, "dim": self.dim, "dropout": self.dropout
        }


@keras.saving.register_keras_serializable("tessera")
class Expert(keras.layers.Layer):
    """A residual block of its own weights.

    Args:
      dim: Width of the input and of the result.
      dropout: Share of the hidden units that training drops.
    """

    def __init__(self, dim: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.dropout = dim, dropout
        self._hidden = keras.layers.Dense(2 * dim, activation="gelu", name="hidden")
        self._drop = keras.layers.Dropout(dropout)
        self._back = keras.layers.Dense(dim, name="back")

    def call(self, vector, training=None):
        """Maps `(batch, dim)` to `(batch, dim)`."""
        return vector + self._back(self._drop(self._hidden(vector), training=training))

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "dim": self.dim, "dropout": self.dropout}


@keras.saving.register_keras_serializable("tessera")
class ExpertGate(keras.layers.Layer):
    """A mixture of experts, weighed by what the gate sees.

    Args:
      experts: Number of experts to weigh.
    """

    def __init__(self, experts: int, **kwargs):
        super().__init__(**kwargs)
        self.experts = experts
        # Zeros: a new gate weighs all alike.
        self._logits = keras.layers.Dense(experts, kernel_initializer="zeros", name="logits")

    def call(self, vector, outputs):
        """Mixes `outputs`, a list of `(batch, dim)`, as `vector` `(batch, width)` says."""
        weights = ops.softmax(ops.cast(self._logits(vector), "float32"))
        stacked = ops.stack(outputs, axis=1)
        return ops.einsum("be,bed->bd", ops.cast(weights, stacked.dtype), stacked)

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "experts": self.experts}


@keras.saving.register_keras_serializable("tessera")
class MixtureOfExperts(keras.layers.Layer):
    """Experts that all tasks share, and a gate over them for each task (MMoE).

    Ma et al. 2018, "Modeling task relationships in multi-task learning with multi-gate
    mixture-of-experts". Behind the gate is a projection for each task.

    Args:
      tasks: Names of the tasks.
      dim: Width of the input and of each result.
      dropout: Share of an expert's hidden units that training drops.
      experts: Number of experts.
    """

    def __init__(
        self, tasks: list[str], dim: int, dropout: float = 0.0, experts: int = 4, **kwargs
    ):
        super().__init__(**kwargs)
        self.tasks, self.dim, self.dropout, self.experts = list(tasks), dim, dropout, experts
        self._experts = [Expert(dim, dropout, name=f"expert_{e}") for e in range(experts)]
        self._gates = {task: ExpertGate(experts, name=f"gate_{task}") for task in self.tasks}
        self._projections = {task: keras.layers.Dense(dim, name=task) for task in self.tasks}

    def call(self, vector, training=None):
        """Maps `(batch, dim)` to `{task: (batch, dim)}`."""
        outputs = [expert(vector, training=training) for expert in self._experts]
        return {task: self._projections[task](gate(vector, outputs))
                for task, gate in self._gates.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "tasks": self.tasks, "dim": self.dim,
                "dropout": self.dropout, "experts": self.experts}


@keras.saving.register_keras_serializable("tessera")
class ExtractionLevel(keras.layers.Layer):
    """One level of progressive layered extraction: shared experts and each task's own.

    A task's gate weighs its own and the shared experts; the shared gate weighs all of them.

    Args:
      tasks: Names of the tasks.
      dim: Width of all vectors.
      dropout: Share of an expert's hidden units that training drops.
      experts: Experts of each task, and shared ones.
      last: Whether no level follows, so that no shared result is needed.
    """

    def __init__(self, tasks, dim, dropout=0.0, experts=2, last=False, **kwargs):
        super().__init__(**kwargs)
        self.tasks, self.dim, self.dropout = list(tasks), dim, dropout
        self.experts, self.last = experts, last

        def group(of):
            return [Expert(dim, dropout, name=f"expert_{of}_{e}") for e in range(experts)]

        # Lists and not a dictionary by task: a task may be called anything, 'shared' too.
        self._own = [group(task) for task in range(len(self.tasks))]
        self._shared = group("shared")
        self._gates = [ExpertGate(2 * experts, name=f"gate_{task}")
                       for task in range(len(self.tasks))]
        if not last:
            self._shared_gate = ExpertGate(
                (len(self.tasks) + 1) * experts, name="gate_shared")

    def call(self, own, shared, training=None):
        """Extracts once more.

        Args:
          own: `{task: (batch, dim)}`.
          shared: `(batch, dim)`.
          training: Whether dropout acts.

        Returns:
          Both again, refined; `shared` as it came in on the last level.
        """
        common = [expert(shared, training=training) for expert in self._shared]
        outputs = [[expert(own[task], training=training) for expert in experts]
                   for task, experts in zip(self.tasks, self._own, strict=True)]
        refined = {
            task: gate(own[task], [*mine, *common])
            for task, gate, mine in zip(self.tasks, self._gates, outputs, strict=True)
        }
        if not self.last:
            everyone = [output for mine in outputs for output in mine]
            shared = self._shared_gate(shared, [*everyone, *common])
        return refined, shared

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "tasks": self.tasks, "dim": self.dim,
                "dropout": self.dropout, "experts": self.experts, "last": self.last}


@keras.saving.register_keras_serializable("tessera")
class LayeredExtraction(keras.layers.Layer):
    """Levels of shared experts and each task's own, progressively apart (PLE).

    Tang et al. 2020, "Progressive layered extraction (PLE): a novel multi-task learning model for
    personalized recommendations". Behind the last level is a projection for each task.

    Args:
      tasks: Names of the tasks.
      dim: Width of the input and of each result.
      dropout: Share of an expert's hidden units that training drops.
      experts: Experts of each task, and shared ones, on each level.
      levels: Number of levels.
    """

    def __init__(self, tasks: list[str], dim: int, dropout: float = 0.0, experts: int = 2,
                 levels: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.tasks, self.dim, self.dropout = list(tasks), dim, dropout
        self.experts, self.levels = experts, levels
        self._levels = [
            ExtractionLevel(self.tasks, dim, dropout, experts, last=level == levels - 1,
                            name=f"level_{level}")
            for level in range(levels)
        ]
        self._projections = {task: keras.layers.Dense(dim, name=task) for task in self.tasks}

    def call(self, vector, training=None):
        """Maps `(batch, dim)` to `{task: (batch, dim)}`."""
        own, shared = {task: vector for task in self.tasks}, vector
        for level in self._levels:
            own, shared = level(own, shared, training=training)
        return {task: project(own[task]) for task, project in self._projections.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "tasks": self.tasks, "dim": self.dim,
                "dropout": self.dropout, "experts": self.experts, "levels": self.levels}


SHARINGS = {
    "shared_bottom": SharedBottom, "mmoe": MixtureOfExperts, "ple": LayeredExtraction,
    "branches": ConcatenatedBranches,
}
