from pathlib import Path

import pytest
import yaml

from pipeline.checks import Checks
from pipeline.config import data_folder, load_config
from pipeline.recipe_files import load_recipe, recipes
from pipeline.run import check_recipe, run
from pipeline.yaml_loader import read_yaml
from schemas import InputError

SCHEMAS = Path(__file__).parents[2] / "schemas" / "demo"
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


def test_data_are_under_the_root_or_in_the_folder_that_is_given(tmp_path):
    under_root = load_config(None, dataset="movielens-1m", root=tmp_path).data_dir
    assert under_root == data_folder(tmp_path, "movielens-1m") == tmp_path / "data/movielens-1m"
    assert load_config(None, dataset="movielens-1m", data_dir=tmp_path).data_dir == tmp_path
    for dataset in ("csv", "parquet", "jsonl"):
        message = refused(load_config, None, dataset=dataset)
        assert f"'{dataset}' needs its files" in message and "--data-dir" in message


def test_the_command_line_wins_over_the_file(written, tmp_path):
    path = written({"dataset": "demo", "seed": 3, "split": "t80", "root": str(tmp_path / "a"),
                    "checks": {"max_error_ratio": 0.9}})
    config = load_config(path, seed=4, root=None, split=None)
    assert (config.seed, config.split, config.root) == (4, "t80", tmp_path / "a")
    assert (config.checks.max_error_ratio, config.checks.min_auc) == (0.9, 0.55)


def test_limits_are_relative_to_a_trivial_predictor():
    assert (Checks().max_error_ratio, Checks().min_auc) == (0.999, 0.55)
    assert Checks(min_auc_above_chance=0.1).min_auc == 0.6
    assert Checks(**Checks(reported=("Novelty",)).model_dump()).reported == ("Novelty",)


def test_a_recipes_path_starts_at_the_configurations_folder(written):
    path = written({"description": "d", "tasks": TASKS}, "my_own.yaml")
    config = load_config(written({"dataset": "demo", "recipe": "my_own.yaml"}))
    assert config.recipe == load_config(None, dataset="demo", recipe=str(path)).recipe
    assert (config.recipe_name, config.recipe.retrieval) == ("my_own", "find")
    path = written({"description": "d", "tasks": TASKS}, "flagship.yaml")
    assert load_config(None, dataset="demo", recipe=str(path)).recipe_name == "own-flagship"
    same = Path(__file__).parents[2] / "pipeline" / "recipes" / "flagship.yaml"
    assert load_config(None, dataset="demo", recipe=str(same)).recipe_name == "flagship"


@pytest.mark.parametrize(("stem", "name"), [
    ("a [b] c*", "a_b_c_"), ("caf\u00e9\n?", "caf\u00e9_"), ("x" * 240, "x" * 240)])
def test_a_recipe_files_name_makes_a_folders_name(written, stem, name):
    (folder := written({}).parent / "a b").mkdir()
    path = written({"description": "d", "tasks": TASKS}, f"{stem}.yaml")
    config = load_config(None, dataset="demo", recipe=str(folder / ".." / path.name))
    assert config.recipe_name == name
    assert config.pipeline_name.startswith(f"demo-{name}-1"[:54]) and len(config.pipeline_name) < 64


@pytest.mark.parametrize("key", ["root", "data_dir", "schemas", "privacy.deletion_list",
                                 "source.media_dir", "source.interactions.files"])
def test_a_path_that_no_system_has_is_refused(written, key):
    tree = {"dataset": "csv", "schemas": "s", "source": {"interactions": {"files": "e.csv"}},
            "privacy": {}}
    inner = tree
    for part in key.split(".")[:-1]:
        inner = inner[part]
    for path in ("a\0b", "a\x1bb", "a\nb"):
        inner[key.split(".")[-1]] = path
        message = refused(load_config, written(tree))
        assert f"{key}" in message and "without control characters" in message
        assert path not in message


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
    schema = written({}).parent / "shop" / "schemas" / "interactions.pbtxt"
    schema.parent.mkdir()
    schema.write_text((SCHEMAS / "interactions.pbtxt").read_text())
    assert shop.spec().name == "shop"  # messages on the schemas have it
    for name in ("../x", "a b", ""):
        assert "name: given" in refused(own, written, "shop/my.yaml", name=name)


def test_a_pipeline_s_name_is_never_too_long_for_tfx(written):
    long = "a_recipe_with_a_name_that_goes_on_and_on_for_longer_than_is_good"
    names = [load_config(None, dataset="movielens-latest-small", recipe=str(written(
        {"description": "d", "tasks": TASKS}, f"{long}{end}.yaml"))).pipeline_name
        for end in ("", "_x")]
    assert [len(name) for name in names] == [63, 63] and len(set(names)) == 2
    assert all(name.startswith("movielens-latest-small-a_recipe_with") for name in names)


@pytest.mark.parametrize(("values", "messages"), [
    ({"name": "shop"}, ["The key 'name' is for one's own files; dataset 'demo' has its own"]),
    ({"colour": 1}, ["unknown key 'colour'", "data_dir", "checks", "extensions"]),
    ({"checks": {"max_eror_ratio": 1}}, ["unknown key 'checks.max_eror_ratio'", "max_p99_ms"]),
    ({"checks": {"max_p99_ms": -1}}, ["checks.max_p99_ms", "given -1", "greater than or equal to"]),
    ({"checks": {"max_error_ratio": None}}, ["checks.max_error_ratio", "given None"]),
    ({"thresholds": {"max_rmse": 1}}, ["as in checks: {max_error_ratio: 0.999}"]),
    ({"max_quarantine_share": 0.1}, ["as in checks: {max_quarantine_share: 0.01}"]),
    ({"checks": {"min_auc": 0.6}}, ["as in min_auc_above_chance: 0.05"]),
    ({"extensions": ["no.such_module"]}, ["'no.such_module'", "cannot be imported"]),
    ({"seed": "one"}, ["seed", "given 'one'", "integer"]),
    ({"seed": True}, ["seed: given True", "valid integer"]),
    ({"checks": {"max_p99_ms": float("inf")}}, ["checks.max_p99_ms: given inf", "finite"]),
    ({"checks": {"max_p99_ms": float("nan")}}, ["checks.max_p99_ms: given nan", "finite"]),
    ({"checks": {"max_p99_ms": True}}, ["checks.max_p99_ms: given True", "valid number"]),
    ({"checks": 3}, ["checks: given 3, but keys with values are allowed"]),
    ({1: 2}, ["1", "string"]),
    ({"dataset": "netflix"}, ["Unknown dataset 'netflix'", "csv, demo, jsonl, movielens"]),
    ({"dataset": ["demo"]}, ["Unknown dataset ['demo']", "csv, demo, jsonl, movielens"]),
    ({"recipe": {"family": "network", "description": "d" * 300}}, ["'recipe'", "YAML file"]),
    ({"recipe_name": "mine"}, ["leave 'recipe_name' out"]),
    ({"recipe": "flagshi"}, ["Unknown recipe 'flagshi'", "flagship"]),
    ({"recipe": "gone.yaml"}, ["gone.yaml does not exist", "flagship"]),
])
def test_a_wrong_configuration_is_named(written, values, messages):
    message = refused(load_config, written({"dataset": "demo"} | values))
    for words in messages:
        assert words in message
    assert "pydantic" not in message


@pytest.mark.parametrize(("content", "fragment"), [
    (b"dataset: [demo", "is not valid YAML"), (b"\xff\xfe\x00", "is not valid YAML"),
    (b"- demo", "must hold keys with values"), (b"", "must hold keys with values"),
    (None, "Cannot read"),
])
def test_a_file_that_is_no_configuration(tmp_path, content, fragment):
    path = tmp_path / "given.yaml"
    if content is not None:
        path.write_bytes(content)
    message = refused(load_config, path)
    assert fragment in message and str(path) in message


@pytest.mark.parametrize(("changes", "messages"), [
    ({"depth": 3}, ["unknown key 'depth'", "modalities", "behaviour"]),
    ({"model": {"depth": 3}}, ["unknown key 'model.depth'", "dim, dropout"]),
    ({"modalities": {"image": {"depth": 3}}}, ["modalities", "image.depth: Extra inputs"]),
    ({"encoders": {"text": {"handle": "x"}}},
     ["encoders.text.handle: the key has moved", "text: {encoder: {handle: x}}"]),
    ({"tasks": {"find": {"head": "retrieval", "lable": "like"}}},
     ["unknown key 'tasks.find.lable'", "known here: head, label, labels"]),
    ({"tasks": {"label": {"head": "retrieval", "lable": "like"}}},  # called like a task's key
     ["unknown key 'tasks.label.lable'", "known here: head, label, labels"]),
    ({"model": {"fusion": "magic"}}, ["model.fusion", "given 'magic'", "gated"]),
    ({"tasks": {}}, ["no task has the head 'retrieval', so 'rank_by' must name the task"]),
    ({"tasks": TASKS | {"stars": {"head": "classify", "label": "rating"}}},
     ["tasks.stars.head", "given 'classify'", "regression"]),
])
def test_an_impossible_recipe_is_named(written, changes, messages):
    path = written({"description": "d", "tasks": TASKS} | changes)
    message = refused(load_recipe, str(path))
    for words in [f"recipe {str(path)!r}", *messages]:
        assert words in message


@pytest.mark.parametrize(("changes", "messages"), [
    ({"relevant": "joy"}, ["key 'relevant': needs the label 'joy'; dataset 'demo' has: rating"]),
    ({"relevant": "rating"}, ["'rating' of dataset 'demo' is not binary"]),
    ({"tasks": TASKS | {"stars": {"head": "binary", "label": "rating"}}},
     ["task 'stars'", "head 'binary' needs a label that is 0 or 1", "like, purchase"]),
    ({"tasks": {"find": {"head": "retrieval", "label": "rating"}}},
     ["task 'find'", "head 'retrieval' needs a label that is 0 or 1", "like, purchase"]),
    ({"tasks": TASKS | {"feels": {"head": "multi_label", "labels": ["like", "joy"]}}},
     ["task 'feels', key 'labels': needs the label 'joy'; dataset 'demo' has: rating, like"]),
])
def test_a_recipe_that_the_dataset_cannot_serve(
    written, tmp_path, tiny_shop, console, changes, messages):
    path = written({"description": "d", "tasks": TASKS} | changes)
    config = load_config(None, dataset="demo", recipe=str(path), root=tmp_path / "root",
                         data_dir=tiny_shop)
    message = refused(run, config, console)
    for words in messages:
        assert words in message
    assert not any((config.root / "runs").iterdir()), "nothing ran"


def test_a_deletion_lists_path_starts_at_the_configurations_folder(written, tmp_path):
    path = written({"dataset": "demo", "privacy": {"scrub": True, "deletion_list": "gone.txt"}})
    config = load_config(path)
    assert config.privacy.deletion_list == path.parent / "gone.txt"
    assert config.described()["privacy"] == {
        "pseudonyms": False, "scrub": True, "telephone_region": None,
        "fewest_users": 5}, "no places of files"


@pytest.mark.parametrize(("text", "key", "lines"), [
    ("description: d\ntasks:\n  a: {head: retrieval}\n  b: {head: click}\n  a: {head: click}\n",
     "a", (3, 5)),
    ("description: d\ntasks: {a: {head: retrieval, 'head': click}}\n", "head", (2, 2)),
])
def test_a_key_given_twice_is_refused(written, text, key, lines):
    path = written(text)
    message = refused(load_recipe, str(path))
    assert message == (f"{path} is not valid YAML: the key {key!r} is there twice, in line "
                       f"{lines[0]} and in line {lines[1]}; keep one.")


def test_one_key_in_two_mappings_and_a_merged_one(written):
    path = written("dataset: demo\nchecks: &base {max_p99_ms: 6, max_auc_decrease: 2}\n")
    assert load_config(path).checks.max_p99_ms == 6
    merged = read_yaml(written("a: &a {x: 1, y: 1}\nb: {<<: *a, x: 2}\n"))
    assert merged == {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 1}}


@pytest.mark.parametrize(("text", "number"), [
    ("1e-4", 1e-4), ("2E+3", 2e3), ("1.5e-2", 1.5e-2), ("-3e2", -300.0)])
def test_exponents_are_numbers(written, text, number):
    path = written(f"description: d\ntasks: {{a: {{head: retrieval}}}}\nx: {text}\n")
    assert read_yaml(path)["x"] == number
    assert read_yaml(written("x: e4\ny: 1e\nz: '1e4'")) == {"x": "e4", "y": "1e", "z": "1e4"}


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_of_the_project_fits_the_demo(name):
    config = load_config(None, dataset="demo", recipe=name)
    check_recipe(config, config.spec())


def test_ranges_of_a_tower_that_the_dataset_has_no_use_for(written):
    path = written({"description": "d", "tasks": TASKS, "modalities": {"image": {}}, "tune": {
        "ranges": {"modalities.image.tower": {"choices": ["cnn", "fourier"]}}}})
    config = load_config(None, dataset="movielens-latest-small", recipe=str(path))
    assert "given 'image', but neither" in refused(check_recipe, config, config.spec())


@pytest.mark.parametrize("text", ["spans: {until: 2026-02-30}", "dataset: " + "[" * 5000])
def test_a_day_that_is_none_and_what_is_too_deep_are_no_yaml(written, text):
    assert "is not valid YAML" in refused(read_yaml, written(text))


def test_aliases_of_aliases_are_no_configuration(written):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    message = refused(read_yaml, written("\n".join([*lines, "seed: *a19"])))
    assert "more than 100,000 values" in message
    assert read_yaml(written("a: &a [1, &b [*a]]\nb: *b"))["b"][0][0] == 1


def test_a_long_value_is_quoted_in_part(written):
    message = refused(load_config, written({"dataset": "demo", "seed": "9" * 9_000 + "x"}))
    assert "seed: given '999" in message and len(message) < 500


@pytest.mark.parametrize("key", ["root", "data_dir"])
def test_a_key_without_a_value_is_no_folder_called_none(written, key):
    message = refused(load_config, written(f"dataset: demo\n{key}:\n"))
    assert f"{key}: given None" in message


@pytest.mark.parametrize("schemas", ["", "[a]"])
def test_a_folder_of_schemas_that_is_none_is_refused(written, schemas):
    text = "dataset: csv\nsource: {interactions: {files: a.csv}}\nschemas: "
    assert "schemas" in refused(load_config, written(text + schemas))
