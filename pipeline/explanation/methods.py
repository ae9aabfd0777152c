"""What a part is worth to a score, by occlusion and by integrated gradients."""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.explanation.attribution import (
    Attribution,
    Effect,
    ExplainedModel,
    Question,
    Request,
    Source,
)
from schemas import ENTITIES, Feature, InputError
from trainer.export.gradients import BASELINE
from trainer.modalities import Division, divisions, modality_of
from trainer.network.plan import plan_parts

_NOBODY = "\0"  # no id holds this character


def occlusion(model: ExplainedModel, question: Question) -> Attribution:
    """Asks for the score without each part.

    Args:
      model: The model.
      question: The prediction.

    Returns:
      What each part is worth.
    """
    base = question.request
    requests: list[Request] = [base]
    pending: list[tuple[Effect, int, int]] = []  # its own score's place, and the reference's
    references: dict[tuple[str, str, int], int] = {}
    for side, feature, part in _parts(question):
        compared = 0
        if part.reference is not None:
            key = (side, feature.name, id(part.reference))
            if key not in references:
                references[key] = len(requests)
                requests.append({**base, f"{side}_{feature.name}": part.reference})
            compared = references[key]
        effect = Effect(side, feature.name, part.kind, part.place, 0.0)
        pending.append((effect, len(requests), compared))
        requests.append({**base, f"{side}_{feature.name}": part.without})
    for effect, request in _beside_columns(question):
        pending.append((effect, len(requests), 0))
        requests.append(request)
    scores = model.ask("explain", requests)[question.task]
    return Attribution([replace(effect, value=float(scores[with_] - scores[own]))
                        for effect, own, with_ in pending])


def _parts(question: Question) -> Iterator[tuple[str, Feature, Division]]:
    for side in ENTITIES:
        for feature in question.source.bound.inputs(side):
            for part in divisions(feature, question.rows[side].get(feature.name, [])):
                yield side, feature, part


def _beside_columns(question: Question) -> Iterator[tuple[Effect, Request]]:
    """Yields requests without what is no column of content: the item's id, the history."""
    base, source = question.request, question.source
    yield Effect("items", "id", "whole", None, 0.0), {**base, "item_id": []}
    if source.recipe.reads_history and source.spec.histories():
        # A history of an unknown item is none, while an absent one asks for the stored.
        without = {**base, "history_item_id": [_NOBODY.encode()]}
        yield Effect("users", "history", "whole", None, 0.0), without


SIGNATURE = "gradients"


def integrated_gradients(model: ExplainedModel, question: Question) -> Attribution:
    """Asks for the shares of everything that the network reads.

    Args:
      model: The model.
      question: The prediction.

    Returns:
      What each part is worth; the wholes sum to the score minus the baseline's.

    Raises:
      InputError: The model has no layers to take gradients of, or is of an older version.
    """
    source = question.source
    if not source.recipe.has_towers:
        raise InputError("family-without-gradients",
                         f"A model of the family {source.recipe.family!r} is computed and has no "
                         "layers to take gradients of. Use --method occlusion.")
    outputs = model.ask(SIGNATURE, [{**question.request, "task": [question.task.encode()]}])
    attributions = {name: value[0] for name, value in outputs.items()}
    effects = []
    for side in ENTITIES:
        for part, names in _outputs(side, source).items():
            shares = [attributions[name] for name in names if name in attributions]
            if shares:
                total = sum(float(share.sum()) for share in shares)
                effects.append(Effect(side, part, "whole", None, total))
        for feature in source.bound.inputs(side):
            values = question.rows[side].get(feature.name, [])
            name, modality = f"{side}_{feature.name}", modality_of(feature)
            if values and values != [b""] and name in attributions:
                options = source.recipe.modalities[modality.name]
                effects += [Effect(side, feature.name, kind, place, value) for kind, place, value
                            in modality.shares(name, values, attributions, options)]
    return Attribution(effects, float(attributions[BASELINE]))


def _outputs(side: str, source: Source) -> dict[str, list[str]]:
    """Returns the outputs that a side's parts have, by part."""
    outputs = {name: [f"{side}_{name}"] for name in source.modalities[side]}
    planned = {part.name: part.outputs() for part in plan_parts(source.bound, side)}
    return {name: planned.get(name) or default for name, default in outputs.items()}
