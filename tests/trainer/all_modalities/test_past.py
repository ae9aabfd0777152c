"""Types, counts, series and reviews, from raw rows through Transform to the exported model."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from theatre import WORDS_KEPT, own_word

from trainer.export.predictions import PredictionRecorder
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe
from trainer.training.multitask import MultiTaskModel

LENGTH, WORDS = 5, WORDS_KEPT["tokens"]


@pytest.fixture(scope="module")
def train_rows(served):
    return served.data.reader.rows(served.data.files["train"])


@pytest.fixture(scope="module")
def words(theatre):
    """The words of the vocabulary of reviews, as they are counted."""
    known = theatre.transforms["interactions"].vocabulary_by_name(columns.WORDS)
    return ["", *(word.decode() for word in known)]


def _by_pair(theatre):
    return {(row["member"][0].decode(), row["film"][0]): (row, split)
            for row, split in zip(theatre.raw["interactions"], theatre.splits, strict=True)}


def test_what_a_model_reads_of_a_row_is_what_came_before_it(theatre, train_rows, words):
    """The leak test: exactly the earlier reviews, of the user and of the item, never its own."""
    pairs, rows = _by_pair(theatre), train_rows
    reviewed = seen = 0
    for place in range(len(rows[columns.USER_ID])):
        key = rows[columns.USER_ID][place].decode(), int(rows[columns.ITEM_ID][place])
        own, _ = pairs[key]
        result = {name: {words[i] for i in rows[name][place] if i}
                  for name in (columns.PAST_WORDS, columns.ITEM_WORDS)}
        earlier = [row for row, split in pairs.values()
                   if split == "train" and row["note"] and row["at"] < own["at"]]
        of_item = sorted((row for row in earlier if row["film"] == own["film"]),
                         key=lambda row: -row["at"][0])
        assert result[columns.ITEM_WORDS] == {own_word(row) for row in of_item[:WORDS]}
        past = {text.decode() for text in own["past_notes"] if text}
        assert result[columns.PAST_WORDS] == past
        assert past <= {own_word(row) for row in earlier if row["member"] == own["member"]}
        assert own_word(own) not in set().union(*result.values())
        reviewed += bool(own["note"])
        seen += bool(result[columns.ITEM_WORDS])
    assert reviewed > 8 and seen > 1, "too few rows could have leaked"


def test_the_catalogue_holds_training_reviews_alone(theatre, served, words):
    of_training = {own_word(row) for row, split in _by_pair(theatre).values()
                   if split == "train" and row["note"]}
    table = served.data.item_side.content[columns.ITEM_WORDS]
    assert {words[i] for i in np.unique(table) if i} <= of_training
    assert (table > 0).any(axis=1).sum() > 3


def test_the_own_review_and_type_of_a_row_are_no_input(theatre, served):
    def predict(**changes):
        rows = [{**row, **{name: change(row) for name, change in changes.items()}}
                for row in theatre.raw["interactions"]]
        return served.ask("predict_examples", examples=tiny_shop.examples(rows, theatre.spec))

    before = predict()
    after = predict(note=lambda row: [b"something else"], kind=lambda row: [b"cart"],
                    stars=lambda row: [1.0])
    for task in before:
        np.testing.assert_array_equal(before[task], after[task])
    for name, value in (("past_notes", b"noteann7"), ("past_kinds", b"buy")):
        changed = predict(**{name: lambda row, n=name, v=value: [v] * len(row[n])})
        assert np.abs(before["rating"] - changed["rating"]).max() > 1e-4, f"{name} do not count"


def test_types_are_indices_and_unknown_ones_none(theatre, served):
    rows = served.data.reader.rows(served.data.files["test"])
    known = [b"", *theatre.transforms["interactions"].vocabulary_by_name(columns.TYPES)]
    assert sorted(known) == [b"", b"buy", b"cart", b"view"]
    assert served.data.user_side.vocabularies[columns.TYPES] == 4
    result = np.array(known, object)[rows[columns.PAST_TYPE]]
    np.testing.assert_array_equal(result, rows[columns.sent("event_type")])
    np.testing.assert_array_equal(result != b"", rows[columns.HISTORY_INDEX] > 0)


def test_a_model_reads_no_string_and_no_outcome(served, train_rows):
    inputs = served.data.reader.inputs(train_rows)
    read = {tensor.name for tensor in served.network.training.inputs}
    assert {columns.PAST_TYPE, columns.PAST_GAP, columns.PAST_HOUR, columns.PAST_COUNTS,
            columns.PAST_SERIES, columns.PAST_WORDS, columns.ITEM_WORDS} <= read
    assert read <= set(inputs)
    assert not [n for n in inputs if n.startswith(("event__", "sent__", "label__"))]


def test_answers_of_transformed_rows_are_those_of_requests(theatre, served, tmp_path):
    """Training's columns are serving's columns, for what is sent and for what is stored."""
    data = served.data
    recorder = PredictionRecorder(
        BoundRecipe(served.recipe, theatre.spec), served.network, data.items, served.events)
    files = [file for split in ("train", "test") for file in data.files[split]]
    rows = data.reader.rows(files)
    recorder.write(rows, tmp_path, seed=1)
    predictions = json.loads((tmp_path / "predictions.json").read_text())
    assert {"history_event_type", "history_note"} < set(predictions[0]["inputs"])
    assert not any(note for prediction in predictions
                   for note in prediction["inputs"]["history_note"][0])
    assert len(predictions) == 2 * 24
    users = {prediction["inputs"]["user_id"][0] for prediction in predictions}
    assert users == {"ann", "bob", "cyd", "dot", ""}
    histories = {tuple(prediction["inputs"]["history_item_id"][0]) for prediction in predictions}
    own = {tuple(map(bytes.decode, ids)) for ids in rows[columns.HISTORY_ITEM_ID]}
    assert len(histories) > 5 and len(histories & own) < len(histories) / 2, "they are drawn anew"
    for prediction in predictions:
        signature = served.signatures[prediction["signature"]].structured_input_signature[1]
        result = served.ask(prediction["signature"], **{
            n: tf.constant(v, signature[n].dtype) for n, v in prediction["inputs"].items()})
        assert set(result) == set(prediction["outputs"])
        for name, expected in prediction["outputs"].items():
            if name == "item_ids":
                assert [i.decode() for i in result[name][0]] == expected[0]
            else:
                np.testing.assert_allclose(
                    result[name], np.array(expected), rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_query_by_id_is_the_query_with_the_stored_history(served, ask):
    memory = served.memory
    candidates = tf.constant([[str(i) for i in tiny_shop.ITEMS]])
    for name in ("bob", "dot"):
        user = served.data.users.ids.index(name) + 1
        strings = {what: distinct[places[user]] for what, (distinct, places)
                   in memory.strings.items()}
        assert (strings["event_type"] != b"").all() and (strings["note"] != b"").any()
        sent = {
            "history_item_id": tf.constant(
                [[served.data.items.ids[i - 1] for i in memory.items[user]]]),
            "history_timestamp": tf.constant([memory.times[user]], tf.int64),
            "history_stars": tf.constant([memory.values["stars"][user]], tf.float32),
            **{f"history_{what}": tf.constant([values]) for what, values in strings.items()},
        }
        who = {"user_id": tf.constant([name]), "timestamp": tf.constant([40 * 86_400], tf.int64),
               "candidates": candidates}
        by_id, whole = ask("serving_default", **who), ask("serving_default", **who, **sent)
        for key, value in by_id.items():
            np.testing.assert_allclose(value, whole[key], rtol=1e-5, err_msg=key)
        other = ask("serving_default", **who, **sent | {
            "history_note": tf.constant([[""] * LENGTH])})
        assert np.abs(other["rating"] - by_id["rating"]).max() > 1e-4


def test_training_lowers_the_losses_and_reconstruction_is_one_of_them(served):
    data, network = served.data, served.network
    model = MultiTaskModel(network.training, served.recipe, np.full(len(data.items), 0.1))
    model.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    before = [np.array(w) for w in network.training.trainable_weights]
    batch = next(iter(data.reader.batches(data.files["train"], 16, 1)))
    losses = [model.train_on_batch(*batch, return_dict=True) for _ in range(3)]
    after = [np.array(w) for w in network.training.trainable_weights]
    for weight, old in zip(network.training.trainable_weights, before, strict=True):
        weight.assign(old)
    assert {"reconstruction_loss", "imputation_loss", "find_loss", "mood_loss"} < set(losses[0])
    for name in ("loss", "reconstruction_loss"):
        assert float(losses[-1][name]) < float(losses[0][name])
    for weight, old, new in zip(network.training.trainable_weights, before, after, strict=True):
        assert np.isfinite(new).all(), weight.path
        of_past = any(part in weight.path for part in ("history", "series", "counts", "reviews"))
        assert not of_past or "token" in weight.path or (old != new).any(), weight.path


def test_requests_bring_the_strings_and_nobody_wrote_of_a_new_item(served, ask):
    asked = served.signatures["recommend"].structured_input_signature[1]
    assert {n for n in asked if n.startswith("history_")} == {
        "history_item_id", "history_timestamp", "history_stars", "history_event_type",
        "history_note"}
    new = ask("embed_item", genres=tf.constant([["crime"]]))
    assert served.network.item_modalities[-1] == "item_reviews"
    assert new["item_modality_weights"][0, -1] == 0
