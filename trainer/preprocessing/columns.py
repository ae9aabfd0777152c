"""Names of the columns that Transform writes and the model reads.

A table's column keeps its schema's name; what is derived from it gets a suffix. The columns of an
interaction are named by role, so that nothing behind Transform depends on a dataset's names. What
a column is used for is in its declaration (`trainer.preprocessing.column`), not by its name.
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
# What a recipe may derive of a history; two underscores keep apart from the users' own columns.
PAST_TYPE = "past__type"
PAST_GAP = "past__gap"
PAST_HOUR = "past__hour"
PAST_COUNTS = "past__counts"
COUNTS_WIDTH = 7
PAST_SERIES = "past__series"
SERIES_WIDTH = 3
PAST_WORDS = "past__words"
ITEM_WORDS = "item__words"
EVENT_WORDS = "event__words__index"  # not what `event_value` makes of a column called `words`
# Vocabularies of the interactions, fitted on training rows.
TYPES = "event_types"
WORDS = "event_words"


def present(feature: str) -> str:
    """Returns the column that is 1.0 where the feature has a value."""
    return f"{feature}__present"


def label(name: str) -> str:
    """Returns the column of a label; NaN where a row lacks it."""
    return f"label__{name}"


def history_value(what: str) -> str:
    """Returns the column of a history's past values, -1 where absent."""
    return f"history__{what}"


def event_value(what: str) -> str:
    """Returns the column of the value that an event adds to later histories, -1 where absent."""
    return f"event__{what}"


def sent(what: str) -> str:
    """Returns the column of a history's strings, as a request would bring them."""
    return f"sent__{what}"
