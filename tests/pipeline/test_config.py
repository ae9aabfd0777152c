"""The configuration of a run: what it takes, and what it says of what it cannot take."""

from pathlib import Path

import pytest
import yaml

from pipeline.config import data_folder, load_config, load_recipe, recipes
from pipeline.run import run
from schemas import InputError

TASKS = {"find": {"head": "retrieval", "label": "like"}}


@pytest.fixture
def written(tmp_path):
    """Writes a YAML file and returns its path."""

    def write(values, name="given.yaml"):
        path = tmp_path / name
        text = values if isinstance(values, str) else yaml.safe_dump(values)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refused(call, *args, **kwargs) -> str:
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_demo_needs_no_more_than_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(None, dataset="demo", split=None, recipe=None)
    assert config.root == tmp_path / "tessera-runs"
    assert config.data_dir == data_folder(config.root, "demo") == config.root / "data" / "demo"
    assert (config.recipe_name, config.split, config.seed) == ("flagship", "u80", 1)
    assert config.recipe == load_recipe("flagship")
    assert config.pipeline_name == "demo-flagship-1"


@pytest.mark.parametrize("dataset", ["movielens-100k", "movielens-1m", "movielens-latest-small"])
def test_movielens_lies_under_the_root_unless_a_folder_is_given(dataset, tmp_path):
    config = load_config(None, dataset=dataset, root=tmp_path)
    assert config.data_dir == data_folder(tmp_path, dataset) == tmp_path / "data" / dataset
    assert load_config(None, dataset=dataset, data_dir=tmp_path).data_dir == tmp_path


@pytest.mark.parametrize("dataset", ["csv", "parquet", "jsonl"])
def test_ones_own_files_need_a_folder(dataset):
    message = refused(load_config, None, dataset=dataset)
    assert f"'{dataset}' needs its files" in message and "--data-dir" in message


def test_the_command_line_wins_over_the_file(written, tmp_path):
    path = written({"dataset": "demo", "seed": 3, "split": "t80", "root": str(tmp_path / "a"),
                    "thresholds": {"max_rmse": 2}})
    config = load_config(path, seed=4, root=None, split=None)
    assert (config.seed, config.split, config.root) == (4, "t80", tmp_path / "a")
    assert (config.thresholds.max_rmse, config.thresholds.min_auc) == (2.0, 0.55)


def test_a_recipe_file_names_the_recipe(written):
    path = written({"description": "d", "tasks": TASKS}, "my_own.yaml")
    config = load_config(None, dataset="demo", recipe=str(path))
    assert config.recipe_name == "my_own"
    assert config.recipe.retrieval == "find"


def own(written, path: str, **values):
    """Returns the configuration of a dataset of one's own, whose file lies in a folder."""
    (file := written({}).parent / path).parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({
        "dataset": "csv", "schemas": "schemas",
        "source": {"interactions": {"files": "events.csv"}}, **values}))
    return load_config(file)


def test_ones_own_datasets_have_names_of_their_own(written, tmp_path):
    shop, library = own(written, "shop/my.yaml"), own(written, "library/my.yaml")
    assert (shop.pipeline_name, library.pipeline_name) == ("shop-flagship-1", "library-flagship-1")
    assert own(written, "library/l.yaml", schemas="loans").dataset_name == "loans"
    assert own(written, "library/l/my.yaml", schemas="../schemas").dataset_name == "library"
    assert own(written, "library/my.yaml", name="north").dataset_name == "north"
    assert own(written, "my shop/my.yaml").dataset_name == "my_shop"
    assert own(written, "demo/my.yaml").dataset_name == "csv-demo"  # no model of the demo shop


@pytest.mark.parametrize("name", ["../x", "a b", ""])
def test_a_name_that_makes_no_folder(written, name):
    message = refused(own, written, "shop/my.yaml", name=name)
    assert "name: given" in message and "pattern" in message


def test_a_recipe_called_like_the_project_s_is_another_one(written, tmp_path):
    path = written({"description": "d", "tasks": TASKS}, "flagship.yaml")
    assert load_config(None, dataset="demo", recipe=str(path)).recipe_name == "own-flagship"
    same = Path(__file__).parents[2] / "pipeline" / "recipes" / "flagship.yaml"
    assert load_config(None, dataset="demo", recipe=str(same)).recipe_name == "flagship"


def test_a_pipeline_s_name_is_never_too_long_for_tfx(written):
    long = "a_recipe_with_a_name_that_goes_on_and_on_for_longer_than_is_good"
    names = [load_config(None, dataset="movielens-latest-small", recipe=str(written(
        {"description": "d", "tasks": TASKS}, f"{long}{end}.yaml"))).pipeline_name
        for end in ("", "_x")]
    assert [len(name) for name in names] == [63, 63] and len(set(names)) == 2
    assert all(name.startswith("movielens-latest-small-a_recipe_with") for name in names)


@pytest.mark.parametrize(("values", "told"), [
    ({"name": "shop"}, ["The key 'name' is for one's own files; dataset 'demo' has its own"]),
    ({"colour": 1}, ["unknown key 'colour'", "data_dir", "max_quarantine_share", "thresholds"]),
    ({"thresholds": {"max_rsme": 1}}, ["unknown key 'thresholds.max_rsme'", "max_rmse", "min_auc"]),
    ({"thresholds": {"max_rmse": -1}}, ["thresholds.max_rmse", "given -1", "greater than 0"]),
    ({"thresholds": 3}, ["thresholds", "given 3"]),
    ({"seed": "one"}, ["seed", "given 'one'", "integer"]),
    ({"seed": -1}, ["seed", "given -1", "greater than or equal to 0"]),
    ({"max_quarantine_share": 1.5}, ["max_quarantine_share", "given 1.5"]),
    ({1: 2}, ["1", "string"]),
    ({"dataset": "netflix"}, ["Unknown dataset 'netflix'", "csv, demo, jsonl, movielens"]),
    ({"dataset": ["demo"]}, ["Unknown dataset ['demo']", "csv, demo, jsonl, movielens"]),
    ({"recipe": "flagshi"}, ["Unknown recipe 'flagshi'", "flagship"]),
    ({"recipe": {"tasks": {}}}, ["Unknown recipe", "flagship"]),
    ({"recipe": "gone.yaml"}, ["gone.yaml does not exist", "flagship"]),
])
def test_a_wrong_configuration_is_named(written, values, told):
    message = refused(load_config, written({"dataset": "demo"} | values))
    for words in told:
        assert words in message
    assert "pydantic" not in message


def test_a_number_for_a_folder_is_a_folder_of_that_name(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(written({"dataset": "demo", "root": 5, "data_dir": 6}))
    assert (config.root, config.data_dir) == (tmp_path / "5", tmp_path / "6")


def test_no_dataset_at_all():
    message = refused(load_config, None)
    assert "No dataset given" in message and "demo, movielens-100k, movielens-1m" in message


@pytest.mark.parametrize(("text", "told"), [
    ("dataset: [demo", "is not valid YAML"),
    ("- demo", "must hold keys with values"),
    ("", "must hold keys with values"),
])
def test_a_file_that_is_no_mapping(written, text, told):
    path = written(text)
    message = refused(load_config, path)
    assert told in message and str(path) in message


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert f"{path} is not valid YAML" in refused(load_config, path)


@pytest.mark.parametrize("name", ["gone.yaml", "."])
def test_a_file_that_cannot_be_read(tmp_path, name):
    message = refused(load_config, tmp_path / name)
    assert message.startswith(f"Cannot read {tmp_path / name}") and "Check the path" in message


@pytest.mark.parametrize(("changes", "told"), [
    ({"depth": 3}, ["unknown key 'depth'", "modalities", "preprocessing"]),
    ({"model": {"depth": 3}}, ["unknown key 'model.depth'", "dim, dropout"]),
    ({"preprocessing": {"image": {"depth": 3}}},
     ["unknown key 'preprocessing.image.depth'", "known here: height, width"]),
    ({"tasks": {"find": {"head": "retrieval", "lable": "like"}}},
     ["unknown key 'tasks.find.lable'", "known here: head, label, labels, weight"]),
    ({"model": {"fusion": "magic"}}, ["model.fusion", "given 'magic'", "'gated'"]),
    ({"modalities": ["smell"]}, ["modalities.0", "given 'smell'", "'image'"]),
    ({"tasks": {}}, ["no task has the head 'retrieval', so 'rank_by' must name the task"]),
    ({"tasks": TASKS | {"other": {"head": "retrieval"}}},
     ["at most one task may have the head 'retrieval'"]),
    ({"tasks": TASKS | {"stars": {"head": "regression"}}},
     ["tasks.stars", "a task with head 'regression' needs a label"]),
    ({"tasks": TASKS | {"stars": {"head": "classify", "label": "rating"}}},
     ["tasks.stars.head", "given 'classify'", "'regression'"]),
])
def test_an_impossible_recipe_is_named(written, changes, told):
    path = written({"description": "d", "tasks": TASKS} | changes)
    message = refused(load_recipe, str(path))
    for words in [f"recipe {str(path)!r}", *told]:
        assert words in message


@pytest.mark.parametrize(("changes", "told"), [
    ({"relevant": "joy"}, ["label 'joy'; dataset 'demo' has: rating, like, purchase"]),
    ({"relevant": "rating"}, ["'rating' of dataset 'demo' is not binary"]),
    ({"tasks": TASKS | {"fun": {"head": "binary", "label": "fun"}}}, ["needs the label 'fun'"]),
    ({"tasks": TASKS | {"stars": {"head": "binary", "label": "rating"}}},
     ["task 'stars'", "head 'binary' needs a label that is 0 or 1", "like, purchase"]),
    ({"tasks": {"find": {"head": "retrieval", "label": "rating"}}},
     ["task 'find'", "head 'retrieval' needs a label that is 0 or 1", "like, purchase"]),
])
def test_a_recipe_that_the_dataset_cannot_serve(
    written, tmp_path, tiny_shop, console, changes, told
):
    path = written({"description": "d", "tasks": TASKS} | changes)
    config = load_config(None, dataset="demo", recipe=str(path), root=tmp_path / "root",
                         data_dir=tiny_shop)
    message = refused(run, config, console)
    for words in told:
        assert words in message
    assert not any((config.root / "runs").iterdir()), "nothing ran"


def test_every_recipe_of_the_project_loads_and_tells_what_it_is():
    assert "flagship" in recipes()
    for name in recipes():
        assert load_recipe(name).description


def test_a_root_that_is_a_file(tmp_path, console):
    root = tmp_path / "file"
    root.touch()
    message = refused(run, load_config(None, dataset="demo", root=root), console)
    assert message.startswith(f"Cannot write to {root}") and "--root" in message


def test_a_data_folder_that_is_given_is_only_read(tmp_path, console):
    config = load_config(None, dataset="demo", root=tmp_path / "root", data_dir=tmp_path / "gone")
    message = refused(run, config, console)
    assert f"{Path(config.data_dir)} is missing" in message
    assert not config.data_dir.exists()


def test_a_recipe_s_file_is_named_from_where_the_configuration_lies(tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(
        {"description": "mine", "tasks": {"retrieval": {"head": "retrieval"}}}))
    (tmp_path / "run.yaml").write_text("dataset: demo\nrecipe: mine.yaml\n")
    config = load_config(tmp_path / "run.yaml")
    assert (config.recipe_name, config.recipe.description) == ("mine", "mine")
