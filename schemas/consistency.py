"""Whether the columns of a schema go together: roles, labels, what ingest builds, treatments."""

import math
import re
from collections.abc import Iterator, Sequence

from google.protobuf.message import Message
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.errors import InputError
from schemas.modality import MODALITIES
from schemas.spec import ROLES, Feature, Label
from schemas.tags import DERIVED, HISTORIES, INPUTS, TAG

_NO_NAME = re.compile(r"^$|^\s|\s$|[{}\x00-\x1f\x7f]")  # braces are for templates of columns
_RANGES = ("value_count", "int_domain", "float_domain")
_COUNTS = ("value_count.", "presence.min_count")
_DTYPE_NAMES = {bytes: "BYTES", int: "INT", float: "FLOAT"}


def check_table(features: Sequence[Feature], side: str, where: str) -> None:
    """Refuses a table that lacks an id, has a role or a column twice, or a name that is taken.

    Args:
      features: The features of the tables read so far.
      side: The table.
      where: How messages call it.

    Raises:
      InputError: It does.
    """
    needed = {"users": ("user_id",), "items": ("item_id",), "interactions": ("user_id", "item_id")}
    table = [f for f in features if f.side == side]
    for role in ROLES:
        names = [f.name for f in table if f.role == role]
        if len(names) > 1:
            names_both = " and ".join(names)
            raise InputError("duplicate-role",
                             f"{where}: {names_both} both have the role {role!r}. Keep one.")
        if not names and role in needed[side]:
            raise InputError("no-feature-of-role",
                             f"{where}: no feature has the tag {role!r}. Tag one.")
    for feature in table:
        if _NO_NAME.search(feature.name):
            raise InputError(
                "bad-feature-name",
                f"{where}: {feature.name!r} is no name of a column. Give one without braces, "
                "control characters and blanks at its ends, and say in the configuration's "
                "'columns' what the file calls it."
            )
        if feature.name in DERIVED or "__" in feature.name:
            raise InputError(
                "derived-name-taken",
                f"{where}: the name {feature.name!r} is taken. Names with two underscores and "
                f"{', '.join(sorted(DERIVED))} are kept for derived columns; rename it."
            )
        read = side != "interactions" and feature.modality and not (feature.role or feature.pii)
        # What is derived of a column has two underscores behind its name.
        if read and (feature.name in INPUTS or feature.name.startswith(HISTORIES)
                     or feature.name.endswith("_")):
            raise InputError(
                "model-name-taken",
                f"{where}: the name {feature.name!r} is taken. In the users and the items, "
                f"{', '.join(sorted(INPUTS))} and names that begin with "
                f"{HISTORIES!r} or end with '_' are kept for the model and its requests; rename it."
            )
    if len({f.name for f in table}) != len(table):
        raise InputError("duplicate-feature", f"{where}: a feature is declared twice.")


def check_numbers(proto: schema_pb2.Feature, where: str) -> None:
    """Refuses numbers that no data can keep to, or that a comparison would never meet.

    Args:
      proto: A column of a schema.
      where: How messages call it.

    Raises:
      InputError: A number is NaN, infinite or out of its range, a range is empty, or a shape is
        not that of one value.
    """
    sizes = [dim.size for dim in proto.shape.dim]
    if sizes not in ([], [1]):
        raise InputError("bad-feature-shape",
                         f"{where}: shape is of {' x '.join(map(str, sizes))} values, and a row "
                         "has one, or a list. Write 'value_count { min: 2 max: 2 }' for two.")
    for name, number in _numbers(proto):
        if not math.isfinite(number):
            raise InputError("schema-number-not-finite",
                             f"{where}: {name} is {number}, expected a finite number. Leave a "
                             "bound out where there is none.")
        share = name == "presence.min_fraction"
        counts = share or name.startswith(_COUNTS)
        if (counts and number < 0) or (share and number > 1):
            raise InputError("schema-number-out-of-range",
                             f"{where}: {name} is {number:g}, expected "
                             f"{'0 to 1' if share else '0 at least'}. Correct it.")
    for name in _RANGES:
        bounds = getattr(proto, name)
        if proto.HasField(name) and bounds.HasField("min") and bounds.HasField("max") \
                and bounds.min > bounds.max:
            raise InputError("schema-range-empty",
                             f"{where}: {name} goes from {bounds.min:g} to {bounds.max:g}, so that "
                             "no value keeps to it. Exchange the two.")


def _numbers(message: Message, inside: str = "") -> Iterator[tuple[str, float]]:
    """Yields the numbers of a message and of those in it, each with the names of its fields."""
    for field, value in message.ListFields():
        single = isinstance(value, Message | str | bytes | int | float)
        for one in (value,) if single else value:
            if isinstance(one, Message):
                yield from _numbers(one, f"{inside}{field.name}.")
            elif isinstance(one, int | float):
                yield f"{inside}{field.name}", one


def check_together(features: Sequence[Feature], labels: Sequence[Label], where: str) -> None:
    """Refuses labels and built columns that the other columns do not allow.

    Args:
      features: The features of all tables.
      labels: All labels.
      where: How messages call the schema.

    Raises:
      InputError: There is one.
    """
    _check_labels(features, labels, where)
    _check_events(features, where)
    _check_histories(features, where)
    _check_sound_tracks(features, where)


def _check_labels(features: Sequence[Feature], labels: Sequence[Label], where: str) -> None:
    names = [label.name for label in labels]
    for name in names:
        if names.count(name) > 1:
            raise InputError("duplicate-label",
                             f"{where}: two labels share the name {name!r}. Rename one.")
    columns = {(f.side, f.name): f for f in features}
    for label in labels:
        feature = columns[label.side, label.feature]
        text = feature.dtype is bytes
        if label.side == "items" or feature.masked:
            raise InputError(
                "label-misplaced",
                f"{where}: the label {label.name!r} is on {label.feature!r}, "
                f"{'personal data' if feature.masked else 'a column of the items'}. A label "
                "belongs to the interactions, or to the users as an attribute to learn. Take it "
                "away."
            )
        if text and label.equals is None and len(label.classes) < 2:
            raise InputError(
                "label-of-text",
                f"{where}: the label {label.name!r} is on {label.feature!r}, which is BYTES. "
                "A label needs a column of INT or FLOAT, or says which text makes it 1: "
                f"'label:{label.name}=VALUE'; or the column lists its values in a string_domain, "
                "two at least, for the head 'multi_class'."
            )
        if not text and label.equals is not None:
            raise InputError(
                "label-compares-number-with-text",
                f"{where}: the label {label.name!r} compares {label.feature!r}, a number, with the "
                f"text {label.equals!r}. Give a threshold: 'label:{label.name}>=X'."
            )


def _check_events(features: Sequence[Feature], where: str) -> None:
    """Checks the event types, and the items without an event."""
    for feature in features:
        if feature.role == "event_type" and (
            feature.side != "interactions" or feature.dtype is not bytes
        ):
            raise InputError(
                "event-type-misplaced",
                f"{where}, feature {feature.name!r}: 'event_type' must be in the interactions, "
                "on a column of BYTES."
            )
        if feature.weights and feature.role != "event_type":
            raise InputError(
                "weight-without-event-type",
                f"{where}, feature {feature.name!r}: 'weight:VALUE=X' belongs to the column with "
                "the tag 'event_type'. Add that tag, or take the weight away."
            )
    drawn = [f for f in features if f.unseen]
    identities = [f.dtype for f in features
                  if f.side == "interactions" and f.role == "item_id"]
    for feature in drawn:
        if (len(drawn) > 1 or feature.side != "interactions" or feature.dtype not in identities
                or feature.scalar or not feature.max_values):
            raise InputError(
                "unseen-misplaced",
                f"{where}, feature {feature.name!r}: 'unseen' must be given once, in the "
                "interactions, with the type of the item ids and a number of items to draw: "
                "value_count { min: 2 max: 2 }."
            )


def _check_histories(features: Sequence[Feature], where: str) -> None:
    timed = any(f.role == "timestamp" and f.side == "interactions" for f in features)
    identities = {what for f in features if f.role == "item_id" and f.side == "interactions"
                  for what in (f.name, f.role)}
    own = [f for f in features if f.side == "interactions" and not f.derived]
    types, texts = (
        {what for f in some for what in (f.name, f.role) if what}
        for some in ([f for f in own if f.role == "event_type"], [f for f in own if f.language]))
    sources = {
        what: f.dtype for f in own for what in (f.name, f.role) if what
    }
    for feature in features:
        if feature.history:
            _check_history(
                feature, feature.history, sources, identities | types | texts, timed, where)
    for kind, known in (("item ids", identities), ("event types", types), ("texts", texts)):
        same = [f.name for f in features if f.history in known]
        if len(same) > 1:
            raise InputError("duplicate-history",
                             f"{where}: {' and '.join(same)} are both histories of {kind}. "
                             "Keep one.")


def _check_history(feature: Feature, what: str, sources: dict[str, type], held: set[str],
                   timed: bool, where: str) -> None:
    """Refuses a history of what is none of the sources, or of a text that none of `held` is."""
    if feature.side != "interactions" or what not in sources:
        raise InputError(
            "history-misplaced",
            f"{where}, feature {feature.name!r}: 'history:{what}' must be in the "
            f"interactions and name one of {', '.join(sorted(sources))}."
        )
    if not feature.max_values:
        raise InputError(
            "history-without-length",
            f"{where}, feature {feature.name!r}: a history needs value_count {{ max: N }}, the "
            "number of events to remember. Add it."
        )
    if feature.dtype is not sources[what]:
        raise InputError(
            "history-type-differs",
            f"{where}, feature {feature.name!r}: its type differs from that of "
            f"{what!r}, whose past values it holds. Give it the same."
        )
    if feature.dtype is bytes and what not in held:
        raise InputError(
            "history-of-other-kind",
            f"{where}, feature {feature.name!r}: a history holds item ids, event types, texts "
            f"or numbers, and {what!r} is none of them. Tag that column "
            "'event_type' or 'text', or take this history away."
        )
    if not timed:
        raise InputError(
            "history-needs-timestamp",
            f"{where}, feature {feature.name!r}: a history needs to know what came before, and "
            "no feature of the interactions has the tag 'timestamp'. Tag one, or take the "
            "histories away."
        )


def _check_sound_tracks(features: Sequence[Feature], where: str) -> None:
    for feature in features:
        if feature.sound_of is None:
            continue
        able = next(one for one in MODALITIES.values() if one.taken_from)
        columns = sorted(f.name for f in features
                         if f.side == feature.side and f.modality == able.taken_from)
        if feature.raw != able or feature.sound_of not in columns:
            raise InputError(
                "sound-of-misplaced",
                f"{where}, feature {feature.name!r}: 'sound_of:{feature.sound_of}' must be "
                f"beside the tag {able.name!r} and name a {able.taken_from} column of the "
                f"same table ({', '.join(columns) or 'it has none'})."
            )


def check_treatment(feature: Feature, where: str) -> None:
    """Refuses a treatment of personal data on a column that it is not for.

    Args:
      feature: A feature with a treatment.
      where: How messages call it.

    Raises:
      InputError: It is not for the column.
    """
    treatment = feature.treatment
    assert treatment is not None
    if feature.role or feature.derived or feature.dtype not in treatment.kind.dtypes \
            or (feature.media and treatment.kind.kept):
        kinds = " or ".join(_DTYPE_NAMES[dtype] for dtype in treatment.kind.dtypes)
        raise InputError(
            "treatment-misplaced",
            f"{where}: '{TAG}{treatment.name}' is for columns of {kinds} that a source has, and "
            "that are no id, time, type of event or medium. Take it away; users' ids are hidden by "
            "the key 'privacy.pseudonyms', see docs/privacy.md."
        )
