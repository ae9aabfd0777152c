"""What a part is worth: the score with it, minus the score without (Zeiler and Fergus 2014)."""

from collections.abc import Iterator

from pipeline.explanation.asked import SIDES, Answer, AskedModel, Effect, Question, Request
from schemas import Feature
from trainer.modalities import Division, divisions

_NOBODY = "\0"  # no id holds this character


def occlusion(model: AskedModel, question: Question) -> Answer:
    """Asks for the score without each part.

    Args:
      model: The model.
      question: The prediction.

    Returns:
      What each part is worth.
    """
    base = question.request
    asked: list[Request] = [base]
    pending: list[tuple[Effect, int, int]] = []  # its own answer's place, and the reference's
    references: dict[int, int] = {}
    for side, feature, part in _parts(question):
        compared = 0
        if part.reference is not None:
            key = id(part.reference)
            if key not in references:
                references[key] = len(asked)
                asked.append({**base, f"{side}_{feature.name}": part.reference})
            compared = references[key]
        effect = Effect(side, feature.name, part.kind, part.place, 0.0)
        pending.append((effect, len(asked), compared))
        asked.append({**base, f"{side}_{feature.name}": part.without})
    for effect, request in _beside_columns(question):
        pending.append((effect, len(asked), 0))
        asked.append(request)
    scores = model.ask("explain", asked)[question.task]
    return Answer([Effect(e.side, e.feature, e.kind, e.place, float(scores[with_] - scores[own]))
                   for e, own, with_ in pending])


def _parts(question: Question) -> Iterator[tuple[str, Feature, Division]]:
    for side in SIDES:
        for feature in question.source.features(side):
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
