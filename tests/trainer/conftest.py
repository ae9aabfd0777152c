"""A tiny dataset with every modality, as schema, as content of a model and as transformed files."""

import dataclasses
import json
from types import SimpleNamespace

import apache_beam as beam
import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
import tiny_shop
from narrowed import narrowed
from tensorflow_transform import TFTransformOutput
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
from worlds import column, history, png, small_spec

from trainer.data.events import concatenate, read_events
from trainer.data.memory import remember
from trainer.evaluation.label_facts import label_means
from trainer.export.constant_weights import constant_weights
from trainer.export.evaluation import EvaluationColumns
from trainer.export.module import Recommender
from trainer.export.run import export as export_weights
from trainer.export.save import save, trace_signatures
from trainer.network.model import build_network
from trainer.parts.side import Side
from trainer.preprocess import declared_columns, preprocessing_fn
from trainer.preprocessing.column import write_columns
from trainer.recipe import BoundRecipe, Recipe, bind, parse_recipe
from trainer.run import read_given, train
from trainer.training.inputs import training_data

USERS, ITEMS, HISTORY, PIXELS, WORDS = 6, 8, 5, 8, 12
MODALITIES = {
    "categorical": {"vocabulary": WORDS}, "numeric": {},
    "text": {"tokens": 4, "vocabulary": WORDS}, "image": {"height": PIXELS, "width": PIXELS}}

SPEC = small_spec(
    users=column("age", "INT", "numeric") + column("region", "BYTES", "categorical")
    + column("mail", "BYTES", "pii", "text") + column("avatar", "BYTES", "image")
    + column("about", "BYTES", "text", "fewest_rows:1") + column("member_events", "INT", "events"),
    items=column("plot", "BYTES", "text") + column("genres", "BYTES", "categorical", most=3)
    + column("price", "FLOAT", "numeric") + column("poster", "BYTES", "image")
    + column("film_events", "INT", "events"),
    events=column("stars", "FLOAT", "label:rating", "label:like>=4", domain=(1, 5))
    + history("past_films", "item_id", most=HISTORY)
    + history("past_times", "timestamp", most=HISTORY)
    + history("past_stars", "stars", "FLOAT", most=HISTORY),
    user="BYTES member", item="INT film", time="at", one=True, name="tiny")


RAW = {
    # Int ids: 9 < 10 < 100 as numbers, not as strings.
    "items": [
        {"film": [100], "plot": ["A train, a train, a heist"], "genres": ["crime", "drama"],
         "price": [2.0], "poster": [png((0, 128, 255))], "film_events": [2]},
        {"film": [9], "plot": ["三国 drama"], "genres": ["drama"], "price": [4.0], "poster": [],
         "film_events": [1]},
        {"film": [10], "plot": [], "genres": [], "price": [], "poster": [], "film_events": []},
    ],
    "interactions": [
        {"member": ["a"], "film": [9], "at": [86_400], "stars": [5.0], "past_films": [],
         "past_times": [], "past_stars": []},
        {"member": ["b"], "film": [100], "at": [3 * 86_400], "stars": [2.0], "past_films": [10, 9],
         "past_times": [2 * 86_400, 86_400], "past_stars": [3.0, 5.0]},
        {"member": ["?"], "film": [7], "at": [3 * 86_400], "stars": [], "past_films": [9],
         "past_times": [86_400], "past_stars": [-1.0]},
    ],
}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Runs graphs as they were traced: to optimise one takes longer than a tiny model runs."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture(scope="session")
def spec():
    return SPEC


@pytest.fixture(scope="session")
def recipe():
    return parse_recipe(
        description="tiny", modalities=MODALITIES, model={"dim": 8},
        tasks={
            "retrieval": {"head": "retrieval", "label": "like"},
            "rating": {"head": "regression", "label": "rating"},
            "like": {"head": "binary", "label": "like"}},
    )


@pytest.fixture(scope="session")
def transformed(spec, recipe, tmp_path_factory):
    """By side: `output`, the TFTransformOutput, and `files` of transformed rows of `RAW`."""
    return _transform_tables(RAW, spec, recipe, tmp_path_factory.mktemp("transformed"))


def _transform_tables(raw, spec, recipe, folder):
    result = {}
    with beam.Pipeline() as pipeline:
        for side in raw:
            config = {
                "spec": {"name": spec.name, "texts": list(spec.texts)}, "side": side,
                "modalities": {name: options.of_transform()
                               for name, options in recipe.modalities.items()},
                "past": dataclasses.asdict(recipe.past),
            }
            # A folder each: vocabularies of several tables have the same file name.
            with tft_beam.Context(temp_dir=str(folder / "tmp" / side)):
                _transform(pipeline, spec.schema(side), raw[side], config, folder / side, side)
            write_columns(declared_columns(config), folder / side)
    for side in raw:
        files = sorted(str(path) for path in (folder / side).glob("rows*.gz"))
        result[side] = SimpleNamespace(output=TFTransformOutput(str(folder / side)), files=files)
    return result


def _transform(pipeline, schema, rows, config, folder, label):
    metadata = dataset_metadata.DatasetMetadata(schema)
    # As TFX's Transform leaves it beside the graph.
    metadata_io.write_metadata(metadata, str(folder / TFTransformOutput.RAW_METADATA_DIR))
    rows = pipeline | f"{label}/Rows" >> beam.Create(rows, reshuffle=False)
    dataset, transform = (rows, metadata) | f"{label}/Transform" >> (
        tft_beam.AnalyzeAndTransformDataset(lambda inputs: preprocessing_fn(inputs, config)))
    _ = transform | f"{label}/WriteTransform" >> tft_beam.WriteTransformFn(str(folder))
    _ = (
        dataset
        | f"{label}/Encode" >> tft_beam.EncodeTransformedDataset()
        | f"{label}/Write" >> beam.io.WriteToTFRecord(
            str(folder / "rows"), coder=beam.coders.BytesCoder(), file_name_suffix=".gz",
            num_shards=1)
    )


@pytest.fixture(scope="session")
def sides():
    """What a model holds of the users and of the items; the last row of each lacks everything."""
    rng = np.random.default_rng(0)
    users = {**_number("age", USERS, rng), **_categories("region", USERS, 1, rng),
             **_picture("avatar", USERS, rng), **_words("about", USERS, rng)}
    items = {**_words("plot", ITEMS, rng), **_categories("genres", ITEMS, 3, rng),
             **_number("price", ITEMS, rng), **_picture("poster", ITEMS, rng)}
    for table in (users, items):
        for values in table.values():
            values[[0, -1]] = 0
    return (Side(USERS + 1, users, {"region": WORDS, "about": WORDS}),
            Side(ITEMS + 1, items, {"genres": WORDS, "plot": WORDS}))


def _number(name, rows, rng):
    return {name: rng.normal(size=rows + 1).astype("float32"),
            f"{name}__present": np.ones(rows + 1, "float32")}


def _categories(name, rows, values, rng):
    return {name: rng.integers(1, WORDS, (rows + 1, values)).astype("int32")}


def _picture(name, rows, rng):
    return {name: rng.integers(0, 256, (rows + 1, PIXELS, PIXELS, 3)).astype("uint8"),
            f"{name}__present": np.ones(rows + 1, "float32")}


def _words(name, rows, rng):
    index = rng.integers(1, WORDS, (rows + 1, 4)).astype("int32")
    return {f"{name}__tfidf_ids": index,
            f"{name}__tfidf": rng.uniform(0.1, 1.0, (rows + 1, 4)).astype("float32")}


@pytest.fixture(scope="session")
def build(spec, recipe, sides):
    """Builds a network of the tiny recipe with some values replaced."""

    def build(**changes):
        changed = parse_recipe(**narrowed({**recipe.model_dump(), **changes}, MODALITIES))
        means = {"rating": 3.5, "like": 0.5}
        return build_network(BoundRecipe(changed, spec), *sides, label_means=means, seed=7), changed

    return build


@pytest.fixture(scope="session")
def network(build):
    return build()[0]


def interaction_rows(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns inputs of a model; the last row has no history."""
    rng = np.random.default_rng(seed)
    history = rng.integers(1, ITEMS + 1, (rows, HISTORY)).astype("int32")
    history[:, 3:] = 0
    history[-1] = 0
    return {
        "user_index": rng.integers(0, USERS + 1, rows).astype("int32"),
        "item_index": rng.integers(0, ITEMS + 1, rows).astype("int32"),
        "history_index": history,
        "history_age": np.where(history > 0, rng.uniform(0, 3, history.shape), 0).astype("float32"),
        "history_rank": np.tile(np.arange(HISTORY, dtype="int32"), (rows, 1)),
        "history__stars": np.where(history > 0, 4.0, -1.0).astype("float32"),
        "context": rng.normal(size=(rows, 6)).astype("float32"),
    }


@pytest.fixture(scope="session")
def rows():
    return interaction_rows


@pytest.fixture
def policy():
    """Sets the dtype policy by name; the default comes back afterwards."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def _split_files(files, splits, folder):
    """Writes transformed interactions to one file for each split, looked up by user and item."""
    rows = {split: [] for split in ("train", "validation", "test")}
    for row in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        feature = tf.train.Example.FromString(row).features.feature
        ids = (feature[name].bytes_list.value[0] for name in ("user_id", "item_id"))
        rows[splits[tuple(ids)]].append(row)
    for split, some in rows.items():
        options = tf.io.TFRecordOptions(compression_type="GZIP")
        with tf.io.TFRecordWriter(str(folder / f"{split}.gz"), options) as writer:
            for row in sorted(some):
                writer.write(row)
    return {split: [str(folder / f"{split}.gz")] for split in rows}


@pytest.fixture(scope="session")
def trainer_files():
    """Transforms raw tables: files by table and split, and the transforms' folders."""

    def trainer_files(raw, splits, spec, recipe, folder):
        result = _transform_tables(raw, spec, recipe, folder)
        user, item = (spec.role(role).name for role in ("user_id", "item_id"))
        by_pair = {(row[user][0], b"%d" % row[item][0]): split
                   for row, split in zip(raw["interactions"], splits, strict=True)}
        files = {side: {"all": result[side].files} for side in ("users", "items")}
        files["interactions"] = _split_files(result["interactions"].files, by_pair, folder)
        return files, {side: str(folder / side) for side in result}

    return trainer_files


@pytest.fixture(scope="session")
def build_world(trainer_files, tmp_path_factory):
    """Transforms raw tables and reads them as a Trainer does."""

    def build_world(spec, recipe, raw, splits):
        files, folders = trainer_files(
            raw, splits, spec, recipe, tmp_path_factory.mktemp(spec.name))
        transforms = {side: TFTransformOutput(folder) for side, folder in folders.items()}
        return SimpleNamespace(
            spec=spec, recipe=recipe, raw=raw, splits=splits, files=files, transforms=transforms,
            folders=folders, data=training_data(BoundRecipe(recipe, spec), files, transforms))

    return build_world


@pytest.fixture(scope="session")
def shop(spec, recipe, build_world):
    """The tables of `tiny_shop`, raw and transformed."""
    return build_world(spec, recipe, *tiny_shop.raw_tables(spec))


@pytest.fixture(scope="session")
def recommender():
    """Builds a network in which every weight matters on a world's data, and what is exported."""
    return _recommender


def _recommender(world, recipe=None, data=None, encodings=None, length=HISTORY, scale=0.3):
    recipe, data = recipe or world.recipe, data or world.data
    bound = BoundRecipe(recipe, world.spec)
    means = label_means(bound, data.events("train"))
    network = build_network(bound, data.user_side, data.item_side, means, seed=3)
    random = np.random.default_rng(4)
    for weight in network.training.trainable_weights:
        weight.assign(random.normal(scale=scale, size=weight.shape))
    events = concatenate([read_events(data.reader, files) for files in data.files.values()])
    memory = remember(events, data.users, data.items, length)
    with constant_weights(network):
        module = Recommender(bound, network, data.users, data.items, memory,
                             world.transforms, encodings)
    return SimpleNamespace(recipe=recipe, data=data, network=network, events=events,
                           memory=memory, module=module)


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    """Builds a recommender on a world's data, saves it and loads it again."""

    def export(world, **changes):
        made = _recommender(world, **changes)
        folder = tmp_path_factory.mktemp("exported")
        with constant_weights(made.network):
            signatures = trace_signatures(made.module, EvaluationColumns(
                BoundRecipe(made.recipe, world.spec), made.module, made.data.users, made.data.items,
                world.transforms["items"]))
        save(made.module, signatures, folder)
        loaded = tf.saved_model.load(str(folder))

        def ask(signature, **inputs):
            outputs = loaded.signatures[signature](**inputs)
            return {name: value.numpy() for name, value in outputs.items()}

        return SimpleNamespace(**vars(made), folder=folder, signatures=loaded.signatures, ask=ask,
                               loaded=loaded)

    return export


@pytest.fixture(scope="session")
def exported(shop, export):
    return export(shop)


@pytest.fixture(scope="session")
def whole_run():
    """Trains and exports as the two components do; returns where everything was written."""

    def whole_run(spec, recipe: Recipe, files, transforms, folder) -> SimpleNamespace:
        config = {"spec": {"name": spec.name, "texts": list(spec.texts)},
                  "recipe": bind(recipe, spec).recipe.model_dump(mode="json"), "seed": 1}
        given = read_given(config, files, transforms, None, code="0")
        train(given, folder / "run" / "1", folder / "weights")
        export_weights(given, folder / "weights", folder / "model", folder / "written")
        return SimpleNamespace(
            given=given, weights=folder / "weights", model=folder / "model",
            written=folder / "written", run=folder / "run" / "1",
            summary=json.loads((folder / "run" / "1" / "summary.json").read_text()))

    return whole_run
