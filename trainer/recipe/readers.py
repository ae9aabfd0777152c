"""Options that nothing in a recipe reads, by what would read them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from schemas import MODALITIES

if TYPE_CHECKING:
    from trainer.recipe.recipe import Recipe

_ALL = "all"
REVIEWS = ("reviews", "item_reviews")
# The modalities whose towers, and the parts of `model.behaviour` that, read an option.
_OF_TOWERS: dict[str, tuple[str, ...]] = {
    "model.towers.text": ("text",),
    "model.towers.image": ("image",),
    "preprocessing.categorical": ("categorical",),
    "preprocessing.text.tokens": ("text", *REVIEWS),
    "preprocessing.text.vocabulary": ("text", *REVIEWS),
    "preprocessing.text.words": ("text",),
    "preprocessing.text.characters": ("text",),
    "preprocessing.text.stop_words": ("text",),
    "preprocessing.text.topics": ("text",),
    "preprocessing.text.sentiment": ("text",),
    "preprocessing.image": ("image",),
    "preprocessing.audio": ("audio",),
    "preprocessing.video": ("video",),
    "training.augmentation.text": ("text",),
    "training.augmentation.image": ("image", "video"),
    "training.augmentation.sound": ("audio",),
}
# Options that need a second part beside the ids: any modality, or these parts of the past.
_OF_PARTS: dict[str, tuple[str, ...]] = {
    "training.alignment": ("item_reviews",),
    "model.modality_dropout": ("history", "context", "counts", "series", *REVIEWS),
    "model.missing": ("history", "context", "counts", "series", *REVIEWS),
}
# Options that a dataset without texts is refused for, by `pipeline.text_check`.
ASKED_OF_TEXTS = ("model.towers.text", "preprocessing.text.topics", "preprocessing.text.sentiment",
                  "training.augmentation.text")
_OF_RETRIEVAL = ("training.hard_negatives", "training.temperature")


def check_readers(recipe: "Recipe") -> None:
    """Refuses what was given and nothing reads.

    Args:
      recipe: The recipe; `all` as its modalities stands for whatever a dataset has.

    Raises:
      ValueError: There is such an option; the message names its key, its value and why.
    """
    _check_family(recipe)
    for key in _OF_RETRIEVAL:
        for leaf, value in _given(recipe, key):
            if recipe.retrieval is None:
                raise ValueError(f"'{leaf}' is {value!r}, but no task has the head 'retrieval', "
                                 "whose option it is")
    for key in (*_OF_TOWERS, *_OF_PARTS):
        why = _unread(recipe, key)
        for leaf, value in _given(recipe, key) if why else ():
            raise ValueError(f"'{leaf}' is {value!r}, but {why}")


def restricted(recipe: "Recipe", modalities: tuple[str, ...],
               kept: tuple[str, ...] = ()) -> "Recipe":
    """Returns a recipe that reads some modalities, without the options that nothing reads then.

    Args:
      recipe: The recipe.
      modalities: The modalities, by name.
      kept: Keys of options that stay all the same.
    """
    found = recipe.model_copy(update={"modalities": modalities})
    for key in (*_OF_TOWERS, *_OF_PARTS):
        if _unread(found, key) and key not in kept:
            found = _reset(found, key.split("."))
    return found


def _check_family(recipe: "Recipe") -> None:
    """Refuses content for what reads ids alone, and vectors for what has no towers."""
    if recipe.family == "network":
        return
    for modality in recipe.encoders.given():
        raise ValueError(f"'encoders.{modality}' was given, but a '{recipe.family}' reads no "
                         "encoder's vectors: take it away, or take the family 'network'")
    collaborative = recipe.similarity is not None and recipe.similarity.vectors == "collaborative"
    if recipe.modalities and (recipe.family == "factorization" or collaborative):
        told = "a similarity of 'collaborative' vectors" if collaborative else "a 'factorization'"
        raise ValueError(f"'modalities' is {_listed(recipe.modalities)}, but {told} reads ids "
                         "alone: say 'modalities: []'")


def _unread(recipe: "Recipe", key: str) -> str:
    """Returns why nothing reads an option; nothing where something does."""
    named, parts = set(recipe.modalities), set(recipe.model.past_parts)
    if key in _OF_PARTS:
        if named or parts & set(_OF_PARTS[key]):
            return ""
        return (f"'modalities' is [] and 'model.behaviour' has none of "
                f"{', '.join(_OF_PARTS[key])}: there is nothing beside the ids")
    readers = _OF_TOWERS[key]
    if parts & set(readers):
        return ""
    there = [one for one in readers if one in MODALITIES and named & {one, _ALL}]
    encoders = recipe.encoders.given()
    replaced = [one for one in there if one in encoders and encoders[one].replaces_tower]
    if len(replaced) < len(there):
        return ""
    if replaced:
        return (f"'encoders.{replaced[0]}.replaces_tower' is true: nothing else reads the "
                f"modality '{replaced[0]}'")
    wanted = [f"'{one}'" for one in readers if one in MODALITIES]
    return f"'modalities' has no {' and no '.join(wanted)}"


def _given(recipe: BaseModel, key: str) -> Iterator[tuple[str, Any]]:
    """Yields what a recipe says other than by default, under a key, by dotted key."""
    *path, last = key.split(".")
    part: Any = recipe
    for name in path:
        part = getattr(part, name)
    yield from _differing(getattr(part, last), type(part).model_fields[last].default, key)


def _differing(value: Any, default: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _differing(getattr(value, name), getattr(default, name), f"{key}.{name}")
    elif value != default:
        yield key, list(value) if isinstance(value, tuple) else value


def _reset(part: Any, path: list[str]) -> Any:
    """Returns a part with the default under a path."""
    name, *rest = path
    default = type(part).model_fields[name].default
    return part.model_copy(update={name: _reset(getattr(part, name), rest) if rest else default})


def _listed(names: tuple[str, ...]) -> str:
    return _ALL if names == (_ALL,) else f"[{', '.join(names)}]"
