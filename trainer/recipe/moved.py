"""Keys of earlier recipe files, and what such a file is now."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from trainer.behaviour.options import DEFAULT, PARTS
from trainer.recipe.recipe import ALL
from trainer.tasks import TASK_KINDS

Tree = dict[str, Any]
_ABSENT = object()


def _same(now: str, before: str, *options: str) -> dict[str, str]:
    """Returns places of options that are called as before."""
    return {f"{before}.{option}": f"{now}.{option}" if now else option for option in options}


def _chosen(key: str, default: str) -> Callable[[Tree], str]:
    """Asks which of several ways a file takes."""
    def ask(tree: Tree) -> str:
        given = _at(tree, key)
        return given if isinstance(given, str) else default
    return ask


def _within(section: str, way: Callable[[Tree], str], option: str) -> Callable[[Tree], str]:
    """Returns the place of an option that is now an option of the way that reads it."""
    return lambda tree: f"{section}.{way(tree)}.{option}"


def _of_search(option: str) -> Callable[[Tree], str]:
    """Returns the place of an option of the task that retrieves."""
    kind = next(name for name, one in TASK_KINDS.items() if one.retrieves)

    def place(tree: Tree) -> str:
        tasks = tree.get("tasks")
        heads = {name: task.get("head") for name, task in tasks.items() if isinstance(task, dict)
                 } if isinstance(tasks, dict) else {}
        task = next((name for name, head in heads.items()
                     if head == kind or (isinstance(head, dict) and kind in head)), "NAME")
        return f"tasks.{task}.head.{kind}.{option}"
    return place


def _of_words(option: str) -> Callable[[Tree], str]:
    """Returns the places of an option of texts, which the texts of events had in common."""
    def places(tree: Tree) -> str:
        past = _at(tree, "model.behaviour")
        return " ".join([*_of_named(tree, f"modalities.text.{option}"), *(
            f"behaviour.{part}.{option}" for part in (past if isinstance(past, list) else ())
            if part in (*PARTS, _ITEM_REVIEWS)
            and option in PARTS.get(part, PARTS["reviews"]).model_fields)])
    return places


def _of_pictures(tree: Tree) -> str:
    """Returns the places of the augmentation of pictures, which films had in common."""
    image, video = "modalities.image.augmentation", "modalities.video.augmentation"
    return " ".join(_of_named(tree, image, video)[:1 + isinstance(tree.get("modalities"), list)])


def _of_named(tree: Tree, *places: str) -> list[str]:
    """Returns those of some places whose modality a file names; all, where it names none."""
    names = tree.get("modalities")
    return [one for one in places if not isinstance(names, list) or one.split(".")[1] in names]


_TEXTS, _VECTORS = "modalities.text.tower", _chosen("similarity.vectors", "union")
_ENCODER = ("handle", "batch_size", "output", "replaces_tower")
# Where the value of each key is now; several places have a blank between them.
PLACES: Mapping[str, str | Callable[[Tree], str]] = {
    "model.behaviour": "behaviour",  # first: what others add to it is beside what it names
    "model.history": "",
    **_same("modalities.text.encoder", "encoders.text", *_ENCODER),
    **_same("modalities.image.encoder", "encoders.image", *_ENCODER, "height", "width",
            "fine_tune"),
    **_same("modalities.audio.encoder", "encoders.audio", *_ENCODER, "seconds"),
    **_same("modalities.categorical", "preprocessing.categorical", "vocabulary"),
    **_same("modalities.text", "preprocessing.text", "words", "stop_words", "topics", "sentiment"),
    "preprocessing.text.tokens": _of_words("tokens"),
    "preprocessing.text.vocabulary": _of_words("vocabulary"),
    "preprocessing.text.characters": f"{_TEXTS}.tfidf.characters",
    **_same("modalities.image", "preprocessing.image", "height", "width"),
    **_same("modalities.audio", "preprocessing.audio", "seconds", "mels", "mfcc"),
    **_same("modalities.video", "preprocessing.video", "frames", "height", "width"),
    "model.towers.text": _TEXTS,
    "model.towers.image": "modalities.image.tower",
    "model.towers.history": "behaviour.history.tower",
    "model.towers.series": "behaviour.series.tower",
    "model.series_days": "behaviour.series.days",
    "model.stranger_dropout": "model.user_dropout",
    "model.decision": _within("model.fusion", _chosen("model.fusion", "late"), "decision"),
    "model.experts": _within("model.sharing", _chosen("model.sharing", "mmoe"), "experts"),
    "training.temperature": _of_search("temperature"),
    "training.softmax": _of_search("softmax"),
    "training.hard_negatives": _of_search("softmax.batch.hard_negatives"),
    "training.reconstruction": "behaviour.series.tower.vae.reconstruction",
    "training.augmentation.text.hidden":
        _within(_TEXTS, _chosen("model.towers.text", "tfidf"), "hidden"),
    "training.augmentation.text.swapped":
        _within(_TEXTS, _chosen("model.towers.text", "cnn"), "swapped"),
    "training.augmentation.image": _of_pictures,
    "training.augmentation.sound": "modalities.audio.augmentation",
    **_same("", "factorization", "dim"),
    **_same("", "similarity", "vectors", "dim"),
    "similarity.distance": _within("vectors", _VECTORS, "distance"),
    "similarity.factors": _within("vectors", _VECTORS, "factors"),
    "similarity.content_weight": _within("vectors", _VECTORS, "content_weight"),
    **_same("", "forest", "trees", "features", "min_leaf", "max_rows"),
}
# What is now an option of `reviews`.
_ITEM_REVIEWS = "item_reviews"
# What was read where a file did not name it, and is read beside what is named now.
_UNNAMED: Mapping[str, Any] = {"modalities": ALL, "behaviour": list(DEFAULT)}
_FAMILIES = ("factorization", "similarity", "forest")  # each had a section of its own


def _balance(task: str) -> Callable[[Tree], str]:
    """Returns the place of a task's weight, which a balancing by weights reads."""
    def place(tree: Tree) -> str:
        given = tree.get("balancing", "fixed")
        way = next(iter(given)) if isinstance(given, dict) and given else given
        weighs = tree.get("family", "network") == "network" and way != "uncertainty"
        return f"balancing.{way}.weights.{task}" if weighs else ""
    return place


def _places(tree: Tree) -> Mapping[str, str | Callable[[Tree], str]]:
    """Returns the places of all keys that a file may have from before."""
    tasks = tree.get("tasks")
    names = tasks if isinstance(tasks, dict) else ()
    return {**PLACES, **{f"tasks.{name}.weight": _balance(name) for name in names}}


def refuse_moved(tree: Tree) -> None:
    """Refuses a recipe of an earlier form.

    Args:
      tree: What a recipe's file holds.

    Raises:
      ValueError: A key is one of earlier files; the message shows the sections as they are written
        now, with the file's own values.
    """
    new, moved = renewed(tree)
    if moved:
        clauses = "; ".join(f"{key}: the key has moved" for key in moved)
        changed = {key: value for key, value in new.items() if tree.get(key, _ABSENT) != value}
        shown = "\n".join(map(_line, changed.items())) or "nothing in its place"
        raise ValueError(f"{clauses}; write\n{shown}")


def renewed(tree: Tree) -> tuple[Tree, list[str]]:
    """Returns a recipe's tree in the form of now, and which of its keys have moved."""
    new, places = copy.deepcopy(tree), _places(tree)
    moved = [key for key in places if _at(tree, key) is not _ABSENT]
    for key in moved:
        value, family = _take(new, key.split(".")), key.split(".")[0]
        if family in _FAMILIES:
            new.setdefault("family", family)
        for place in _place(places[key], tree).split() if value is not None else ():
            section = place.split(".")[0]
            if section in _UNNAMED:
                new.setdefault(section, _UNNAMED[section])
            new = _merged(new, _nested(place, value))
    if _at(tree, "model.history") is False:
        new["behaviour"] = []
    past = new.get("behaviour")
    if isinstance(past, dict | list) and _ITEM_REVIEWS in past:
        new["behaviour"] = _with_sides(dict(_options(past)))
        moved.append(f"behaviour.{_ITEM_REVIEWS}")
    ranges = _at(tree, "tune.ranges")
    for key in [key for key in places if isinstance(ranges, dict) and key in ranges]:
        given = new["tune"]["ranges"].pop(key)
        new["tune"]["ranges"] |= dict.fromkeys(_place(places[key], tree).split(), given)
        moved.append(f"tune.ranges.{key}")
    return new, moved


def _with_sides(past: Tree) -> Tree:
    """Returns parts of the past of which reviews of items are no part of their own."""
    of = ["users", "items"] if "reviews" in past else ["items"]
    options = [one for one in (past.pop(_ITEM_REVIEWS), past.get("reviews")) if one]
    return past | {"reviews": {**{key: value for one in options if isinstance(one, dict)
                                  for key, value in one.items()}, "of": of}}


def _place(place: str | Callable[[Tree], str], tree: Tree) -> str:
    return place if isinstance(place, str) else place(tree)


def _at(tree: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return _ABSENT
        tree = tree[part]
    return tree


def _take(tree: Tree, path: list[str]) -> Any:
    """Takes a value out, and the sections that are empty without it."""
    name, *rest = path
    if not rest:
        return tree.pop(name)
    value = _take(tree[name], rest)
    if not tree[name]:
        del tree[name]
    return value


def _nested(key: str, value: Any) -> Tree:
    name, _, rest = key.partition(".")
    return {name: _nested(rest, value) if rest else value}


def _merged(one: Any, other: Any) -> Any:
    """Returns two trees as one; a name, or a list of names, meets options as a name without any."""
    if not isinstance(one, dict) and not isinstance(other, dict):
        return other
    one, other = dict(_options(one)), dict(_options(other))
    return one | {key: _merged(one[key], value) if key in one else value
                  for key, value in other.items()}


def _options(given: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(given, dict):
        yield from given.items()
    else:
        yield from ((name, {}) for name in (given if isinstance(given, list) else [given]))


def _line(section: tuple[str, Any]) -> str:
    text = yaml.safe_dump(dict([section]), default_flow_style=True, sort_keys=False,
                          allow_unicode=True, width=10**6)
    return text.strip()[1:-1]
