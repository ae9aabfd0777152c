"""Values against their model; what is wrong is said by key, with what was given and is allowed."""

import reprlib
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from schemas import InputError
from trainer.options import OneOf
from trainer.recipe import Recipe
from trainer.recipe.reading import recipe_class

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 300  # characters of a value in a message
# Where pydantic's own words are those of Python.
_WORDS = {"tuple_type": "a list is allowed, as in [a, b]",
          "dict_type": "keys with values are allowed, as in {key: value}",
          "model_type": "keys with values are allowed, as in {key: value}"}


def validated(model: type[BaseModel], values: dict[str, Any], where: str) -> Any:
    """Validates values; errors name the key, what was given and what is allowed.

    Raises:
      InputError: A key is missing or unknown, or a value is not allowed.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [_message(model, fault) for fault in error.errors()]
        raise InputError("bad-configuration", f"In {where}: " + "; ".join(lines) + ".") from error


def validated_recipe(tree: dict[str, Any], where: str) -> Recipe:
    """Validates a recipe's tree; see `validated`."""
    try:
        model = recipe_class(tree)
    except ValueError as error:
        raise InputError("recipe-form", f"In {where}: {error}.") from error
    return validated(model, tree, where)


def _message(model: type[BaseModel], fault: Any) -> str:
    """Returns one fault as a clause; what was given is shown where it is one value."""
    key, given = ".".join(str(part) for part in fault["loc"]), fault["input"]
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_siblings(model, fault["loc"]))
        return f"unknown key {key!r}; known here: {known}"
    if fault["type"] == "missing":
        return f"{key}: missing; it must be given"
    words = _WORDS.get(fault["type"], fault["msg"]).removeprefix("Value error, ")
    if isinstance(given, dict | BaseModel):
        return f"{key}: {words}" if key else words
    shown = _SHORT.repr(given)
    return f"{key}: given {shown}, but {words}" if key else f"given {shown}, but {words}"


def _siblings(model: type[BaseModel], location: tuple) -> list[str]:
    """Returns the keys that are known beside an error."""
    ways: Mapping[str, type[BaseModel]] = {}
    keys = iter(location[:-1])
    for part in keys:
        if part in ways:
            model, ways = ways[part], {}
            continue
        if part not in model.model_fields:
            continue  # the place in a list
        field = model.model_fields[part]
        ways = next((one.options for one in field.metadata if isinstance(one, OneOf)), {})
        kind = field.annotation
        inner = [t for t in (kind, *get_args(kind)) if isinstance(t, type)]
        model = next(t for t in inner if issubclass(t, BaseModel))
        if get_origin(kind) is dict:
            next(keys)  # the key of an entry, which may be called like a field of its value
    return sorted(model.model_fields)
