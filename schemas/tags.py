"""What a tag of a schema means, by the form in which it is written."""

from schemas.modality import MODALITIES
from schemas.treatments import written_forms

# Capitals are for a name or a number of the schema's author.
TAGS: dict[str, str] = {
    "user_id": "the column is the user's id; the users and the interactions need one",
    "item_id": "the column is the item's id; the items and the interactions need one",
    "timestamp": "the column is the time of an event, in whole seconds",
    "event_type": "the column of the interactions says what kind of event a row is",
    "weight:VALUE=X": "beside `event_type`: an event of the kind VALUE counts X times in training; "
                      "1 without this tag",
    "label:NAME": "the value is the label NAME; a domain from 0 to 1 makes it binary; on a column "
                  "of text with a `string_domain` the label is which of its values it is; on a "
                  "column of the users it is an attribute to learn, and an input of every recipe "
                  "that does not learn it",
    "label:NAME>=X": "the label NAME is 1 from the value X on, else 0",
    "label:NAME=VALUE": "on a column of text: the label NAME is 1 if the column is VALUE, else 0",
    "pii": "personal data: never a model input, masked in reports",
    **written_forms(),
    "fewest_rows:N": "a model knows a word or a category of the column only if N rows have it; "
                     "usually 3 for the tag `text` in the users and in the interactions, where the "
                     "reviews of one user count as one, and 1 elsewhere",
    "history:WHAT": "built at ingest: the user's earlier values of a role or column, newest first: "
                    "item ids, times, numbers, event types, or the texts of a column with the tag "
                    "`text` (reviews, which no row reads of itself); one of each kind but numbers",
    "events": "built at ingest: the row's number of training events; for slices, never an input",
    "unseen": "built at ingest: ids of items that the user has no event with, for the head "
              "`click`; `value_count { min: 2 max: 2 }` says how many; a user with events on "
              "almost all items gets fewer",
    "sound_of:COLUMN": "built at ingest, beside `audio`: the sound track of the video column "
                       "COLUMN of the same table; absent where a video has none",
    "check:NAME>X=WARN": "the check NAME warns of this column from a value above X on; "
                         "docs/data-validation.md lists the checks and their usual limits",
    "check:NAME>X=FAIL": "the check NAME stops the run where its value for this column is above X",
    "check:NAME=off": "the check NAME says nothing of this column",
}


def known_tags() -> dict[str, str]:
    """Returns the meaning of every tag, those of the modalities that are registered included."""
    modalities = {name: f"the column's modality: a value is {raw.meaning}"
                  for name, raw in MODALITIES.items()}
    return {**TAGS, **modalities}
