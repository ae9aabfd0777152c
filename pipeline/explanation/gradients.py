"""What a part is worth: its share in the score above the baseline's, by integrated gradients.

Sundararajan, Taly and Yan 2017 (arXiv:1703.01365). The exported model computes them in a signature;
here its numbers, by pixel, moment and term, become those of what a reader sees.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pipeline.explanation.asked import SIDES, Answer, AskedModel, Effect, Question
from pipeline.explanation.parts import GRID, WINDOWS, words
from schemas import Feature, InputError
from schemas.media import SOUND_RATE, VIDEO_FRAMES, WAV_HEADER
from trainer.export.gradients import BASELINE, terms_key
from trainer.export.readers import UNKNOWN
from trainer.preprocessing import columns
from trainer.preprocessing.audio import HOP, WINDOW
from trainer.recipe import Recipe

SIGNATURE = "gradients"
Found = dict[str, np.ndarray]


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
    answers = model.ask(SIGNATURE, [{**question.request, "task": [question.task.encode()]}])
    found = {name: value[0] for name, value in answers.items()}
    effects = []
    for side in SIDES:
        for part in source.modalities[side]:
            shares = [found[name] for name in _outputs(side, part) if name in found]
            if shares:
                total = sum(float(share.sum()) for share in shares)
                effects.append(Effect(side, part, "whole", None, total))
        for feature in source.features(side):
            values = question.rows[side].get(feature.name, [])
            if values and values != [b""] and f"{side}_{feature.name}" in found:
                effects += [Effect(side, feature.name, kind, place, value) for kind, place, value
                            in _divided(side, feature, values, found, source.recipe)]
    return Answer(effects, float(found[BASELINE]))


def _outputs(side: str, part: str) -> list[str]:
    return [f"{side}_{name}" for name in (part, columns.characters(part), columns.mfcc(part))]


def _divided(side: str, feature: Feature, values: list, found: Found,
             recipe: Recipe) -> Iterator[tuple[str, Any, float]]:
    share = found[f"{side}_{feature.name}"]
    if feature.modality == "image":
        yield from (("patch", place, float(value)) for place, value in enumerate(
            regions(share).ravel()))
    elif feature.modality == "audio":
        yield from (("window", place, float(value)) for place, value in enumerate(
            windows(share, (len(values[0]) - WAV_HEADER) // 2, recipe.preprocessing.audio.seconds)))
    elif feature.modality == "video":
        seen = np.linspace(0, VIDEO_FRAMES - 1, len(share)).round().astype(int)
        yield from (("frame", place, float(value)) for place, value in enumerate(
            np.bincount(seen, share, VIDEO_FRAMES)))
    elif feature.modality == "categorical" and len(values) > 1:
        shown = Counter(v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v)
                        for v in values)
        yield from (("value", *each) for each in shared(
            shown, *_terms(found, f"{side}_{feature.name}"), _of_values).items())
    elif feature.modality == "text":
        yield from (("word", *each) for each in _words(side, feature, values[0], found).items())


def _words(side: str, feature: Feature, text: bytes, found: Found) -> dict[str, float]:
    """Returns the words that the model read, with their shares."""
    shown = Counter(piece.lower() for piece, is_word in words(text.decode("utf-8", "replace"))
                    if is_word)
    worth = shared(shown, *_terms(found, f"{side}_{feature.name}"), _of_run)
    characters = f"{side}_{columns.characters(feature.name)}"
    if characters in found:
        runs = shared(shown, *_terms(found, characters), _of_characters)
        worth = {word: worth.get(word, 0.0) + runs.get(word, 0.0) for word in {**worth, **runs}}
    return worth


def _terms(found: Found, name: str) -> tuple[list[str], np.ndarray]:
    return [term.decode("utf-8", "replace") for term in found[terms_key(name)]], found[name]


def shared(shown: Counter[str], terms: list[str], values: np.ndarray,
           part: Callable[[str, str, int], int]) -> dict[str, float]:
    """Divides what terms are worth among the words that they are made of.

    All unknown words are one term, shared by those that are none; where a text has more terms than
    the model reads, nobody knows which these are, and it stays undivided.

    Args:
      shown: Words of the text, and how often each stands there.
      terms: The terms that the model read, '' for none.
      values: What each is worth.
      part: Which part of a term (first) a word (second) gets that stands there so often (third).

    Returns:
      By word; of words that the model did not read there is none.
    """
    worth: dict[str, float] = {}
    for term, value in zip(terms, values, strict=True):
        if not term:
            continue
        there = {word: part(term, word, count) for word, count in shown.items()}
        if term == UNKNOWN and not any(there.values()) and "" in terms:
            there = {word: count for word, count in shown.items() if word not in terms}
        for word, weight in there.items():
            if weight:
                worth[word] = worth.get(word, 0.0) + float(value) * weight / sum(there.values())
    return worth


def _of_values(term: str, word: str, count: int) -> int:
    return int(term == word)


def _of_run(term: str, word: str, count: int) -> int:
    """A run of words belongs to each of them alike, however often they stand alone."""
    return term.split(" ").count(word)


def _of_characters(term: str, word: str, count: int) -> int:
    """A run of characters counts once for each time that a word brings it, and so does TF-IDF."""
    marked = f"_{word}_"
    return count * sum(marked.startswith(term, place) for place in range(len(marked)))


def regions(pixels: np.ndarray) -> np.ndarray:
    """Sums pixels `(height, width)` over the squares of a grid, `(8, 8)`."""
    result = np.zeros((GRID, GRID))
    down, right = (np.arange(size) * GRID // size for size in pixels.shape)
    np.add.at(result, (down[:, None], right[None, :]), pixels)
    return result


def windows(frames: np.ndarray, samples: int, seconds: float) -> np.ndarray:
    """Sums frames of a spectrogram over windows of the whole sound.

    Args:
      frames: Of the sound's middle, `(frames,)`.
      samples: Length of the sound.
      seconds: Length of the middle; a shorter sound stands in the middle of silence.

    Returns:
      `(16,)`.
    """
    start = (samples - round(seconds * SOUND_RATE)) // 2
    centres = start + np.arange(len(frames)) * HOP + WINDOW // 2
    place = np.clip(centres * WINDOWS // max(samples, 1), 0, WINDOWS - 1)
    return np.bincount(place, frames, WINDOWS)
