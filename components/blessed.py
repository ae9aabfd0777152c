"""What a run is compared with: the data of the newest blessed runs, and the last blessed model."""

from collections.abc import Collection, Mapping, Sequence

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.common import resolver
from tfx.types import Artifact, artifact_utils, channel, standard_artifacts

from components.artifacts import SPAN, DataProfile
from components.data_profile.component import DATASET

_RUN = "pipeline_run"  # TFX's type of a run's context
_GATE = "components.gate.component.Gate"  # TFX's Evaluator blesses too, and decides nothing
BASELINE = "baseline_model"  # id of the resolver


class PastData(resolver.ResolverStrategy):
    """Resolves the profiles of the data of earlier runs on the same dataset.

    The input is `candidate`, the profile of this run, which is never among the newest: an
    unchanged rerun compares with the same past as before, and comes from the cache. The recipe of
    an earlier run does not matter.
    """

    def __init__(self, past: int | str) -> None:
        """Takes which runs are the past.

        Args:
          past: So many of the newest blessed runs, each of another span where data have spans, or
            the id of one run, blessed or not.
        """
        self._past = past

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]]:
        """Picks the past.

        Args:
          store: The metadata store.
          input_dict: `candidate`.

        Returns:
          `past`, which may be empty, and `candidate` as given.
        """
        datasets = {one.get_string_custom_property(DATASET) for one in input_dict["candidate"]}
        profiles = {one.id: one for one in store.get_artifacts_by_type(DataProfile.TYPE_NAME)
                    if _text(one, DATASET) in datasets}
        chosen = (_named(store, profiles, self._past) if isinstance(self._past, str) else
                  _newest(store, _before(profiles, input_dict["candidate"]), self._past))
        kind = store.get_artifact_type(DataProfile.TYPE_NAME) if chosen else None
        return {"past": [artifact_utils.deserialize_artifact(kind, profiles[number])
                         for number in chosen],
                "candidate": input_dict["candidate"]}


def _text(profile: metadata_store_pb2.Artifact, name: str) -> str:
    # Square brackets would add an empty value to the profile. The resolver writes profiles again,
    # and ML Metadata of TFX 1.21 ends the process at an empty value.
    return profile.custom_properties.get(name, metadata_store_pb2.Value()).string_value


def _before(profiles: Mapping[int, metadata_store_pb2.Artifact], candidates: Sequence[Artifact]
            ) -> dict[int, str]:
    """Returns the spans of profiles that are no candidate, nor of its span or a later one."""
    spans = {number: _text(one, SPAN) for number, one in profiles.items()
             if number not in {candidate.id for candidate in candidates}}
    until = min((one.get_string_custom_property(SPAN) for one in candidates), default="")
    return {number: span for number, span in spans.items() if not until or span < until}


def _newest(store: mlmd.MetadataStore, spans: Mapping[int, str], count: int) -> list[int]:
    """Returns the profiles of the newest runs in which the gate blessed a model.

    Args:
      store: The metadata store.
      spans: The span of each profile, empty where its data had none.
      count: How many; of one span the newest alone.
    """
    gates = {execution.id for execution in store.get_executions_by_type(_GATE)}
    blessings = [one.id for one in store.get_artifacts_by_type(
        standard_artifacts.ModelBlessing.TYPE_NAME)
        if one.custom_properties["blessed"].int_value == 1]
    blessed = set().union(*_runs(store, blessings, gates).values())
    newest = {number: (spans[number], max(runs & blessed))
              for number, runs in _runs(store, spans).items() if runs & blessed}
    ordered = sorted(newest, key=newest.__getitem__)
    of_each = {spans[number] or number: number for number in ordered}
    return list(of_each.values())[::-1][:count]


def _named(store: mlmd.MetadataStore, profiles: Collection[int], name: str) -> list[int]:
    """Returns the profile of one run, this run's own where the data are the same."""
    context = store.get_context_by_type_and_name(_RUN, name)
    return [number for number, runs in _runs(store, profiles).items()
            if context and context.id in runs][:1]


def _runs(store: mlmd.MetadataStore, artifacts: Collection[int],
          executions: Collection[int] | None = None) -> dict[int, set[int]]:
    """Returns the ids of the runs that made each artifact, or took it from the cache.

    Args:
      store: The metadata store.
      artifacts: Ids of the artifacts.
      executions: Only what these executions made counts; `None` for all.
    """
    # A run that only reads an artifact has it among its own as well: what made it decides.
    runs: dict[int, set[int]] = {}
    for event in store.get_events_by_artifact_ids(list(artifacts)) if artifacts else ():
        if event.type == metadata_store_pb2.Event.OUTPUT and (
                executions is None or event.execution_id in executions):
            runs.setdefault(event.artifact_id, set()).update(
                context.id for context in store.get_contexts_by_execution(event.execution_id)
                if context.type == _RUN)
    return runs


def past_resolver(candidate: channel.OutputChannel, past: int | str = 1) -> resolver.Resolver:
    """Builds the resolver of the past.

    Args:
      candidate: The profile of this run.
      past: So many of the newest blessed runs, or the id of one run.

    Returns:
      A resolver whose output `past` has `DataProfile`s, or is empty.
    """
    return resolver.Resolver(
        strategy_class=PastData, config={"past": past}, candidate=candidate,
        past=channel.Channel(type=DataProfile),
    ).with_id("past_data")


class NewestOtherBlessed(resolver.ResolverStrategy):
    """Resolves the newest blessed model that is not the candidate.

    Inputs are `model` (all models of the exporter), `model_blessing` (all blessings of the gate)
    and `candidate` (the model of this run).
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]]:
        """Picks the baseline.

        Args:
          store: The metadata store; unused.
          input_dict: Artifacts by input.

        Returns:
          At most one `model` and its `model_blessing`; both empty where nothing is blessed yet,
          so that the run goes on without a baseline. `candidate` is returned as given.
        """
        candidates = {model.id for model in input_dict["candidate"]}
        blessings = blessings_by_model(input_dict["model_blessing"])
        blessed = [
            model for model in input_dict["model"]
            if model.id in blessings and model.id not in candidates
        ]
        newest = max(blessed, key=lambda model: model.id, default=None)
        return {
            "model": [newest] if newest else [],
            "model_blessing": [blessings[newest.id]] if newest else [],
            "candidate": input_dict["candidate"],
        }


def blessings_by_model(blessings: Sequence[Artifact]) -> dict[int, Artifact]:
    """Returns the newest blessing of each model that the gate blessed, by the model's id."""
    return {one.get_int_custom_property("current_model_id"): one
            for one in sorted(blessings, key=lambda blessing: blessing.id)
            if one.get_int_custom_property("blessed") == 1}


def baseline_resolver(candidate: channel.OutputChannel, gate: str) -> resolver.Resolver:
    """Builds the resolver of the baseline model.

    Args:
      candidate: The model of this run; those of the same component count.
      gate: Id of the component whose blessings count. Those of TFX's Evaluator have the same type
        and must not count.

    Returns:
      A resolver whose output `model` is the baseline, or empty.
    """
    return resolver.Resolver(
        strategy_class=NewestOtherBlessed,
        model=channel.Channel(
            type=standard_artifacts.Model, producer_component_id=candidate.producer_component_id
        ),
        model_blessing=channel.Channel(
            type=standard_artifacts.ModelBlessing, producer_component_id=gate
        ),
        candidate=candidate,
    ).with_id(BASELINE)
