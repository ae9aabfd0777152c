"""docs/recipe-keys.md: the keys of recipes, from the classes that read them."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from trainer.options import OneOf, OneRegistered, SomeOf, Way
from trainer.recipe.families import FittedRecipe
from trainer.recipe.reading import RECIPES
from trainer.recipe.recipe import Recipe

_HEAD = """\
# Recipe keys

`make docs` writes this page from the classes that read a recipe; [recipes.md](recipes.md) explains
fusion, behaviour, encoders and the rest. `model.dim` is the key `dim` of the section `model`. A
value that has options of its own is written by its name alone, or with them: `fusion: late`, or
`fusion: {late: {decision: stack}}`. `modalities` and `behaviour` may be a list of names, too.
`NAME` is a name of yours. `family`, `network` if it is not given, decides which keys there are.
"""
_TABLE = "| Key | Values | Default | What |\n|---|---|---|---|"
# Beyond it a whole number fits no array of a model: it says nothing to a reader.
_NO_BOUND = 2**31 - 1


def recipe_keys_page() -> str:
    """Returns docs/recipe-keys.md: a table of every recipe's keys, and one of each family."""
    lines = [_HEAD, "## Every recipe", "", _TABLE, *key_rows(Recipe, ""), "",
             "## Families that are fitted", "", "`network` and `factorization`.", "", _TABLE,
             *key_rows(FittedRecipe, "", Recipe), ""]
    for name, recipe in RECIPES.items():
        base = FittedRecipe if issubclass(recipe, FittedRecipe) else Recipe
        lines += [f"## Family {name}", "", _summary(recipe), "", _TABLE,
                  *key_rows(recipe, "", base), ""]
    return "\n".join(lines).rstrip() + "\n"


def key_rows(options: type[BaseModel], above: str, base: type[BaseModel] | None = None
             ) -> Iterator[str]:
    """Yields a row for each key of a section, followed by those within.

    Args:
      options: The class that reads the section.
      above: The section's dotted key, with a dot behind it.
      base: A class whose keys are left out, unless their default differs.

    Raises:
      SystemExit: No docstring has a text for a key.
    """
    known = base.model_fields if base else {}
    texts = attributes(options)
    for name, field in options.model_fields.items():
        if name == "family":
            continue
        if name not in texts:
            raise SystemExit(f"{options.__name__}.{name}: the docstring lacks the attribute.")
        old = known.get(name)
        if old is None or _default(old) != _default(field):
            cells = (f"`{above}{name}`", _values(field), _default(field), texts[name])
            yield f"| {' | '.join(' '.join(cell.split()) for cell in cells)} |"
        inherited = dict(_sections(old)) if old else {}
        for within, inner in _sections(field):
            yield from key_rows(inner, f"{above}{name}.{within}", inherited.get(within))


def attributes(options: type[BaseModel]) -> dict[str, str]:
    """Returns what the docstrings of a class and its bases say of each attribute."""
    texts: dict[str, str] = {}
    for base in reversed(options.__mro__):
        _, _, section = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")
        lines = re.split(r"\n(?=\S)|\n\s*\n", section)[0]
        for entry in re.split(r"\n(?=  \w)", "\n" + lines):
            name, colon, text = entry.partition(": ")
            if colon:
                description = " ".join(text.split()).removesuffix(".").replace("`None`", "`null`")
                texts[name.strip()] = description
    return texts


def _summary(options: type[BaseModel]) -> str:
    return inspect.cleandoc(options.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _choice(field: FieldInfo) -> OneOf | OneRegistered | SomeOf | None:
    return next((extra for extra in field.metadata
                 if isinstance(extra, OneOf | OneRegistered | SomeOf)), None)


def _sections(field: FieldInfo) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yields the classes within a field, each with the keys that lead to it."""
    choice = _choice(field)
    if choice is not None:
        for name in choice.options:
            yield f"{name}.", choice.options[name]
        return
    for inner in (field.annotation, *get_args(field.annotation)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield ("NAME." if _mapping(field) else ""), inner


def _mapping(field: FieldInfo) -> bool:
    return getattr(field.annotation, "__origin__", None) is dict


def _values(field: FieldInfo) -> str:
    choice = _choice(field)
    if isinstance(choice, SomeOf):
        return "some of " + _listed(choice.options)
    if choice is not None:
        return _listed(choice.options)
    sections = list(_sections(field))
    if _mapping(field) and sections:
        return "by name"
    if sections:
        return "a section, or null" if type(None) in get_args(field.annotation) else "a section"
    whole: Any = field.annotation
    if field.metadata:
        whole = Annotated[(whole, *field.metadata)]
    return _words(TypeAdapter(whole).json_schema())


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _words(schema: dict[str, Any]) -> str:
    """Returns what a JSON schema allows."""
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(map(_words, schema["anyOf"])))
    if "enum" in schema or "const" in schema:
        return _listed(schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return kind + _bounds(schema, kind == "integer")
    if kind == "array":
        inner = schema.get("prefixItems", [schema.get("items", {})])
        number = f"{len(inner)} of" if "prefixItems" in schema else "a list of"
        return f"{number} {_words(inner[0])}"
    if kind == "object":
        return f"{_words(schema['additionalProperties'])}, by name"
    return {"boolean": "true, false", "string": "text", "null": "null"}[str(kind)]


def _bounds(schema: dict[str, Any], whole: bool) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if whole:  # the smallest and the largest one that is allowed
        low = max((one for one in (low, above + 1 if above is not None else None)
                   if one is not None), default=None)
        high = min((one for one in (high, below - 1 if below is not None else None)
                    if one is not None and one < _NO_BOUND), default=None)
        above = below = None
    bounds = (("from", low), ("above", above), ("to", high), ("below", below))
    return "".join(f" {word} {_shown(bound)}" for word, bound in bounds if bound is not None)


def _shown(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    return "`{}`" if _mapping(field) and not _choice(field) else f"`{_plain(field.default)}`"


def _plain(value: Any) -> str:
    """Returns a default as a recipe writes it."""
    if isinstance(value, Way):
        return value.name
    if isinstance(value, BaseModel):
        return "{}"
    if isinstance(value, dict | tuple | list):
        return "all" if list(value) == ["all"] else "[" + ", ".join(map(str, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
