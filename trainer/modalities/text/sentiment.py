"""How a text feels: a lexicon of opinion words, with negation and intensity. English only.

Words, negations and intensifiers are those of VADER (Hutto & Gilbert 2014), from its package, as a
table in the graph. Of its rules there are those that look at the three words before; idioms,
contrast ("but"), capitals and punctuation count nothing here.
"""

import numpy as np
import tensorflow as tf

from trainer.modalities.text.stop_words import plain
from trainer.modalities.text.words import words

WIDTH = 3
_REVERSED = -0.74  # what a negation makes of a valence
_FADING = (1.0, 0.95, 0.9)  # intensifiers, by distance
_ALPHA = 15.0
_STRONGEST = 4.0
_NO = "no"  # an opinion of its own, and a negation of one that follows


def sentiment(text: tf.Tensor, lexicon: "Lexicon") -> tf.Tensor:
    """Rates texts.

    Args:
      text: Strings in UTF-8, `(batch,)`.
      lexicon: What words say.

    Returns:
      float32 `(batch, 3)`: polarity from -1 to 1, strength of the opinion words from 0 to 1, and
      their share of all words; zeros for a text without an opinion word.
    """
    # As VADER lists them too: "isnt" for "isn't".
    split = words(tf.strings.regex_replace(text, "['’]", "")).to_tensor("")
    rated, opinion, booster, negation, no = tf.unstack(lexicon(split), axis=2)
    counts = opinion * tf.cast(booster == 0, tf.float32)
    # "no" before an opinion word is its negation, and no opinion itself.
    valence = rated * counts * (1 - no * _later(opinion))
    denied = tf.maximum(_earlier(no, 1), _earlier(no, 2)) > 0
    valence = tf.where(denied, valence * _REVERSED, valence)
    for distance, fading in enumerate(_FADING, start=1):
        plain_word = 1 - _earlier(opinion, distance)
        more = fading * _earlier(booster, distance) * plain_word
        reverse = _earlier(negation, distance) * plain_word > 0
        valence += tf.where(valence < 0, -more, more) * counts
        valence = tf.where(reverse, valence * _REVERSED, valence)
    total = tf.reduce_sum(valence, axis=1)
    hits = tf.reduce_sum(counts, axis=1)
    length = tf.reduce_sum(tf.cast(tf.strings.length(split) > 0, tf.float32), axis=1)
    strength = tf.math.divide_no_nan(tf.reduce_sum(tf.abs(valence), axis=1), hits) / _STRONGEST
    return tf.stack([total / tf.sqrt(total * total + _ALPHA), tf.minimum(strength, 1.0),
                     tf.math.divide_no_nan(hits, length)], axis=1)


class Lexicon(tf.Module):
    """Maps words to their valence and four flags: opinion, intensity, negation, "no"."""

    def __init__(self):
        super().__init__()
        rows = lexicon_rows()
        keys = tf.constant(list(rows))
        values = tf.range(1, len(rows) + 1)
        self._index = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, values), default_value=0)
        self._rows = np.array([[0.0] * 5, *rows.values()], np.float32)

    def __call__(self, split: tf.Tensor) -> tf.Tensor:
        """Maps words `(batch, words)` to `(batch, words, 5)`, zeros for all that are not listed."""
        return tf.gather(tf.constant(self._rows), self._index.lookup(split))


def lexicon_rows() -> dict[str, tuple[float, ...]]:
    """Returns the lexicon.

    Returns:
      By word: its valence (-4 to 4) and whether it has one, by how much it makes others stronger,
      whether it negates, and whether it is "no".
    """
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SentimentIntensityAnalyzer

    valences = SentimentIntensityAnalyzer().lexicon
    named = {*valences, *BOOSTER_DICT, *NEGATE}
    rows: dict[str, tuple[float, ...]] = {}
    for name in sorted(named):
        word = name.replace("'", "")
        if plain(word) == [word]:  # else an emoticon, or more than one word
            rows[word] = (valences.get(name, 0.0), float(name in valences),
                          BOOSTER_DICT.get(name, 0.0), float(name in NEGATE),
                          float(name == _NO))
    return rows


def _earlier(values: tf.Tensor, distance: int) -> tf.Tensor:
    """Returns what is some words before, 0 before the first."""
    return tf.pad(values, [[0, 0], [distance, 0]])[:, : tf.shape(values)[1]]


def _later(values: tf.Tensor) -> tf.Tensor:
    return tf.pad(values, [[0, 0], [0, 1]])[:, 1:]
