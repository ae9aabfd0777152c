import numpy as np
import pytest
from layer_contract import shaken, weight

from trainer.layers.text_towers import TEXT_TOWERS

DIM, VOCABULARY = 4, 9
TOKENS = {name: build for name, build in TEXT_TOWERS.items() if name != "tfidf"}
_TEXT = [5, 2, 7, 3]


def _with_large_weights(name):
    """Returns a tower in which everything matters."""
    return shaken(TOKENS[name](DIM, VOCABULARY), np.array([[*_TEXT, 0, 0]], "int32"))


def _read(tower, *texts):
    return np.asarray(tower(np.array(texts, "int32"))[0])


@pytest.mark.parametrize("name", TOKENS)
def test_padding_does_not_count(name):
    tower = _with_large_weights(name)
    padded = _read(tower, [*_TEXT, 0, 0])
    # Whatever the embedding of padding holds.
    embeddings = weight(tower, "embedding/embeddings")
    table = np.array(embeddings)
    table[0] = 99
    embeddings.assign(table)
    np.testing.assert_array_equal(_read(tower, [*_TEXT, 0, 0]), padded)
    if name != "transformer":  # which has a vector for each place
        np.testing.assert_allclose(_read(tower, _TEXT), padded, atol=1e-6)


@pytest.mark.parametrize("name", TOKENS)
def test_a_batch_is_its_rows(name):
    tower = _with_large_weights(name)
    texts = [[*_TEXT, 0, 0], [0] * 6, [8, 1, 8, 1, 2, 4], [6, 0, 0, 0, 0, 0]]
    alone = np.concatenate([_read(tower, text) for text in texts])
    np.testing.assert_allclose(_read(tower, *texts), alone, atol=1e-5)


@pytest.mark.parametrize("name", TOKENS)
def test_the_order_of_words_counts_but_in_a_bag(name):
    tower = _with_large_weights(name)
    straight, reverse = _read(tower, [*_TEXT, 0, 0], [*_TEXT[::-1], 0, 0])
    apart = np.abs(straight - reverse).max()
    assert apart < 1e-6 if name == "bag" else apart > 1e-3


def test_a_phrase_is_found_wherever_it_is():
    """Kim's pooling: the place of the strongest answer does not matter."""
    tower = _with_large_weights("cnn")
    for one in tower.weights:
        if one.shape == (DIM,):  # the convolutions' biases
            one.assign(np.zeros(DIM))
    phrase = np.random.default_rng(1).normal(size=(3, DIM))
    words = np.zeros((2, 12, DIM), "float32")  # the others are silent
    words[0, 3:6] = words[1, 6:9] = phrase
    early, late = np.asarray(tower.read(words, np.ones((2, 12), "float32")))
    np.testing.assert_allclose(early, late, rtol=1e-5)
    assert early.shape == (3 * DIM,) and early.max() > 0
