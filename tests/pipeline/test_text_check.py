"""Recipes that ask for texts of a dataset that has none."""

import pytest

from pipeline.text_check import check_texts
from schemas import InputError, parse_spec, read_spec
from trainer.recipe import Recipe

_ONE = "presence { min_fraction: 1.0 min_count: 1 } shape { dim { size: 1 } }"
_USER = f'feature {{ name: "member" type: BYTES {_ONE} annotation {{ tag: "user_id" }} }}'
_ITEM = f'feature {{ name: "film" type: INT {_ONE} annotation {{ tag: "item_id" }} }}'
# A text that is personal is none for a model.
_MAIL = 'feature { name: "mail" type: BYTES annotation { tag: "text" tag: "pii" } }'
BARE = parse_spec("bare", [_USER + _MAIL, _ITEM, f"""{_USER} {_ITEM}
feature {{ name: "at" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}"""])


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
    check_texts("mine", Recipe(description="d", tasks={"find": {"head": "retrieval"}}), BARE)
