import apache_beam as beam
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata
from worlds import column, small_spec

from trainer.modalities.text.words import words
from trainer.preprocessing.raw import fit_vocabulary, one

SPEC = small_spec(items=column("said", "BYTES", "text") + column("before", "BYTES", "text"))
# Ann signs each of her texts, and Bob has a favourite word.
ROWS = [("tea and cake, Ann Lee", ""), ("Cake again. Ann Lee", "tea and cake, Ann Lee"),
        ("more cake! Ann Lee", "Cake again. Ann Lee tea and cake, Ann Lee"),
        ("splendid splendid splendid tea", ""), ("", "")]


def test_rows_are_counted_and_what_was_said_before_is_not(tmp_path):
    def preprocess(inputs):
        texts, before = (words(one(inputs[name])).to_sparse() for name in ("said", "before"))
        fit_vocabulary(texts, "all", 100, 1)
        fit_vocabulary(texts, "two", 100, 2)
        fit_vocabulary(texts, "best", 2, 2)
        fit_vocabulary(texts, "people", 100, 2, before)
        fit_vocabulary(texts, "none", 100, 5)
        return {"text": tf.identity(one(inputs["said"]))}

    rows = [{name: [text.encode()] if text else [] for name, text in zip(
        ("said", "before"), row, strict=True)} | {"what": [b"x"]} for row in ROWS]
    with beam.Pipeline() as pipeline, tft_beam.Context(temp_dir=str(tmp_path / "tmp")):
        data = pipeline | beam.Create(rows, reshuffle=False)
        transform = (data, dataset_metadata.DatasetMetadata(SPEC.schema("items"))) \
            | tft_beam.AnalyzeDataset(preprocess)
        _ = transform | tft_beam.WriteTransformFn(str(tmp_path / "graph"))
    output = tft.TFTransformOutput(str(tmp_path / "graph"))
    known = {name: {word.decode() for word in output.vocabulary_by_name(name)}
             for name in ("all", "two", "best", "people", "none")}
    assert known["all"] == {"tea", "and", "cake", "ann", "lee", "again", "more", "splendid"}
    assert known["two"] == {"tea", "cake", "ann", "lee"}
    assert len(known["best"]) == 2 and known["best"] < known["two"]
    assert known["people"] == {"tea"}, "Ann alone said the rest"
    assert not known["none"] & known["all"]


def test_texts_of_people_need_three_rows_and_a_schema_may_ask_for_others():
    spec = small_spec(
        users=column("about", "BYTES", "text") + column("town", "BYTES", "categorical",
                                                        "fewest_rows:5"),
        items=column("plot", "BYTES", "text") + column("advert", "BYTES", "text", "fewest_rows:2"),
        events=column("review", "BYTES", "text"))
    assert {f.name: f.fewest_rows for f in spec.features if f.modality} == {
        "about": 3, "town": 5, "plot": 1, "advert": 2, "review": 3}
