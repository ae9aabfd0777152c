"""Which modalities a recipe reads of a dataset, and what it is told when it names another."""

import json

import pytest
import yaml

from pipeline.config import load_config
from pipeline.dag import build_pipeline
from schemas import InputError, parse_spec, read_spec
from trainer.recipe import Recipe
from trainer.recipe.modalities import check_modalities, for_dataset, known_modalities

TASKS = {"retrieval": {"head": "retrieval"}}
USER = 'feature { name: "u" type: BYTES annotation { tag: "user_id" } }'
ITEM = 'feature { name: "i" type: BYTES annotation { tag: "item_id" } }'


def _column(name, *tags):
    words = " ".join(f'tag: "{tag}"' for tag in tags)
    return f'feature {{ name: "{name}" type: BYTES annotation {{ {words} }} }}'


def _recipe(**changes):
    return Recipe(**{"description": "d", "tasks": TASKS, **changes})


@pytest.mark.parametrize("given", ["all", ["all"], None])
def test_all_means_what_the_dataset_has(given):
    recipe = _recipe(**({"modalities": given} if given else {}))
    assert recipe.modalities == ("all",)
    assert for_dataset(recipe, read_spec("demo")).modalities == (
        "categorical", "numeric", "text", "image", "audio", "video")
    assert for_dataset(recipe, read_spec("movielens")).modalities == (
        "categorical", "numeric", "text", "image")
    assert Recipe(**recipe.model_dump(mode="json")) == recipe


def test_named_ones_stay_as_they_are():
    for named in ((), ("text",), ("image", "categorical")):
        assert for_dataset(_recipe(modalities=named), read_spec("demo")).modalities == named


def test_only_columns_that_towers_may_read_count():
    """On either side; nothing personal, and no column of the interactions."""
    spec = parse_spec("some", [
        USER + _column("voice", "audio") + _column("mail", "text", "pii"),
        ITEM + _column("film", "video"), USER + ITEM + _column("review", "text")])
    assert known_modalities(spec) == ("audio", "video")
    assert for_dataset(_recipe(modalities="all"), spec).modalities == ("audio", "video")


def test_a_modality_that_the_dataset_lacks_is_named_with_what_it_has():
    spec = read_spec("movielens")
    with pytest.raises(InputError) as caught:
        check_modalities("mine", _recipe(modalities=["text", "video", "audio"]), spec)
    message = str(caught.value)
    assert message.startswith(
        "Recipe 'mine', key 'modalities': given 'video', 'audio', but neither the users nor the "
        f"items of dataset '{spec.name}' have a column")
    assert "they have: categorical, numeric, text, image." in message
    assert "'modalities: all'" in message
    check_modalities("mine", _recipe(modalities="all"), spec)
    check_modalities("mine", _recipe(modalities=["text", "image"]), spec)


def test_a_dataset_of_ids_alone_has_none():
    bare = parse_spec("bare", [USER, ITEM, USER + ITEM])
    assert for_dataset(_recipe(), bare).modalities == ()
    with pytest.raises(InputError, match="they have: none"):
        check_modalities("mine", _recipe(modalities=["text"]), bare)


def test_a_spec_refuses_what_is_no_modality():
    """A recipe's `all` that nobody resolved would read nothing in silence."""
    with pytest.raises(InputError, match="modality 'all'"):
        read_spec("demo").inputs("items", ("all",))


def test_the_pipeline_s_parameters_hold_the_names(tiny_shop, tmp_path):
    (tmp_path / "all.yaml").write_text(yaml.safe_dump({"description": "d", "tasks": TASKS}))
    config = load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path,
                         recipe=str(tmp_path / "all.yaml"))
    nodes = {n.id: n for n in build_pipeline(config, read_spec("demo"), tmp_path).components}
    resolved = ["categorical", "numeric", "text", "image", "audio", "video"]
    trained = nodes["Trainer"].exec_properties["custom_config"]
    assert json.loads(trained)["recipe"]["modalities"] == resolved
    for side in ("users", "items"):
        given = nodes[f"Transform.{side}"].exec_properties["custom_config"]
        assert json.loads(given)["modalities"] == resolved
