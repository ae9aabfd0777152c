"""Names of the columns that Transform writes and the model reads.

A table's column keeps its schema's name; what is derived from it gets a suffix. The columns of an
interaction are named by role, so that nothing behind Transform depends on a dataset's names.
"""

INDEX = "index"
EVENTS = "events"
USER_INDEX = "user_index"
ITEM_INDEX = "item_index"
HISTORY_INDEX = "history_index"
USER_ID = "user_id"
ITEM_ID = "item_id"
TIMESTAMP = "timestamp"
CONTEXT = "context"
CONTEXT_WIDTH = 6
HISTORY_ITEM_ID = "history_item_id"
HISTORY_TIME = "history_time"
HISTORY_AGE = "history_age"
HISTORY_RANK = "history_rank"
UNSEEN_ID = "unseen_id"
UNSEEN_INDEX = "unseen_index"
EVENT_WEIGHT = "weight__event"


def present(feature: str) -> str:
    """Returns the column that is 1.0 where the feature has a value."""
    return f"{feature}__present"


def tfidf_ids(feature: str) -> str:
    """Returns the column of a text's distinct words."""
    return f"{feature}__tfidf_ids"


def tfidf(feature: str) -> str:
    """Returns the column of the TF-IDF weights of a text's distinct words."""
    return f"{feature}__tfidf"


def mfcc(feature: str) -> str:
    """Returns the column of a sound's cepstral coefficients: their means, then deviations."""
    return f"{feature}__mfcc"


def encoded(feature: str) -> str:
    """Returns the column of a pretrained encoder's vectors; it has a `present` of its own."""
    return f"{feature}__encoded"


def label(name: str) -> str:
    """Returns the column of a label; NaN where a row lacks it."""
    return f"label__{name}"


def history_value(what: str) -> str:
    """Returns the column of a history's past values, -1 where absent."""
    return f"history__{what}"


def event_value(what: str) -> str:
    """Returns the column of the value that an event adds to later histories, -1 where absent."""
    return f"event__{what}"


def is_model_input(name: str) -> bool:
    """Tells whether a transformed interaction column describes the moment, not the outcome."""
    return not name.startswith(("label__", "event__", "weight__"))
