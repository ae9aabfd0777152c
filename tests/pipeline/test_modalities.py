"""Which modalities a recipe reads of a dataset, and what it is told when it names another."""

import json

import pytest
import yaml
from worlds import column, small_spec

from pipeline.config import load_config
from pipeline.dag import build_pipeline
from schemas import InputError, read_spec
from trainer.recipe import bind, parse_recipe
from trainer.recipe.recipe import known_modalities

TASKS = {"retrieval": {"head": "retrieval"}}


def _recipe(**changes):
    return parse_recipe(**{"description": "d", "tasks": TASKS, **changes})


@pytest.mark.parametrize("given", ["all", ["all"], None])
def test_all_means_what_the_dataset_has(given):
    recipe = _recipe(**({"modalities": given} if given else {}))
    assert list(recipe.modalities) == ["all"]
    assert list(bind(recipe, read_spec("demo")).recipe.modalities) == [
        "categorical", "numeric", "text", "image", "audio", "video"]
    assert list(bind(recipe, read_spec("movielens")).recipe.modalities) == [
        "categorical", "numeric", "text", "image"]
    assert parse_recipe(**recipe.model_dump(mode="json")) == recipe


def test_only_columns_that_towers_may_read_count():
    """On either side; nothing personal, and no column of the interactions."""
    spec = small_spec(
        users=column("voice", "BYTES", "audio") + column("mail", "BYTES", "text", "pii"),
        items=column("film", "BYTES", "video"), events=column("review", "BYTES", "text"))
    assert known_modalities(spec) == ("audio", "video")
    recipe = _recipe(modalities={"audio": {"mels": 20}, "all": {}})
    bound = bind(recipe, spec).recipe.modalities
    assert list(bound) == ["audio", "video"] and bound["audio"].mels == 20


def test_a_modality_that_the_dataset_lacks_is_named_with_what_it_has():
    spec = read_spec("movielens")
    with pytest.raises(InputError) as caught:
        bind(_recipe(modalities=["text", "video", "audio"]), spec, "mine")
    message = str(caught.value)
    assert message.startswith(
        "Recipe 'mine', key 'modalities': given 'audio', 'video', but neither the users nor the "
        f"items of dataset '{spec.name}' have a column")
    assert "they have: categorical, numeric, text, image." in message
    assert "'modalities: all'" in message
    assert list(bind(_recipe(modalities=["text", "image"]), spec).recipe.modalities) == [
        "text", "image"]


def test_the_pipeline_s_parameters_hold_the_names(tiny_shop, tmp_path):
    (tmp_path / "all.yaml").write_text(yaml.safe_dump({"description": "d", "tasks": TASKS}))
    config = load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path,
                         recipe=str(tmp_path / "all.yaml"))
    bound = bind(config.recipe, read_spec("demo"))
    nodes = {n.id: n for n in build_pipeline(config, bound, tmp_path).components}
    resolved = ["categorical", "numeric", "text", "image", "audio", "video"]
    trained = nodes["Trainer"].exec_properties["custom_config"]
    assert list(json.loads(trained)["recipe"]["modalities"]) == sorted(resolved)
    for side in ("users", "items"):
        given = nodes[f"Transform.{side}"].exec_properties["custom_config"]
        assert sorted(json.loads(given)["modalities"]) == sorted(resolved)
