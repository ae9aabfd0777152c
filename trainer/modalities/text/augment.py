"""Texts as training varies them, where the recipe says so."""

from typing import Any

from trainer.layers.augmentation import TermNoise, WordNoise


def varied_tokens(tokens, noise: Any, name: str):
    """Returns token ids `(batch, tokens)` as a tower is to read them."""
    swapped = noise.options.get("swapped", 0.0)
    if noise.hidden or swapped:
        return WordNoise(noise.hidden, swapped, name=f"{name}_noise")(tokens)
    return tokens


def varied_terms(terms: list[tuple], noise: Any, name: str) -> list[tuple]:
    """Returns pairs of terms and their weights, `(batch, terms)`, as a tower is to read them."""
    if not noise.hidden:
        return terms
    return [TermNoise(noise.hidden, name=f"{name}_noise_{number}")(pair)
            for number, pair in enumerate(terms)]
