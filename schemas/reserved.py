"""Names that no column of a dataset may have."""

# Columns that preprocessing derives; no column may hide them.
DERIVED = frozenset({"index", "events", "user_index", "item_index", "context"})
# Vocabularies of the interactions, beside those of the tables.
VOCABULARIES = frozenset({"event_types", "event_words"})
# What a row of the interactions brings beside its histories.
UNSEEN = frozenset({"unseen_id", "unseen_index"})
# Of a request and of the above: no column of users or items that is read may be mistaken for them.
INPUTS = frozenset({"user_id", "item_id", "timestamp"}) | VOCABULARIES | UNSEEN
HISTORIES = "history_"
