"""Types, counts, series and reviews, from raw rows through Transform to the exported model.

Every review has a word of its own, so that each place where it may stand can be told.
"""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from tensorflow.core.protobuf import saved_model_pb2
from worlds import column, history

from components.catalog_gen.histories import Histories
from schemas import parse_spec
from trainer.encoders.module import foreign_operations
from trainer.export.evaluation import EvaluationColumns
from trainer.export.predictions import PredictionRecorder
from trainer.export.save import save, trace_signatures
from trainer.preprocessing import columns
from trainer.recipe import parse_recipe
from trainer.run import training_data
from trainer.training.multitask import MultiTaskModel

LENGTH, WORDS = 5, 3
KEPT = {"tokens": WORDS, "vocabulary": 200}
EVERYTHING = {"history": {}, "context": {}, "counts": {}, "series": {"days": 7}, "reviews": KEPT,
              "item_reviews": KEPT}
STRINGS = (column("kind", "BYTES", "event_type") + column("note", "BYTES", "text", "fewest_rows:1")
           + history("past_kinds", "event_type", "BYTES", most=LENGTH)
           + history("past_notes", "note", "BYTES", most=2))
MODELS = {
    "gru": {"history": {"tower": "gru"}, "series": {"tower": "vae", "days": 7}},
    "self_attention": {"history": {"tower": "self_attention"}},
}
one_model = pytest.mark.parametrize("model", ["gru"], indirect=True)
each_model = pytest.mark.parametrize("model", MODELS, indirect=True)


def _recipe(name):
    return parse_recipe(
        description="past", modalities=["categorical"],
        model={"dim": 8}, behaviour={**EVERYTHING, **MODELS[name]},
        tasks={"retrieval": {"head": "retrieval", "label": "like"},
               "rating": {"head": "regression", "label": "rating"}},
    )


@pytest.fixture(scope="module")
def past_spec(spec):
    return parse_spec("past", [*spec.texts[:2], spec.texts[2] + STRINGS])


def _own_word(row):
    return f"note{row['member'][0].decode()}{row['film'][0]}"


@pytest.fixture(scope="module")
def world(past_spec, spec, build_world):
    """Raw rows and the data that a Trainer reads of them."""
    raw, splits = tiny_shop.raw_tables(spec)
    rows = raw["interactions"]
    for place, row in enumerate(rows):
        row["kind"] = [(b"view", b"buy", b"cart")[place % 3]]
        row["note"] = [_own_word(row).encode()] if place % 8 != 2 else []
    for name in tiny_shop.USERS:
        own = [i for i, row in enumerate(rows) if row["member"] == [name]]
        # To ingest, what is absent has no key.
        events = [{n: v for n, v in rows[i].items() if v} for i in own]
        Histories(past_spec).add(events, [splits[i] for i in own])
        for i, event in zip(own, events, strict=True):
            rows[i].update(event)
    world = build_world(past_spec, _recipe("gru"), raw, splits)
    return SimpleNamespace(**vars(world), rows=rows)


@pytest.fixture(scope="module")
def model(request, world, recommender):
    """A network in which every weight matters, its data and what is exported."""
    recipe = _recipe(request.param)
    data = training_data(world.spec, recipe, world.files, world.transforms)
    return recommender(world, recipe=recipe, data=data)


def _rows(data, *splits):
    return data.reader.rows([f for split in splits or data.files for f in data.files[split]])


def _by_pair(world):
    return {(row["member"][0].decode(), row["film"][0]): (row, split)
            for row, split in zip(world.rows, world.splits, strict=True)}


@one_model
def test_what_a_model_reads_of_a_row_is_what_came_before_it(world, past_spec, model):
    """The leak test: exactly the earlier reviews, of the user and of the item, never its own."""
    data = model.data
    words = [b"", *world.transforms["interactions"].vocabulary_by_name(columns.WORDS)]
    pairs, rows = _by_pair(world), _rows(data, "train")
    reviewed = seen = 0
    for place in range(len(rows[columns.USER_ID])):
        key = rows[columns.USER_ID][place].decode(), int(rows[columns.ITEM_ID][place])
        own, _ = pairs[key]
        result = {name: {words[i].decode() for i in rows[name][place] if i}
                  for name in (columns.PAST_WORDS, columns.ITEM_WORDS)}
        earlier = [row for row, split in pairs.values()
                   if split == "train" and row["note"] and row["at"] < own["at"]]
        of_item = sorted((row for row in earlier if row["film"] == own["film"]),
                         key=lambda row: -row["at"][0])
        assert result[columns.ITEM_WORDS] == {_own_word(row) for row in of_item[:WORDS]}
        past = {text.decode() for text in own["past_notes"] if text}
        assert result[columns.PAST_WORDS] == past
        assert past <= {_own_word(row) for row in earlier if row["member"] == own["member"]}
        assert _own_word(own) not in set().union(*result.values())
        reviewed += bool(own["note"])
        seen += bool(result[columns.ITEM_WORDS])
    assert reviewed > 8 and seen > 1, "too few rows could have leaked"


@one_model
def test_the_catalogue_holds_training_reviews_alone(world, model):
    data = model.data
    words = [b"", *world.transforms["interactions"].vocabulary_by_name(columns.WORDS)]
    of_training = {_own_word(row) for row, split in _by_pair(world).values()
                   if split == "train" and row["note"]}
    table = data.item_side.content[columns.ITEM_WORDS]
    assert {words[i].decode() for i in np.unique(table) if i} <= of_training
    assert (table > 0).any(axis=1).sum() > 3


@one_model
def test_the_own_review_and_type_of_a_row_are_no_input(world, past_spec, model):
    recommender = model.module
    changed = [{**row, "note": [b"something else"], "kind": [b"cart"], "stars": [1.0]}
               for row in world.rows]
    before, after = (recommender.predict(tiny_shop.examples(rows, past_spec))
                     for rows in (world.rows, changed))
    for task in before:
        np.testing.assert_array_equal(before[task], after[task])
    other = [{**row, "past_notes": [b"noteann7"] * len(row["past_notes"])} for row in world.rows]
    changed = recommender.predict(tiny_shop.examples(other, past_spec))
    assert np.abs(before["rating"] - changed["rating"]).max() > 1e-4, "reviews do not count"
    other = [{**row, "past_kinds": [b"buy"] * len(row["past_kinds"])} for row in world.rows]
    changed = recommender.predict(tiny_shop.examples(other, past_spec))
    assert np.abs(before["rating"] - changed["rating"]).max() > 1e-4, "types do not count"


@one_model
def test_types_are_indices_and_unknown_ones_none(world, model):
    data = model.data
    rows = _rows(data, "test")
    known = [b"", *world.transforms["interactions"].vocabulary_by_name(columns.TYPES)]
    assert sorted(known) == [b"", b"buy", b"cart", b"view"]
    assert data.user_side.vocabularies[columns.TYPES] == 4
    result = np.array(known, object)[rows[columns.PAST_TYPE]]
    np.testing.assert_array_equal(result, rows[columns.sent("event_type")])
    np.testing.assert_array_equal(result != b"", rows[columns.HISTORY_INDEX] > 0)


@one_model
def test_a_model_reads_no_string_and_no_outcome(model):
    data, network = model.data, model.network
    inputs = data.reader.inputs(_rows(data, "train"))
    read = {tensor.name for tensor in network.training.inputs}
    assert {columns.PAST_TYPE, columns.PAST_GAP, columns.PAST_HOUR, columns.PAST_COUNTS,
            columns.PAST_SERIES, columns.PAST_WORDS, columns.ITEM_WORDS} <= read
    assert read <= set(inputs)
    assert not [n for n in inputs if n.startswith(("event__", "sent__", "label__"))]
    assert network.user_modalities == ["id", "region", "history", "context", "counts", "series",
                                       "reviews"]
    assert network.item_modalities == ["id", "genres", "item_reviews"]


@each_model
def test_answers_of_transformed_rows_are_those_of_requests(past_spec, model, tmp_path):
    """Training's columns are serving's columns, for what is sent and for what is stored."""
    data, recommender = model.data, model.module
    answerer = PredictionRecorder(past_spec, model.recipe, model.network, data.items, model.events)
    answerer.write(_rows(data, "train", "test"), tmp_path, seed=1)
    signature = {**recommender.request.signature(), "candidates": tf.TensorSpec([], tf.string),
                 "k": tf.TensorSpec([], tf.int32)}
    answers = json.loads((tmp_path / "predictions.json").read_text())
    assert {"history_event_type", "history_note"} < set(answers[0]["inputs"])
    assert not any(note for answer in answers for note in answer["inputs"]["history_note"][0])
    calls = {"serving_default": tf.function(recommender.score),
             "recommend": tf.function(recommender.recommend)}
    for answer in answers:
        inputs = {n: tf.constant(v, signature[n].dtype) for n, v in answer["inputs"].items()}
        last = inputs.pop("candidates" if answer["signature"] == "serving_default" else "k")
        result = calls[answer["signature"]](inputs, last)
        for name, expected in answer["outputs"].items():
            if name != "item_ids":
                np.testing.assert_allclose(
                    result[name], np.array(expected), rtol=1e-4, atol=1e-5, err_msg=name)


@one_model
def test_a_query_by_id_is_the_query_with_the_stored_history(model):
    data, memory, recommender = model.data, model.memory, model.module
    items = [str(i) for i in tiny_shop.ITEMS]
    score = tf.function(recommender.score)
    for name in ("bob", "dot"):
        user = data.users.ids.index(name) + 1
        kept = memory.items[user]
        strings = {what: distinct[places[user]] for what, (distinct, places)
                   in memory.strings.items()}
        assert (strings["event_type"] != b"").all() and (strings["note"] != b"").any()
        sent = {
            "history_item_id": tf.constant([[data.items.ids[i - 1] for i in kept]]),
            "history_timestamp": tf.constant([memory.times[user]], tf.int64),
            "history_stars": tf.constant([memory.values["stars"][user]], tf.float32),
            **{f"history_{what}": tf.constant([values]) for what, values in strings.items()},
        }
        nothing = {n: tf.constant([[""]] if v.dtype == tf.string else [[-1]], v.dtype)
                   for n, v in sent.items()}
        who = {"user_id": tf.constant([name]), "timestamp": tf.constant([40 * 86_400], tf.int64)}
        by_id, whole = (score({**who, **history}, tf.constant([items]))
                        for history in (nothing, sent))
        for key, value in by_id.items():
            np.testing.assert_allclose(value, whole[key], rtol=1e-5, err_msg=key)
        no_notes = {**sent, "history_note": tf.constant([[""] * LENGTH])}
        other = score({**who, **no_notes}, tf.constant([items]))
        assert np.abs(other["rating"] - by_id["rating"]).max() > 1e-4


@one_model
def test_training_lowers_the_losses_and_reconstruction_is_one_of_them(model):
    data, network = model.data, model.network
    trained = MultiTaskModel(network.training, model.recipe, np.full(len(data.items), 0.1))
    trained.compile(keras.optimizers.Adam(0.01))
    rows = data.reader.batches(data.files["train"], 16, 1).repeat()
    before = [np.array(w) for w in network.training.trainable_weights]
    history = trained.fit(rows, steps_per_epoch=4, epochs=4, verbose=0).history
    assert set(history) == {"loss", "retrieval_loss", "rating_loss", "reconstruction_loss"}
    assert history["loss"][-1] < history["loss"][0]
    assert history["reconstruction_loss"][-1] < history["reconstruction_loss"][0]
    for old, new in zip(before, network.training.trainable_weights, strict=True):
        new_values = np.array(new)
        assert np.isfinite(new_values).all(), new.path
        assert (old != new_values).any() or new.path == "context_tower/missing/token", new.path
        new.assign(old)


@one_model
def test_the_saved_model_holds_stock_operations_and_asks_for_the_strings(
    world, past_spec, model, tmp_path
):
    data, recommender = model.data, model.module
    save(recommender, trace_signatures(recommender, EvaluationColumns(
        past_spec, model.recipe, recommender, data.users, data.items, world.transforms["items"])),
        tmp_path)
    assert foreign_operations(tmp_path) == ()
    saved = saved_model_pb2.SavedModel.FromString((tmp_path / "saved_model.pb").read_bytes())
    asked = saved.meta_graphs[0].signature_def["recommend"].inputs
    assert {n for n in asked if n.startswith("history_")} == {
        "history_item_id", "history_timestamp", "history_stars", "history_event_type",
        "history_note"}
    loaded = tf.saved_model.load(str(tmp_path))
    absent = {name: tf.constant([[""]] if tensor.dtype == tf.string else [[-1]], tensor.dtype)
              for name, tensor in recommender.request.signature().items()}
    absent |= {"user_id": tf.constant(["ann"]), "timestamp": tf.constant([-1], tf.int64)}
    result = loaded.signatures["recommend"](**absent, k=tf.constant([3], tf.int32))
    expected = recommender.recommend(absent, tf.constant([3], tf.int32))
    np.testing.assert_allclose(result["scores"], expected["scores"], rtol=1e-5)
    new = loaded.signatures["embed_item"](genres=tf.constant([["crime"]]))
    assert new["item_modality_weights"].numpy()[0, -1] == 0, "nobody wrote of a new item"
