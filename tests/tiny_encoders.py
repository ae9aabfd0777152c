"""Pretrained encoders of a few numbers, saved as their users would find them."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

WORDS = ("train", "heist", "calm", "sea")
PIXELS = 8
SAMPLES = 1_600  # of a frame


class Words(tf.Module):
    """Means of word vectors, with a vocabulary in a file, as in many modules of TF-Hub."""

    def __init__(self, folder: Path):
        super().__init__()
        path = folder / "words.txt"
        path.write_text("\n".join(WORDS))
        self._file = tf.saved_model.Asset(str(path))
        initializer = tf.lookup.TextFileInitializer(
            self._file, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
        self._table = tf.lookup.StaticHashTable(initializer, len(WORDS))
        self._vectors = tf.Variable(
            np.random.default_rng(1).normal(size=(len(WORDS) + 1, 3)).astype("float32"))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        index = self._table.lookup(tf.strings.split(texts).to_tensor(""))
        return tf.reduce_sum(tf.gather(self._vectors, index), axis=1)


class Pictures(tf.Module):
    """Weighted sums of a picture's colours, beside its size, which is no vector."""

    def __init__(self):
        super().__init__()
        random = np.random.default_rng(2).normal(size=(PIXELS * PIXELS * 3, 5))
        self._weights = tf.Variable(random.astype("float32"))

    @tf.function(input_signature=[tf.TensorSpec([None, PIXELS, PIXELS, 3], tf.float32)])
    def __call__(self, pixels):
        flat = tf.reshape(pixels, [-1, PIXELS * PIXELS * 3])
        return {"colours": tf.matmul(flat, self._weights), "size": tf.shape(pixels)}


class Sounds(tf.Module):
    """Mean loudness and its square for each frame of a sound, one sound at a time."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, samples):
        loud = tf.reduce_mean(tf.abs(tf.signal.frame(samples, SAMPLES, SAMPLES)), axis=1)
        return loud, tf.stack([loud, loud * loud], axis=1)

    @tf.function(input_signature=[])
    def rate(self):
        """A second function, so that TensorFlow saves no signature for either."""
        return tf.constant(16_000)


def save(module: tf.Module, folder: Path) -> str:
    """Writes a SavedModel; returns its path."""
    tf.saved_model.save(module, str(folder))
    return str(folder)


def all_three(folder: Path) -> dict[str, dict]:
    """Writes one encoder for each modality; returns a recipe's `encoders`."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "text": {"handle": save(Words(folder), folder / "words"), "batch_size": 4},
        "image": {"handle": save(Pictures(), folder / "pictures"), "output": "colours",
                  "batch_size": 3},
        "audio": {"handle": save(Sounds(), folder / "sounds"), "output": 1, "seconds": 0.5},
    }


def with_foreign_operation(folder: Path, copy: Path) -> str:
    """Copies a SavedModel and gives one of its operations a name that TensorFlow lacks."""
    tf.io.gfile.makedirs(str(copy / "variables"))
    for file in (path for path in folder.rglob("*") if path.is_file()):
        target = copy / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    path = copy / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = saved.meta_graphs[0].graph_def
    node = next(node for function in graph.library.function for node in function.node_def
                if node.op == "StringSplitV2")
    node.op = "SplitAsNobodyElse"
    path.write_bytes(saved.SerializeToString())
    return str(copy)


def keras_cnn(path: Path) -> keras.Model:
    """Writes a small convolutional network as a .keras file."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([
        keras.Input((PIXELS, PIXELS, 3)),
        keras.layers.Conv2D(4, 3, activation="relu", name="edges"),
        keras.layers.BatchNormalization(name="level"),
        keras.layers.Conv2D(4, 3, activation="relu", name="shapes"),
        keras.layers.GlobalAveragePooling2D(name="pool"), keras.layers.Dense(6, name="vector")])
    model.save(path)
    return model
