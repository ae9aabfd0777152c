"""Renders an explanation: heat maps over pictures, words, sounds and videos, and bars.

A report for many eyes shows no word that too few users have, such as a name.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import tensorflow_transform as tft

from pipeline.explanation import GRADIENTS, OCCLUSION
from pipeline.explanation.attribution import Effect, Source
from pipeline.explanation.explainer import Explainer, Explanation
from schemas import ENTITIES, Feature, FeatureSpec
from trainer.modalities import modality_of
from trainer.modalities.text.explain import words

_HIDDEN = "…"


def without_rare_words(explanation: Explanation, source: Source) -> Explanation:
    """Returns an explanation whose texts of people have the words alone that the model knows.

    Args:
      explanation: The explanation.
      source: The model, and what Transform fitted: the words that enough rows have.
    """
    rows = {side: dict(row) for side, row in explanation.rows.items()}
    for side in ENTITIES:
        for feature in source.bound.inputs(side):
            values = rows[side].get(feature.name)
            if values and feature.language and feature.fewest_rows > 1:
                known = _known(source, feature)
                rows[side][feature.name] = [_shown(value, known) for value in values]
    return replace(explanation, rows=rows)


def _known(source: Source, feature: Feature) -> set[str]:
    if feature.side not in source.graphs:
        return set()
    graph = tft.TFTransformOutput(str(source.graphs[feature.side]))
    if graph.vocabulary_file_by_name(feature.name) is None:  # the modality fits none
        return set()
    return {word.decode("utf-8", "replace") for word in graph.vocabulary_by_name(feature.name)}


def _shown(value: bytes, known: set[str]) -> bytes:
    pieces = words(value.decode("utf-8", "replace"))
    return "".join(piece if not is_word or piece.lower() in known else _HIDDEN
                   for piece, is_word in pieces).encode()


_TEMPLATE = Path(__file__).with_name("explanation.html.j2")
METHOD_NAMES = {OCCLUSION: "occlusion", GRADIENTS: "integrated gradients"}
_OPAQUE = 0.6  # of the strongest part, so that picture and text show through


def page(explanation: Explanation, spec: FeatureSpec) -> str:
    """Renders a page of its own, which needs no network."""
    title = f"User {explanation.user}, item {explanation.item}"
    return _environment().get_template("page").render(
        title=title, section=section(explanation, spec))


def section(explanation: Explanation, spec: FeatureSpec) -> str:
    """Renders a piece of a page; every string of the data is escaped.

    Args:
      explanation: What to show.
      spec: The dataset's spec.
    """
    by_feature: dict[tuple[str, str], list[Effect]] = {}
    for effect in explanation.effects:
        by_feature.setdefault((effect.side, effect.feature), []).append(effect)
    bars = sorted((e for e in explanation.effects if e.kind == "whole"),
                  key=lambda effect: -abs(effect.value))
    heat = []
    for side in ENTITIES:
        for feature in spec.table(side):
            effects = by_feature.get((side, feature.name), [])
            divided = [e for e in effects if e.kind != "whole"]
            if divided:
                values = explanation.rows[side][feature.name]
                heat.append(_heat(side, feature, values, divided))
    return _environment().get_template("section").render(
        explanation=explanation, bars=bars, strongest=_strongest(bars), heat=heat,
        rankers=sorted(explanation.rankers.items(), key=lambda ranker: -abs(ranker[1])),
        total=sum(bar.value for bar in bars), method=METHOD_NAMES[explanation.method])


def explanations(
    source: Source, pairs: list[tuple[str, str]] | None = None, task: str | None = None
) -> list[tuple[str, str]]:
    """Explains some predictions for a page of others, by gradients where the model has them.

    Gradients ask once where occlusion asks for each part; a report should not wait.

    Args:
      source: The model and what it was made of.
      pairs: Users and items; the best items of the data's first three users where `None`.
      task: The task whose score is explained; the one that ranks where `None`.

    Returns:
      A title and a piece of HTML for each, which needs neither a network nor a style sheet.
    """
    explainer = Explainer(source)
    method = GRADIENTS if GRADIENTS in explainer.methods else OCCLUSION
    explained = [without_rare_words(explainer.explain(user, item, task, method), source)
                 for user, item in (pairs if pairs is not None else explainer.recommended(3))]
    return [(f"User {one.user}, item {one.item}: {METHOD_NAMES[one.method]}",
             section(one, source.spec)) for one in explained]


def _heat(side: str, feature: Feature, values: list, effects: list[Effect]) -> dict[str, Any]:
    strongest = _strongest(effects)
    tints = {effect.place: {"value": effect.value, "tint": _tint(effect.value / strongest)}
             for effect in effects}
    return {"side": side, "feature": feature.name, **modality_of(feature).show(values, tints)}


def _strongest(effects: list[Effect]) -> float:
    return max((abs(effect.value) for effect in effects), default=0.0) or 1.0


def _tint(share: float) -> str:
    """Returns a colour: blue raises the score, orange lowers it (distinct for all eyes)."""
    colour = "31,107,191" if share > 0 else "214,98,12"
    return f"rgba({colour},{_OPAQUE * abs(share):.3f})"


def _environment() -> jinja2.Environment:
    text = _TEMPLATE.read_text(encoding="utf-8")
    whole, _, piece = text.partition("{# section #}\n")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.DictLoader({"page": whole, "section": piece}))
    environment.filters["signed"] = lambda value: f"{value:+.4f}"
    return environment
