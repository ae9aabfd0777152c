"""One dataset with everything, and one model that reads and predicts all of it."""

import pytest
import tensorflow as tf
from narrowed import narrowed
from theatre import OPTIONS, TEXT_COLUMNS, WORDS_KEPT, theatre_spec, theatre_tables

from trainer.recipe import BoundRecipe, parse_recipe
from trainer.training.inputs import training_data

BEHAVIOUR = {"history": {"tower": "gru"}, "context": {}, "counts": {},
             "series": {"tower": "vae"}, "reviews": {**WORDS_KEPT, "of": ["users", "items"]}}
TASKS = {
    "find": {"head": "retrieval", "label": "like"},
    "rating": {"head": "regression", "label": "rating"},
    "region": {"head": "multi_class", "label": "region"},
    "years": {"head": "regression", "label": "age"},
    "mood": {"head": "multi_class", "label": "mood"},
    "feels": {"head": "multi_label", "labels": ["joy", "fear"]},
}


@pytest.fixture(scope="session")
def theatre(spec, build_world):
    """Every modality, kind of label and head: transformed once for all recipes."""
    wider = theatre_spec(spec)
    transformed = parse_recipe(
        description="all", modalities=OPTIONS | {"text": OPTIONS["text"] | TEXT_COLUMNS},
        tasks={"retrieval": {"head": "retrieval"}}, behaviour=BEHAVIOUR)
    return build_world(wider, transformed, *theatre_tables(wider))


@pytest.fixture(scope="session")
def recipe_of():
    """Makes a recipe that reads the theatre."""

    def recipe_of(tasks=TASKS, modalities=OPTIONS, **more):
        return parse_recipe(**narrowed({
            "description": "theatre", "modalities": modalities, "model": {"dim": 8},
            "training": {"batch_size": 8}, "tasks": tasks, **more}, OPTIONS))

    return recipe_of


@pytest.fixture(scope="session")
def served(theatre, recipe_of, read, export):
    """A model of all content, of all of the past and of every head; guesses replace the absent."""
    varied = {name: OPTIONS[name] | {"augmentation": 0.5} for name in ("image", "audio", "video")}
    recipe = recipe_of(
        modalities={"categorical": {}, "numeric": {}, **varied,
                    "image": varied["image"] | {"tower": "visual_words"},
                    "text": {"topics": 2, "sentiment": True, "tower": "lstm"}},
        behaviour=BEHAVIOUR,
        model={"dim": 8, "missing": "regression", "modality_dropout": 0.3})
    return export(theatre, recipe=recipe, data=read(recipe))


@pytest.fixture(scope="session")
def read(theatre):
    """Reads the theatre as a Trainer does, for a recipe."""
    return lambda recipe: training_data(
        BoundRecipe(recipe, theatre.spec), theatre.files, theatre.transforms)


@pytest.fixture(scope="session")
def ask(served):
    """Asks the model a signature; what a request does not give is absent."""

    def ask(signature, **given):
        inputs = served.signatures[signature].structured_input_signature[1]
        rows = len(next(iter(given.values())))
        absent = {name: tf.fill([rows] + [1] * (one.shape.rank - 1),
                                b"" if one.dtype == tf.string else tf.cast(-1, one.dtype))
                  for name, one in inputs.items() if name not in given}
        return served.ask(signature, **given, **absent)

    return ask
