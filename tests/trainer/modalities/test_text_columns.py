"""Texts through Transform: terms of TF-IDF, stop words, topics, sentiment; and again as served."""

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata
from worlds import column, small_spec

from trainer.modalities.text import names
from trainer.modalities.text.options import TextOptions
from trainer.modalities.text.stop_words import stop_words_of
from trainer.modalities.text.words import character_ngrams, without, word_ngrams, words
from trainer.preprocess import preprocessing_fn
from trainer.preprocessing import columns

SPEC = small_spec(items=column("plot", "BYTES", "text"), user="BYTES member", item="INT film",
                  time="at", one=True, name="texts")
PLOTS = [
    "The goal of the football match", "A football team and a goal", "The team won the match",
    "A cake of sugar and butter", "Sugar, butter and flour", "A wonderful cake with flour",
    "A horrible, not good football match", "", "…!?"]


def _transformed(tmp_path, **options):
    """Transforms the plots: columns, and the transform's output."""
    config = {"spec": {"name": SPEC.name, "texts": list(SPEC.texts)}, "side": "items",
              "modalities": {"text": TextOptions(**options).of_transform()}}
    rows = [{"film": [i], "plot": [text.encode()] if text else []} for i, text in enumerate(PLOTS)]
    with beam.Pipeline() as pipeline, tft_beam.Context(temp_dir=str(tmp_path / "tmp")):
        metadata = dataset_metadata.DatasetMetadata(SPEC.schema("items"))
        data = pipeline | beam.Create(rows, reshuffle=False)
        _, transform = (data, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, config))
        _ = transform | tft_beam.WriteTransformFn(str(tmp_path / "graph"))
    output = tft.TFTransformOutput(str(tmp_path / "graph"))
    return _asked(output, PLOTS), output


def _asked(output, texts):
    """Asks the graph for texts, as the signatures do."""
    there = [[i, 0] for i, text in enumerate(texts) if text]
    result = output.transform_features_layer()({"plot": tf.SparseTensor(
        np.reshape(there, (-1, 2)), [t.encode() for t in texts if t], (len(texts), 1))})
    return {name: value.numpy() for name, value in result.items()}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return _transformed(
        tmp_path_factory.mktemp("texts"), tokens=8, vocabulary=60, words=2, topics=2,
        tower={"tfidf": {"characters": (3, 4)}}, stop_words="english", sentiment=True)


def _bag(output, row, ids, weights, vocabulary):
    """Returns a text's terms and weights."""
    names = output.vocabulary_by_name(vocabulary)
    return {names[i - 1].decode(): w for i, w in zip(row[ids], row[weights], strict=True) if i}


def _row(outputs, place):
    return {name: value[place] for name, value in outputs.items()}


def test_word_ngrams():
    result = word_ngrams(tf.ragged.constant([["a", "red", "hat"], [], ["one"]]), 2)
    assert result.to_list() == [[b"a", b"red", b"hat", b"a red", b"red hat"], [], [b"one"]]


def test_character_ngrams_cross_no_words_bounds_and_count_characters_not_bytes():
    result = character_ngrams(words(tf.constant(["hat é", "", "三国"])), 3, 4)
    texts = [[run.decode() for run in row] for row in result.to_list()]
    assert texts == [["_ha", "hat", "at_", "_hat", "hat_", "_é_"], [], ["_三_", "_国_"]]
    [[short]] = character_ngrams(tf.ragged.constant([["x"]]), 4, 5).to_list()
    assert short == b"_x_"


def test_stop_words_leave_and_nothing_else_does():
    split = words(tf.constant(["The cat isn't there", "theatre, THE", "the", ""]))
    result = without(split, stop_words_of(("The", "isn't")))
    assert result.to_list() == [[b"cat", b"there"], [b"theatre"], [], []]


@pytest.mark.parametrize(("language", "left_out", "stays"), [
    ("english", "the", "football"), ("german", "und", "zimmer"), ("russian", "и", "война")])
def test_languages_have_lists(language, left_out, stays):
    result = stop_words_of(language)
    assert left_out in result and stays not in result


def test_terms_are_words_and_pairs_of_words_without_stop_words(everything):
    result, output = everything
    bag = _bag(output, _row(result, 0), names.tfidf_ids("plot"), names.tfidf("plot"),
               names.tfidf_ids("plot"))
    assert set(bag) == {"goal", "football", "match", "goal football", "football match"}
    share, rows = 1 / 5, len(PLOTS)
    assert bag["football"] == pytest.approx(share * (1 + np.log((rows + 1) / (3 + 1))))
    assert bag["goal football"] == pytest.approx(share * (1 + np.log((rows + 1) / (1 + 1))))


def test_runs_of_characters_have_a_vocabulary_of_their_own(everything):
    result, output = everything
    bag = _bag(output, _row(result, 4), names.characters_ids("plot"),
               names.characters("plot"), names.characters_ids("plot"))
    assert bag and all(3 <= len(run) <= 4 for run in bag)
    assert {run[1:] for run in bag if run.startswith("_")} <= {
        word[:n] for word in ("sugar", "butter", "flour") for n in (2, 3)}
    assert result[names.characters("plot")].shape == (len(PLOTS), 4 * 8)


def test_topics_part_what_the_texts_are_about(everything):
    result, _ = everything
    shares = result[names.topics("plot")]
    assert shares.shape == (len(PLOTS), 2)
    about = shares.argmax(axis=1)
    assert about[0] == about[1] == about[2] == about[6]
    assert about[3] == about[4] == about[5] != about[0]
    np.testing.assert_allclose(shares[:7].sum(axis=1), 1, rtol=1e-5)
    assert not shares[7:].any()


def test_a_new_text_has_topics_too(everything):
    result, output = everything
    known = result[names.topics("plot")]
    new = _asked(output, ["butter on my football", "sugar and butter", "zebras", ""])
    shares = new[names.topics("plot")]
    assert 0.1 < shares[0, 0] < 0.9
    assert shares[1].argmax() == known[4].argmax() and shares[1].max() > 0.8
    assert not shares[2:].any(), "no known word, no topic"


def test_sentiment_reads_the_stop_words(everything):
    result, _ = everything
    rated = result[names.sentiment("plot")]
    assert rated[5, 0] > 0.3 > 0 > -0.3 > rated[6, 0]
    assert not rated[7:].any()
    assert result[columns.present("plot")].tolist() == [1] * 7 + [0, 0]


def test_a_table_without_any_word_has_neutral_columns(tmp_path):
    result, _ = _transformed(
        tmp_path, tokens=4, vocabulary=20, words=2, topics=2,
        tower={"tfidf": {"characters": (3, 5)}},
        stop_words=sorted({word for text in PLOTS for word in text.lower().replace(
            ",", "").replace("…!?", "").split()}))
    for name, values in result.items():
        assert not values.any(), name
