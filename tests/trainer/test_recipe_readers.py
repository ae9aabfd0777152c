"""What a recipe says and nothing in it reads is refused; `all` reads whatever a dataset has."""

import pytest
from pydantic import ValidationError

from schemas import read_spec
from trainer.recipe import parse_recipe
from trainer.recipe.modalities import for_dataset

RETRIEVAL = {"head": "retrieval", "label": "like"}
REPLACED = {"image": {"handle": "pictures", "replaces_tower": True}}
RATED = {"tasks": {"rating": {"head": "regression", "label": "rating"}}, "rank_by": "rating",
         "relevant": "like"}
FACTORS = {**RATED, "family": "factorization", "modalities": []}
BESIDE_IDS = "'modalities' is [] and 'model.behaviour' has none of"


def _recipe(**changes):
    return parse_recipe(**{"description": "d", "tasks": {"find": RETRIEVAL}, **changes})


@pytest.mark.parametrize(("changes", "message"), [
    ({"modalities": ["text"], "model": {"towers": {"image": "fourier"}}},
     "'model.towers.image' is 'fourier', but 'modalities' has no 'image'"),
    ({"modalities": ["text"], "training": {"augmentation": {"image": 0.1}}},
     "'training.augmentation.image' is 0.1, but 'modalities' has no 'image' and no 'video'"),
    ({"modalities": ["image"], "training": {"augmentation": {"sound": 0.1}}},
     "'training.augmentation.sound' is 0.1, but 'modalities' has no 'audio'"),
    ({"modalities": ["text"], "preprocessing": {"audio": {"mels": 64}}},
     "'preprocessing.audio.mels' is 64, but 'modalities' has no 'audio'"),
    ({"modalities": ["text"], "preprocessing": {"image": {"width": 8}}},
     "'preprocessing.image.width' is 8, but 'modalities' has no 'image'"),
    ({"modalities": ["text"], "preprocessing": {"categorical": {"vocabulary": 8}}},
     "'preprocessing.categorical.vocabulary' is 8, but 'modalities' has no 'categorical'"),
    ({"modalities": ["image"], "preprocessing": {"text": {"tokens": 8}}},
     "'preprocessing.text.tokens' is 8, but 'modalities' has no 'text'"),
    ({"modalities": ["image"], "preprocessing": {"text": {"stop_words": "english"}},
      "model": {"behaviour": ["reviews"]}},
     "'preprocessing.text.stop_words' is 'english', but 'modalities' has no 'text'"),
    ({"modalities": ["image"], "encoders": REPLACED, "model": {"towers": {"image": "fourier"}}},
     "'model.towers.image' is 'fourier', but 'encoders.image.replaces_tower' is true: nothing else "
     "reads the modality 'image'"),
    ({"encoders": REPLACED, "preprocessing": {"image": {"height": 8}}},
     "'preprocessing.image.height' is 8, but 'encoders.image.replaces_tower' is true"),
    ({"modalities": ["image"], "encoders": REPLACED, "training": {"augmentation": {"image": 0.1}}},
     "'training.augmentation.image' is 0.1, but 'encoders.image.replaces_tower' is true"),
    ({**RATED, "training": {"hard_negatives": 3}},
     "'training.hard_negatives' is 3, but no task has the head 'retrieval'"),
    ({**RATED, "training": {"temperature": 0.5}},
     "'training.temperature' is 0.5, but no task has the head 'retrieval'"),
    ({"modalities": [], "training": {"alignment": 0.1}},
     f"'training.alignment' is 0.1, but {BESIDE_IDS} item_reviews"),
    ({"modalities": [], "model": {"modality_dropout": 0.1, "history": False}},
     f"'model.modality_dropout' is 0.1, but {BESIDE_IDS} history, context"),
    ({"modalities": [], "model": {"missing": "mean", "behaviour": []}},
     f"'model.missing' is 'mean', but {BESIDE_IDS} history, context"),
    ({**FACTORS, "modalities": ["text"]},
     "'modalities' is [text], but a 'factorization' reads ids alone: say 'modalities: []'"),
    ({**FACTORS, "modalities": "all"},
     "'modalities' is all, but a 'factorization' reads ids alone: say 'modalities: []'"),
    ({**FACTORS, "training": {"augmentation": {"image": 0.1}}},
     "'training.augmentation.image' is 0.1, but 'modalities' has no 'image'"),
    ({**FACTORS, "training": {"hard_negatives": 3}},
     "'training.hard_negatives' is 3, but no task has the head 'retrieval'"),
    ({**FACTORS, "encoders": {"text": {"handle": "x"}}},
     "'encoders.text' was given, but a 'factorization' reads no encoder's vectors"),
    ({**RATED, "family": "forest", "encoders": {"image": {"handle": "x"}}},
     "'encoders.image' was given, but a 'forest' reads no encoder's vectors"),
    ({"family": "similarity", "encoders": {"audio": {"handle": "x"}}},
     "'encoders.audio' was given, but a 'similarity' reads no encoder's vectors"),
    ({"family": "similarity", "similarity": {"vectors": "collaborative"}, "modalities": ["text"]},
     "'modalities' is [text], but a similarity of 'collaborative' vectors reads ids alone"),
    ({"modalities": ["text", "image", "text"]},
     "'modalities' names one twice: ['text', 'image', 'text']"),
    ({"modalities": ["all", "all"]}, "'modalities' names one twice"),
])
def test_what_nothing_reads_is_named(changes, message):
    with pytest.raises(ValidationError) as caught:
        _recipe(**changes)
    [error] = caught.value.errors()
    assert error["msg"].removeprefix("Value error, ").startswith(message)


@pytest.mark.parametrize("changes", [
    FACTORS,
    {"model": {"towers": {"image": "fourier"}}, "preprocessing": {"audio": {"mels": 64}}},
    {"modalities": ["video"], "training": {"augmentation": {"image": 0.1}}},
    # With `all` there may be videos.
    {"encoders": REPLACED, "training": {"augmentation": {"image": 0.1}}},
    # The user's history and context can be hidden, and guessed.
    {"modalities": [], "model": {"modality_dropout": 0.1, "missing": "regression"}},
    {"modalities": [], "model": {"behaviour": ["item_reviews"]}, "training": {"alignment": 0.1},
     "preprocessing": {"text": {"tokens": 8}}},
    {"modalities": ["text"], "training": {"hard_negatives": 3, "temperature": 0.5}},
    {"modalities": ["text"], "preprocessing": {"audio": {"mels": 40}}},  # as by default
])
def test_what_something_reads_is_taken(changes):
    assert _recipe(**changes)


def test_all_takes_options_of_a_modality_that_the_dataset_lacks():
    recipe = _recipe(
        model={"towers": {"image": "fourier"}, "dim": 32},
        preprocessing={"audio": {"mels": 64}, "categorical": {"vocabulary": 9}},
        training={"augmentation": {"sound": 0.2}, "learning_rate": 0.1})
    small = for_dataset(recipe, read_spec("movielens-latest-small"))
    assert "image" not in small.modalities and "audio" not in small.modalities
    assert (small.model.towers.image, small.preprocessing.audio.mels) == ("cnn", 40)
    assert small.training.augmentation.sound == 0.0
    assert (small.model.dim, small.preprocessing.categorical.vocabulary) == (32, 9)
    assert small.training.learning_rate == 0.1
    assert parse_recipe(**small.model_dump(mode="json")) == small, "components read it again"
    whole = for_dataset(recipe, read_spec("demo"))
    assert (whole.model, whole.preprocessing, whole.training) == (
        recipe.model, recipe.preprocessing, recipe.training)
