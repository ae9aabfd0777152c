"""The recipe's `tune`: which of its values `tessera tune` varies, and how."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from trainer.options import TUNABLE, Count, OneOf, Strict, Way, faults

if TYPE_CHECKING:
    from trainer.recipe.recipe import Recipe

_COMBINATIONS = 2_000


def _number(given: object) -> object:
    if isinstance(given, bool | str) or not _plain(given):
        raise ValueError("a finite number is allowed")
    return given


def _choices(given: object) -> object:
    if isinstance(given, list | tuple) and not all(map(_plain, given)):
        raise ValueError("each of 'choices' is a finite number, a text, or true or false")
    return given


def _plain(given: object) -> bool:
    return isinstance(given, int | str) or (isinstance(given, float) and math.isfinite(given))


Number = Annotated[int | float, BeforeValidator(_number)]
Choices = Annotated[tuple[bool | int | float | str, ...], BeforeValidator(_choices)]


class Range(Strict):
    """The values of one key: some choices, or a range of numbers.

    Attributes:
      choices: The values to choose from.
      min: The smallest number.
      max: The largest number; the range is one of integers where both are.
      step: Distance of neighbours; any number of the range where `None` (integers: 1).
      log: Whether numbers are drawn evenly by order of magnitude.
    """

    choices: Choices | None = None
    min: Number | None = None
    max: Number | None = None
    step: Annotated[Number, Field(gt=0)] | None = None
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        ends = (self.min, self.max)
        if (self.choices is None) == (ends == (None, None)) or ends.count(None) == 1:
            raise ValueError("a range has either 'choices' or both 'min' and 'max'")
        if self.choices is not None:
            self._check_choices(self.choices)
        elif self.min is not None and self.max is not None:
            self._check_numbers(self.min, self.max)
        return self

    def _check_choices(self, choices: tuple) -> None:
        if len(set(choices)) < 2:
            raise ValueError("the range is empty: 'choices' needs at least two different values")
        kinds = {bool if isinstance(c, bool) else str if isinstance(c, str) else float
                 for c in choices}
        if len(kinds) > 1:
            raise ValueError("'choices' must be of one kind: numbers, texts, or true and false")
        if self.step is not None or self.log:
            raise ValueError("'step' and 'log' belong to 'min' and 'max', not to 'choices'")

    def _check_numbers(self, low: Number, high: Number) -> None:
        if low >= high:
            raise ValueError(f"the range is empty: 'min' is {low} and 'max' is {high}")
        if self.log and (low <= 0 or self.step is not None):
            raise ValueError("'log' needs a 'min' above 0 and no 'step'")
        if self.step is not None and self.step > high - low:
            raise ValueError(f"'step' is {self.step}, more than from 'min' to 'max'")
        if self.integers and not isinstance(self.step, int | None):
            raise ValueError(f"'step' is {self.step}, but 'min' and 'max' are integers")

    @property
    def integers(self) -> bool:
        """Whether the range is one of integers."""
        return isinstance(self.min, int) and isinstance(self.max, int)

    @property
    def probes(self) -> tuple:
        """The values that represent all of them: the choices, or both ends."""
        return self.choices if self.choices is not None else (self.min, self.max)


class Tune(Strict):
    """What a search varies.

    Attributes:
      trials: How many combinations are tried, at most.
      method: `random` draws each combination by itself; `bayesian` where a Gaussian process over
        those before expects most.
      ranges: The values by dotted key, such as `training.learning_rate`.
    """

    trials: Annotated[Count, Field(le=10_000)] = 20
    method: Literal["random", "bayesian"] = "random"
    ranges: Annotated[dict[str, Range], Field(min_length=1)]


def check_ranges(tune: Tune, recipe: Recipe) -> None:
    """Refuses ranges of what cannot be tuned, or of values that make no recipe.

    Raises:
      ValueError: A key is unknown, or a combination of choices and ends is no valid recipe.
    """
    known = tunable(recipe)
    for key in tune.ranges:
        if key not in known:
            raise ValueError(f"unknown key '{key}' in 'ranges'; known here: {', '.join(known)}")
    probes = itertools.product(*(one.probes for one in tune.ranges.values()))
    for combination in itertools.islice(probes, _COMBINATIONS):
        values = dict(zip(tune.ranges, combination, strict=True))
        try:
            tried = with_values(recipe, values)
        except ValidationError as error:
            raise ValueError(f"'ranges' holds what no recipe may say ({_listed(values)}): "
                             f"{faults(error)}") from error
        if _transformed(tried) != _transformed(recipe):
            raise ValueError(f"'ranges' holds what Transform would have to make anew "
                             f"({_listed(values)}); only what training reads can be tuned")


def _transformed(recipe: Recipe) -> tuple:
    return recipe.past, [options.of_transform() for options in recipe.modalities.values()]


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in values.items())


def tunable(recipe: Recipe) -> list[str]:
    """Returns the dotted keys that can be tuned: their fields are marked with `Tuned`."""
    return [key for key, ways in _marked(recipe, "") if not ways or _has_another(recipe, key, ways)]


def _marked(options: Strict, above: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the keys of marked fields, each with the ways that it could be, if it is one."""
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if isinstance(value, dict):  # of a registry, or by names of the recipe's own
            for entry, inner in value.items():
                if isinstance(inner, Strict):
                    yield from _marked(inner, f"{above}{name}.{entry}.")
                elif TUNABLE in field.metadata:
                    yield f"{above}{name}.{entry}", ()
        elif isinstance(value, Way) and type(value).model_fields:
            yield from _marked(value, f"{above}{name}.{value.name}.")
        elif isinstance(value, Strict) and not isinstance(value, Way):
            yield from _marked(value, f"{above}{name}.")
        if isinstance(value, dict) or (isinstance(value, Strict) and value.model_fields_set):
            continue  # what is chosen has options: they alone vary
        if TUNABLE in field.metadata:
            yield f"{above}{name}", next(
                (tuple(one.options) for one in field.metadata if isinstance(one, OneOf)), ())


def _has_another(recipe: Recipe, key: str, ways: tuple[str, ...]) -> bool:
    """Returns whether another way makes a recipe for which Transform makes the same."""
    others = []
    for way in ways:
        with contextlib.suppress(ValidationError):
            others.append(with_values(recipe, {key: way}))
    return any(other != recipe and _transformed(other) == _transformed(recipe) for other in others)


def with_values(recipe: Recipe, values: dict[str, Any]) -> Recipe:
    """Returns a recipe with other values, and without `tune`.

    Args:
      recipe: The recipe.
      values: Values by dotted key.

    Raises:
      ValidationError: The values make no valid recipe.
    """
    # What the recipe does not say stays unsaid, so that it reads as its file does.
    tree = recipe.tree()
    for key, value in values.items():
        *path, last = key.split(".")
        inner = tree
        if path and path[0] not in tree and isinstance(named := getattr(recipe, path[0]), dict):
            tree[path[0]] = {name: {} for name in named}  # all that is read by default stays
        for part in path:
            below = inner.get(part, {})
            # A way is written by its name where it has no options yet.
            inner[part] = {below: {}} if isinstance(below, str) else below
            inner = inner[part]
        inner[last] = value
    return type(recipe)(**tree)
