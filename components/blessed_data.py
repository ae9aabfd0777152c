"""The data that a run's are compared with: those of the newest other run that was blessed."""

from collections.abc import Collection

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.common import resolver
from tfx.types import Artifact, artifact_utils, channel, standard_artifacts

from components.artifacts import DataProfile
from components.data_profile.executor import DATASET

_RUN = "pipeline_run"  # TFX's type of a run's context
_GATE = "components.gate.component.Gate"  # TFX's Evaluator blesses too, and decides nothing


class NewestBlessedData(resolver.ResolverStrategy):
    """Resolves the profile of the data of the newest blessed run on the same dataset.

    The input is `candidate`, the profile of this run, which is never the result: an unchanged
    rerun compares with the same past as before, and comes from the cache. The recipe of the
    blessed run does not matter.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]]:
        """Picks the past.

        Args:
          store: The metadata store.
          input_dict: `candidate`.

        Returns:
          `past`, at most one profile, and `candidate` as given.
        """
        candidates = {one.id for one in input_dict["candidate"]}
        datasets = {one.get_string_custom_property(DATASET) for one in input_dict["candidate"]}
        profiles = {one.id: one for one in store.get_artifacts_by_type(DataProfile.TYPE_NAME)
                    if one.id not in candidates
                    and one.custom_properties[DATASET].string_value in datasets}
        blessed = _blessed_runs(store)
        runs = {number: max(runs & blessed) for number, runs in _runs(store, profiles).items()
                if runs & blessed}
        past = profiles[max(runs, key=lambda number: runs[number])] if runs else None
        kind = store.get_artifact_type(DataProfile.TYPE_NAME) if past else None
        found = [artifact_utils.deserialize_artifact(kind, past)] if past else []
        return {"past": found, "candidate": input_dict["candidate"]}


def _blessed_runs(store: mlmd.MetadataStore) -> set[int]:
    """Returns the ids of the runs in which the gate blessed a model."""
    gates = {execution.id for execution in store.get_executions_by_type(_GATE)}
    blessings = [one.id for one in store.get_artifacts_by_type(
        standard_artifacts.ModelBlessing.TYPE_NAME)
        if one.custom_properties["blessed"].int_value == 1]
    return set().union(*_runs(store, blessings, gates).values())


def _runs(store: mlmd.MetadataStore, artifacts: Collection[int],
          executions: Collection[int] | None = None) -> dict[int, set[int]]:
    """Returns the ids of the runs that made each artifact, or took it from the cache.

    Args:
      store: The metadata store.
      artifacts: Ids of the artifacts.
      executions: Only what these executions made counts; `None` for all.
    """
    # A run that only reads an artifact has it among its own as well: what made it tells.
    found: dict[int, set[int]] = {}
    for event in store.get_events_by_artifact_ids(list(artifacts)) if artifacts else ():
        if event.type == metadata_store_pb2.Event.OUTPUT and (
                executions is None or event.execution_id in executions):
            found.setdefault(event.artifact_id, set()).update(
                context.id for context in store.get_contexts_by_execution(event.execution_id)
                if context.type == _RUN)
    return found


def past_resolver(candidate: channel.OutputChannel) -> resolver.Resolver:
    """Builds the resolver of the past.

    Args:
      candidate: The profile of this run.

    Returns:
      A resolver whose output `past` is a `DataProfile`, or empty.
    """
    return resolver.Resolver(
        strategy_class=NewestBlessedData, candidate=candidate,
        past=channel.Channel(type=DataProfile),
    ).with_id("past_data")
