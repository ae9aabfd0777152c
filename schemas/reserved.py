"""Names that no column of a dataset may have."""

# Columns that preprocessing derives; no column may hide them.
DERIVED = frozenset({"index", "events", "user_index", "item_index", "context"})
# Vocabularies of the interactions, beside those of the tables.
VOCABULARIES = frozenset({"event_types", "event_words"})
# What a row of the interactions brings beside its histories.
UNSEEN = frozenset({"unseen_id", "unseen_index"})
# Layers of the network, whose other layers are called like the columns that they read.
LAYERS = frozenset({
    "sharing", "fusion", "imputation", "modality_dropout", "met", "context_tower", "counts_tower",
    "series_tower", "review_tower", "item_review_tower", "user_factors", "item_factors"})
# Of a request and of the above: no column of users or items that is read may be mistaken for them.
INPUTS = frozenset({"user_id", "item_id", "timestamp"}) | VOCABULARIES | UNSEEN | LAYERS
HISTORIES = "history_"
