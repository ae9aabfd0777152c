"""The weights that a warm start begins with: those of the newest blessed model of other data.

A model of the same data is none. Else an unchanged rerun would begin with what it trained itself,
and train again.
"""

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.common import resolver
from tfx.types import Artifact, channel, standard_artifacts

from components.artifacts import Weights
from components.blessed import blessings_by_model

_INPUT, _OUTPUT = metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.OUTPUT


class EarlierWeights(resolver.ResolverStrategy):
    """Resolves the weights of the newest blessed model that was trained on other data.

    Inputs are `weights` (all of the trainer), `blessing` (all of the gate) and `candidate` (the
    rows that this run trains on).
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]]:
        """Picks the weights.

        Args:
          store: The metadata store.
          input_dict: Artifacts by input.

        Returns:
          At most one of `weights`; none where no such model is blessed. The rest as given.
        """
        blessed = blessings_by_model(input_dict["blessing"]).keys()
        here = {one.id for one in input_dict["candidate"]}
        usable = [one for one in input_dict["weights"]
                  if _beyond(store, one.id, _INPUT, _OUTPUT) & blessed
                  and not _beyond(store, one.id, _OUTPUT, _INPUT) & here]
        newest = max(usable, key=lambda one: one.id, default=None)
        return {**input_dict, "weights": [newest] if newest else []}


def _beyond(store: mlmd.MetadataStore, artifact: int, near: int, far: int) -> set[int]:
    """Returns what steps read that made an artifact, or what steps made that read it."""
    steps = {event.execution_id for event in store.get_events_by_artifact_ids([artifact])
             if event.type == near}
    return {event.artifact_id for event in store.get_events_by_execution_ids(list(steps))
            if event.type == far} if steps else set()


def earlier_resolver(candidate: channel.OutputChannel, trainer: str, gate: str
                     ) -> resolver.Resolver:
    """Builds the resolver of a warm start.

    Args:
      candidate: The rows that this run trains on.
      trainer: Id of the component whose weights count.
      gate: Id of the component whose blessings count.

    Returns:
      A resolver whose output `weights` has the `Weights` to begin with, or is empty.
    """
    return resolver.Resolver(
        strategy_class=EarlierWeights,
        weights=channel.Channel(type=Weights, producer_component_id=trainer),
        blessing=channel.Channel(
            type=standard_artifacts.ModelBlessing, producer_component_id=gate),
        candidate=candidate,
    ).with_id("earlier_weights")
