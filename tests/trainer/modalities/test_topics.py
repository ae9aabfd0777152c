import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from trainer.modalities.text.topics import factorize, fit, tfidf, topic_shares


@pytest.fixture(scope="module")
def mixed():
    """Texts that are mixtures of three topics, and the mixtures."""
    random = np.random.default_rng(0)
    terms = random.uniform(size=(3, 40)) * (random.uniform(size=(3, 40)) < 0.3)
    shares = random.dirichlet([0.3] * 3, 200)
    return sparse.csr_matrix(shares @ terms), shares


def test_a_product_of_few_topics_is_found(mixed):
    matrix, _ = mixed
    texts, terms = factorize(matrix, 3)
    assert (texts >= 0).all() and (terms >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(terms, axis=1), 1, rtol=1e-6)
    left = np.linalg.norm(matrix - texts @ terms) / np.linalg.norm(matrix.toarray())
    assert left < 0.05
    one = np.linalg.norm(matrix - np.matmul(*factorize(matrix, 1)))
    assert one > 5 * left * np.linalg.norm(matrix.toarray()), "one topic says less"


def test_folding_in_finds_what_the_fit_found(mixed):
    matrix, _ = mixed
    texts, terms = factorize(matrix, 3)
    expected = texts / texts.sum(axis=1, keepdims=True)
    ids = np.tile(np.arange(40), (200, 1))
    result = topic_shares(tf.constant(ids), tf.constant(matrix.toarray(), tf.float32),
                          tf.constant(terms, tf.float32)).numpy()
    assert np.abs(result - expected).max() < 0.05


def test_a_text_of_no_topic_has_no_share():
    terms = tf.constant([[0, 1.0, 0, 0], [0, 0, 1.0, 0]])
    ids = tf.constant([[1, 2], [3, 0], [0, 0], [1, 0]], tf.int64)
    weights = tf.constant([[0.5, 0.5], [1, 0], [0, 0], [0.2, 0]])
    result = topic_shares(ids, weights, terms).numpy()
    np.testing.assert_allclose(result, [[0.5, 0.5], [0, 0], [0, 0], [1, 0]], atol=1e-4)


def test_weights_are_those_of_transform():
    """TF-IDF of tft: the share in the text by 1 + log((rows + 1) / (rows with the term + 1))."""
    texts = [np.array([4, 2, 4, 0, 0]), np.array([2, 0, 0, 0, 0]), np.array([0, 0])]
    result = tfidf(texts, 6, 3).toarray()
    rare, common = 1 + np.log(4 / 2), 1 + np.log(4 / 3)
    first = np.array([common, 2 * rare]) / np.hypot(common, 2 * rare)
    np.testing.assert_allclose(result[0], [0, 0, first[0], 0, first[1], 0])
    np.testing.assert_allclose(result[1:], [[0, 0, 1, 0, 0, 0], [0] * 6])
    assert tfidf(texts, 6, 1).toarray()[0].tolist() == [0, 0, 0, 0, 1, 0]


def test_no_text_at_all_gives_no_topics():
    result = fit([np.zeros(3, np.int64)] * 2, 2, 5, 3)
    assert result.shape == (2, 5) and not result.any()
