"""A report for many eyes shows no word that too few users have, such as a name."""

from dataclasses import replace
from pathlib import Path

from pipeline.explanation.asked import SIDES, Source
from pipeline.explanation.explainer import Explanation
from schemas import Feature
from trainer.modalities.text.explain import words

_HIDDEN = "…"


def without_rare_words(explanation: Explanation, source: Source) -> Explanation:
    """Returns an explanation whose texts of people have the words alone that the model knows.

    Args:
      explanation: The explanation.
      source: The model, among whose assets are the words that enough rows have, and its dataset.
    """
    rows = {side: dict(row) for side, row in explanation.rows.items()}
    for side in SIDES:
        for feature in source.features(side):
            values = rows[side].get(feature.name)
            if values and feature.language and feature.fewest_rows > 1:
                known = _known(source.model, feature)
                rows[side][feature.name] = [_shown(value, known) for value in values]
    return replace(explanation, rows=rows)


def _known(model: Path, feature: Feature) -> set[str]:
    # A second vocabulary of the name, as of an item's column, has a number behind it.
    files = (model / "assets").glob(f"{feature.name}*")
    return {word for file in files for word in file.read_text(encoding="utf-8").splitlines()}


def _shown(value: bytes, known: set[str]) -> bytes:
    pieces = words(value.decode("utf-8", "replace"))
    return "".join(piece if not is_word or piece.lower() in known else _HIDDEN
                   for piece, is_word in pieces).encode()
