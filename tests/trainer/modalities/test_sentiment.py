"""The sentiment in the graph against VADER itself, where its rules are the same."""

import numpy as np
import pytest
import tensorflow as tf
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from trainer.modalities.text.sentiment import WIDTH, Lexicon, lexicon_rows, sentiment

# No capitals, exclamation marks, idioms or "but", which VADER treats by other rules.
SENTENCES = [
    "the book was good", "the book was not good", "the book was very good",
    "the book was not very good", "it isn't bad at all", "a really really awful film",
    "barely good", "this is hardly a great film and never a funny one", "no problems here",
    "no good", "there is no happy end", "an extremely sad, horrible and boring story",
    "never sad", "they won't enjoy it", "without love", "slightly boring", "he can’t win",
    "trains and tables", "good good good", "the good are not always rewarded and the bad are"]


def _rate(texts):
    return sentiment(tf.constant(texts), Lexicon()).numpy()


@pytest.fixture(scope="module")
def rated():
    return _rate(SENTENCES)


def test_polarity_is_vaders(rated):
    vader = SentimentIntensityAnalyzer()
    expected = [vader.polarity_scores(text.replace("’", "'"))["compound"] for text in SENTENCES]
    np.testing.assert_allclose(rated[:, 0], expected, atol=1e-4)
    assert min(expected) < -0.5 and max(expected) > 0.5 and 0 in expected


def test_strength_and_share_are_of_the_opinion_words(rated):
    good = lexicon_rows()["good"][0]
    place = SENTENCES.index("good good good")
    np.testing.assert_allclose(rated[place, 1:], [good / 4, 1], rtol=1e-6)
    place = SENTENCES.index("the book was good")
    np.testing.assert_allclose(rated[place, 1:], [good / 4, 1 / 4], rtol=1e-6)


def test_texts_without_opinions_or_words_are_neutral(rated):
    assert not rated[SENTENCES.index("trains and tables")].any()
    result = _rate(["", "…", "三国"])
    assert result.shape == (3, WIDTH) and not result.any()
