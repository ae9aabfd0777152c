"""The weights that a warm start begins with: those of the newest blessed model of other data.

A model of the same data is none. Else an unchanged rerun would begin with what it trained itself,
and train again. Nor is one that knows later days than the span that is trained: a backfill of an
older day would learn from its future.
"""

from pathlib import Path

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.common import resolver
from tfx.types import Artifact, channel, standard_artifacts

from components.artifacts import SPAN, Weights
from components.blessed import blessings_by_model

_INPUT, _OUTPUT = metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.OUTPUT


class EarlierWeights(resolver.ResolverStrategy):
    """Resolves the weights of the newest blessed model that was trained on other, no later data.

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
        until = _newest_span(store, here)
        there = [one for one in input_dict["weights"] if Path(one.uri).is_dir()]  # not pruned
        for one in sorted(there, key=lambda weights: -weights.id):
            if (_beyond(store, {one.id}, _INPUT, _OUTPUT) & blessed
                    and not _beyond(store, {one.id}, _OUTPUT, _INPUT) & here
                    and (not until or _newest_span(store, {one.id}) <= until)):
                return {**input_dict, "weights": [one]}
        return {**input_dict, "weights": []}


def _beyond(store: mlmd.MetadataStore, artifacts: set[int], near: int, far: int) -> set[int]:
    """Returns what steps read that made artifacts, or what steps made that read them."""
    steps = {event.execution_id for event in store.get_events_by_artifact_ids(list(artifacts))
             if event.type == near} if artifacts else set()
    return {event.artifact_id for event in store.get_events_by_execution_ids(list(steps))
            if event.type == far} if steps else set()


def _newest_span(store: mlmd.MetadataStore, artifacts: set[int]) -> str:
    """Returns the newest span of the data that artifacts were made of, empty where none has one.

    What a warm start began with is among what weights were made of.
    """
    newest = ""
    seen: set[int] = set()
    while artifacts := artifacts - seen:
        seen |= artifacts
        newest = max([newest, *(one.custom_properties[SPAN].string_value
                                for one in store.get_artifacts_by_id(list(artifacts))
                                if SPAN in one.custom_properties)])
        artifacts = _beyond(store, artifacts, _OUTPUT, _INPUT)
    return newest


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
