"""Stop words: those of a language, or a recipe's own; without TensorFlow, so that a recipe can ask.
"""

import unicodedata


def languages() -> tuple[str, ...]:
    """Returns the languages that have a list, by their English names."""
    import stop_words

    return tuple(sorted(stop_words.AVAILABLE_LANGUAGES))


def plain(text: str) -> list[str]:
    """Splits a text into lower-case words as `text.words` does, but leaves Chinese together."""
    letters = (c if unicodedata.category(c)[0] in "LMN" else " " for c in text.lower())
    return "".join(letters).split()


def stop_words_of(given: str | tuple[str, ...]) -> list[str]:
    """Returns the words to leave out.

    Args:
      given: A language, or words.

    Returns:
      Lower-case words. What a list holds as "don't" is two words, as it is in a text: "don", "t".
    """
    import stop_words

    listed = stop_words.get_stop_words(given) if isinstance(given, str) else given
    return sorted({word for entry in listed for word in plain(entry)})
