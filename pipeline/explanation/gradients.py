"""What a part is worth: its share in the score above the baseline's, by integrated gradients.

Sundararajan, Taly and Yan 2017 (arXiv:1703.01365). The exported model computes them in a signature;
here its numbers, by pixel, moment and term, become those of what a reader sees.
"""

from pipeline.explanation.asked import SIDES, Answer, AskedModel, Effect, Question, Source
from schemas import InputError
from trainer.export.gradients import BASELINE
from trainer.modalities import modality_of
from trainer.network.plan import plan_parts
from trainer.recipe.families import NetworkRecipe

SIGNATURE = "gradients"


def integrated_gradients(model: AskedModel, question: Question) -> Answer:
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
    if source.recipe.family == "similarity":
        raise InputError("family-without-gradients",
                         "A model of the family 'similarity' is computed and has no layers to "
                         "take gradients of. Use --method occlusion.")
    outputs = model.ask(SIGNATURE, [{**question.request, "task": [question.task.encode()]}])
    attributions = {name: value[0] for name, value in outputs.items()}
    effects = []
    for side in SIDES:
        for part, names in _outputs(side, source).items():
            shares = [attributions[name] for name in names if name in attributions]
            if shares:
                total = sum(float(share.sum()) for share in shares)
                effects.append(Effect(side, part, "whole", None, total))
        for feature in source.features(side):
            values = question.rows[side].get(feature.name, [])
            name, modality = f"{side}_{feature.name}", modality_of(feature)
            if values and values != [b""] and name in attributions:
                options = source.recipe.modalities[modality.name]
                effects += [Effect(side, feature.name, kind, place, value) for kind, place, value
                            in modality.shares(name, values, attributions, options)]
    return Answer(effects, float(attributions[BASELINE]))


def _outputs(side: str, source: Source) -> dict[str, list[str]]:
    """Returns the outputs that a side's parts have, by part."""
    outputs = {name: [f"{side}_{name}"] for name in source.modalities[side]}
    assert isinstance(source.recipe, NetworkRecipe)  # else there are no gradients to ask for
    planned = {part.name: part.outputs() for part in plan_parts(source.spec, source.recipe, side)}
    return {name: planned.get(name) or default for name, default in outputs.items()}
