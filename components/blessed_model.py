"""The baseline that a candidate is compared with: the newest other blessed model.

TFX's own strategy takes the newest blessed model, which after a first blessed run is the
candidate itself: an unchanged rerun would resolve another baseline and evaluate again.
"""

import ml_metadata as mlmd
from tfx.dsl.components.common import resolver
from tfx.types import Artifact, channel, standard_artifacts

BASELINE = "baseline_model"  # id of the resolver


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
        blessings = {
            blessing.get_int_custom_property("current_model_id"): blessing
            for blessing in sorted(input_dict["model_blessing"], key=lambda b: b.id)
            if blessing.get_int_custom_property("blessed") == 1
        }
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
