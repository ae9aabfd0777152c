"""Recipes that ask for texts of a dataset that has none."""

import pytest
from worlds import column, small_spec

from pipeline.text_check import check_texts
from schemas import InputError, read_spec
from trainer.recipe import Recipe

# A text that is personal is none for a model.
BARE = small_spec(users=column("mail", "BYTES", "text", "pii"), time="at", name="bare")


@pytest.mark.parametrize(("changes", "named"), [
    ({"model": {"towers": {"text": "lstm"}}}, "model.towers.text: 'lstm'"),
    ({"preprocessing": {"text": {"topics": 8}}}, "preprocessing.text.topics: 8"),
    ({"preprocessing": {"text": {"sentiment": True}}}, "preprocessing.text.sentiment: True"),
    ({"training": {"augmentation": {"text": {"hidden": 0.1}}}},
     "training.augmentation.text.hidden: 0.1"),
])
def test_what_asks_for_texts_needs_texts(changes, named):
    recipe = Recipe(description="d", tasks={"find": {"head": "retrieval"}}, **changes)
    with pytest.raises(InputError) as caught:
        check_texts("mine", recipe, BARE)
    assert str(caught.value) == (
        f"Recipe 'mine', {named} asks for texts, but neither the users nor the items of 'bare' "
        "have a column with the tag 'text'. Tag one, or take the key out of the recipe.")
    check_texts("mine", recipe, read_spec("demo"))


def test_the_modality_alone_asks_for_nothing():
    plain = Recipe(description="d", tasks={"find": {"head": "retrieval"}})
    assert check_texts("mine", plain, BARE) is None
