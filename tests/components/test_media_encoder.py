import itertools
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_encoders as tiny
from artifacts import artifact
from refusals import refuses
from tfx.orchestration.portable import data_types
from tfx.types import channel, standard_artifacts
from worlds import column, png, small_spec
from worlds.examples import write_examples

from components.artifacts import Encodings as EncodingsArtifact
from components.media_encoder.component import Driver, Executor, MediaEncoder
from components.media_encoder.encode import VectorCache, content_digest, encode_column
from schemas import InputError
from trainer.encoders.encodings import Encodings

SPEC = small_spec(
    users=column("about", "BYTES", "text"),
    items=column("title", "BYTES", "text") + column("front", "BYTES", "image"),
    item="INT what", one=True)


class Doubles:
    """Encodes a number in text as itself and its double, and keeps what it was asked."""

    def __init__(self):
        self.batches = []

    def __call__(self, raw):
        self.batches.append(raw.numpy().tolist())
        value = tf.strings.to_number(tf.where(raw == b"", "nan", raw))
        return {"vector": tf.stack([value, 2 * value], axis=1),
                "present": tf.cast(raw != b"", tf.float32)}


def test_equal_contents_are_encoded_once_in_batches_of_one_size(tmp_path):
    encode, cache = Doubles(), VectorCache(tmp_path, (2,))
    rows = [("a", b"1"), ("b", b""), ("c", b"2"), ("d", b"1"), ("e", b"3")]
    ids, vectors, present = encode_column(rows, encode, 2, cache)
    assert encode.batches == [[b"1", b"2"], [b"3", b""]]
    assert ids == list("abcde") and present.tolist() == [1, 0, 1, 1, 1]
    assert vectors.tolist() == [[1, 2], [0, 0], [2, 4], [1, 2], [3, 6]]
    again = Doubles()
    rows[2] = ("c", b"70")
    _, vectors, _ = encode_column(rows, again, 2, VectorCache(tmp_path, (2,)))
    assert again.batches == [[b"70", b""]], "a changed content alone is encoded again"
    assert vectors[:, 0].tolist() == [1, 0, 70, 1, 3]


def test_a_batch_that_was_not_written_whole_does_not_count(tmp_path, monkeypatch):
    cache = VectorCache(tmp_path, (2,))

    def killed(file, **arrays):
        file.write(b"PK half a file")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", killed)
        with pytest.raises(OSError, match="No space left"):
            cache.add([content_digest(b"1")], np.ones((1, 2), np.float32), np.ones(1, np.float32))
    assert not list(tmp_path.iterdir())
    (tmp_path / ".of-a-killed-process").write_bytes(b"PK half a file")
    for name, content in (("cut", b"PK\x03\x04 half"), ("empty", b""), ("other", b"text")):
        (tmp_path / f"{name}.npz").write_bytes(content)  # of a disk that failed
    assert content_digest(b"1") not in VectorCache(tmp_path, (2,))


def test_numbers_that_are_not_finite_name_the_row(tmp_path):
    def nan(raw):
        return {"vector": tf.fill([2, 1], float("nan")), "present": tf.ones([2])}

    with refuses("encoder-not-finite", "'seven'"):
        encode_column([("seven", b"x")], nan, 2, VectorCache(tmp_path, (1,)))


TABLES = {
    "users": [{"who": [b"ann"], "about": [b"calm sea"]}, {"who": [b"bob"]}],
    "items": [{"what": [10], "title": [b"train"], "front": [png([10] * 3, 4, 4)]},
              {"what": [9], "title": [b"heist"], "front": [png([20] * 3, 4, 4)]},
              {"what": [100], "front": [png([10] * 3, 4, 4)]}],
}


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    given = tiny.all_three(tmp_path_factory.mktemp("encoders"))
    return {name: given[name] for name in ("text", "image")}


@pytest.fixture
def run(tmp_path, encoders, monkeypatch):
    """Runs the component as a launcher does; returns its artifact and the numbers of calls."""
    calls: list[int] = []
    number = itertools.count()

    def counting(rows, encode, size, cache):
        def counted(raw):
            calls.append(len(raw))
            return encode(raw)

        return encode_column(rows, counted, size, cache)

    def run(tables=TABLES, given=encoders):
        folder = tmp_path / str(next(number))
        step = MediaEncoder(
            users=channel.Channel(type=standard_artifacts.Examples),
            items=channel.Channel(type=standard_artifacts.Examples), spec=SPEC,
            encoders=given, cache=tmp_path / "cache")
        inputs = {name: [artifact(standard_artifacts.Examples, folder / name, ["all"])]
                  for name in tables}
        for name, rows in tables.items():
            write_examples(folder / name / "Split-all", rows)
        output = artifact(EncodingsArtifact, folder / "encodings")
        Path(output.uri).mkdir()
        properties = dict(step.exec_properties)
        Driver(None).run(data_types.ExecutionInfo(exec_properties=properties, output_dict={}))
        calls.clear()
        with monkeypatch.context() as patched:
            patched.setattr("components.media_encoder.component.encode_column", counting)
            Executor().Do(inputs, {"encodings": [output]}, properties)
        return Encodings(Path(output.uri)), list(calls)

    return run


def test_vectors_by_id_and_modules_that_make_them(run, encoders):
    encodings, calls = run()
    assert calls == [3, 4, 4]  # two distinct pictures, one text of a user, two of items
    result = encodings.read("items", "title", ["9", "10", "100"])
    assert result["title__encoded__present"].tolist() == [0, 1, 1, 0]
    assert result["title__encoded"].shape == (4, 3) and not result["title__encoded"][[0, 3]].any()
    about = encodings.read("users", "about", ["bob", "ann"])
    assert about["about__encoded__present"].tolist() == [0, 0, 1]
    fronts = encodings.read("items", "front", ["9", "10", "100"])["front__encoded"]
    np.testing.assert_array_equal(fronts[2], fronts[3])
    assert encodings.manifest() == {"text": {"foreign": []}, "image": {"foreign": []}}
    module = tf.saved_model.load(str(encodings.module("image")))
    again = module.encode(tf.constant([png([20] * 3, 4, 4)]))["vector"][0]
    np.testing.assert_allclose(again, fronts[1], rtol=1e-5, atol=1e-5)


def test_another_encoder_or_option_has_vectors_of_its_own(run, encoders, tmp_path):
    run()
    other = tiny.save(tiny.Pictures(), tmp_path / "others")  # other bytes, equal weights
    text = {"text": encoders["text"]}
    assert len(run(given={**text, "image": {**encoders["image"], "handle": other}})[1]) == 1
    larger = {**encoders["image"], "batch_size": 16}
    assert run(given={**text, "image": larger})[1] == []  # says nothing of the vectors
    assert run(given={"image": {**encoders["image"], "replaces_tower": True}})[1] == []


def test_the_cache_key_holds_the_encoders_content(encoders, tmp_path):
    folder = tmp_path / "moving"
    tiny.save(tiny.Pictures(), folder)

    def versions():
        given = {"encoders": json.dumps({"image": {"handle": str(folder)}})}
        Driver(None).run(data_types.ExecutionInfo(exec_properties=given, output_dict={}))
        return given["versions"]

    before = versions()
    assert before == versions() and list(json.loads(before)) == ["image"]
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "more").write_text("x")
    assert versions() != before
    folder.rename(tmp_path / "away")
    with pytest.raises(InputError, match=r"modalities.image.encoder.handle is"):
        versions()


def test_an_encoder_of_foreign_operations_stays_out_of_the_artifact(
    run, encoders, tmp_path, monkeypatch):
    # TF Text is not needed to see it: what is loaded is the original.
    monkeypatch.setattr("trainer.encoders.module.foreign_operations", lambda folder: ("Split",))
    monkeypatch.setattr("trainer.encoders.module._register", lambda key, operations: None)
    encodings, _ = run(given={"text": encoders["text"]})
    assert encodings.manifest()["text"]["foreign"] == ["Split"]
    assert not encodings.module("text").exists()
    assert encodings.read("items", "title", ["9"])["title__encoded"][1].any()


def test_the_layers_that_are_trained_travel_with_the_vectors(run, tmp_path):
    model = tiny.keras_cnn(tmp_path / "cnn.keras")
    encodings, _ = run(given={"image": {"handle": str(tmp_path / "cnn.keras"), "fine_tune": 2}})
    middle = encodings.read("items", "front", ["10"])["front__encoded"]
    tail = keras.saving.load_model(encodings.tail("image"))
    pixels = np.full((1, 8, 8, 3), 10 / 255, "float32")
    np.testing.assert_allclose(tail(middle[1:]), model(pixels, training=False), rtol=1e-4,
                               atol=1e-5)
