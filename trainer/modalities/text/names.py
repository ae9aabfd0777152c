"""Names of the columns and vocabularies that Transform makes of a text."""


def tfidf_ids(feature: str) -> str:
    """Returns the column of a text's distinct words."""
    return f"{feature}__tfidf_ids"


def tfidf(feature: str) -> str:
    """Returns the column of the TF-IDF weights of a text's distinct words."""
    return f"{feature}__tfidf"


def term_vocabulary(feature: str, words: int) -> str:
    """Returns the vocabulary of a text's terms of up to some words; of one, that of its words."""
    return feature if words == 1 else tfidf_ids(feature)


def characters_ids(feature: str) -> str:
    """Returns the column of a text's distinct runs of characters, and their vocabulary."""
    return f"{feature}__characters_ids"


def characters(feature: str) -> str:
    """Returns the column of the TF-IDF weights of a text's distinct runs of characters."""
    return f"{feature}__characters"


def topics(feature: str) -> str:
    """Returns the column of the shares that topics have in a text."""
    return f"{feature}__topics"


def sentiment(feature: str) -> str:
    """Returns the column of a text's polarity, strength and share of opinion words."""
    return f"{feature}__sentiment"
