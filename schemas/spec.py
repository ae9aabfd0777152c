"""The frozen description of a dataset that every other room reads."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.errors import InputError
from schemas.modality import MODALITIES, RawModality, raw_modality
from schemas.tags import Treatment

ENTITIES = ("users", "items")  # whose rows events join
SIDES = (*ENTITIES, "interactions")
ROLES = ("user_id", "item_id", "timestamp", "event_type")


@dataclass(frozen=True)
class Label:
    """What a task learns from a feature: its value, or whether it reaches or equals something.

    The value of a text is its place among the texts that the schema allows, from 0 on.

    Attributes:
      name: The label's name, which recipes refer to.
      feature: The feature that carries it.
      threshold: Value from which on the label is 1; `None` for the value itself.
      equals: Text that makes the label 1, any other 0; `None` for a number's label.
      minimum: Smallest value of the feature, `None` when the schema sets none.
      maximum: Largest value of the feature, `None` when the schema sets none.
      side: The table of the feature: `interactions`, or `users` for an attribute of the user.
      classes: The texts that a categorical label may be; empty for every other label.
    """

    name: str
    feature: str
    threshold: float | None
    equals: str | None
    minimum: float | None
    maximum: float | None
    side: str = "interactions"
    classes: tuple[str, ...] = ()

    @property
    def binary(self) -> bool:
        """Whether the label is 0 or 1."""
        if self.classes:
            return False
        condition = self.threshold is not None or self.equals is not None
        return condition or (self.minimum, self.maximum) == (0.0, 1.0)


@dataclass(frozen=True)
class Feature:
    """One column of one table, as its schema declares it.

    Attributes:
      name: The column's name.
      side: `"users"`, `"items"` or `"interactions"`.
      dtype: `int`, `float` or `bytes`.
      role: One of `ROLES`, or `None`.
      modality: One of `MODALITIES`, or `None` for a column no tower reads.
      pii: Personal data: never a model input, never shown in a report.
      required: A row without a value breaks a hard rule.
      max_values: Most values in a row; 1 for a scalar, `None` for no bound.
      minimum: Smallest allowed number, or `None`.
      maximum: Largest allowed number, or `None`.
      values: Allowed strings; empty when any is allowed.
      history: For a column built at ingest from a user's earlier events, the role or feature
        whose past values it holds (newest first).
      counts_events: The column is the row's number of training events, built at ingest.
      unseen: The column holds items that the user has no event with, drawn at ingest.
      sound_of: The video column of the same table whose sound track this column holds, taken out
        at ingest; `None` for every other column.
      weights: For the column of event types, how much an event of a type counts, by type.
      limits: Limits of checks on the data that the schema sets: name of the check, `"WARN"` or
        `"FAIL"`, and the value above which it is so; infinite where the check is off.
      treatment: What ingest makes of the column's personal values; `None` for most columns.
      fewest_rows: How many rows have a word or a category that models know, at least.
    """

    name: str
    side: str
    dtype: type
    role: str | None
    modality: str | None
    pii: bool
    required: bool
    max_values: int | None
    minimum: float | None
    maximum: float | None
    values: tuple[str, ...]
    history: str | None
    counts_events: bool
    unseen: bool
    sound_of: str | None
    weights: tuple[tuple[str, float], ...]
    limits: tuple[tuple[str, str, float], ...] = ()
    treatment: Treatment | None = None
    fewest_rows: int = 1

    @property
    def masked(self) -> bool:
        """Whether values, as a source has them, are personal, so that ingest shows none."""
        return self.pii or self.treatment is not None

    @property
    def derived(self) -> bool:
        """Whether ingest builds the column, so that no source delivers it."""
        return (self.history is not None or self.counts_events or self.unseen
                or self.sound_of is not None)

    @property
    def raw(self) -> RawModality | None:
        """What the column's raw values are; `None` for a column no tower reads."""
        return None if self.modality is None else raw_modality(self.modality)

    @property
    def media(self) -> bool:
        """Whether a value is an encoded file."""
        return self.raw is not None and self.raw.media

    @property
    def language(self) -> bool:
        """Whether a value is written in words."""
        return self.raw is not None and self.raw.language

    @property
    def categories(self) -> bool:
        """Whether the column has few different values, which recur."""
        return self.raw is not None and self.raw.categories

    @property
    def scalar(self) -> bool:
        """Whether a row has at most one value."""
        return self.max_values == 1


@dataclass(frozen=True)
class FeatureSpec:
    """The features, roles and labels of one dataset; the only place where they are listed.

    Attributes:
      name: The dataset schema's name.
      texts: The three schemas as protobuf text, in the order of `SIDES`. They are the value:
        everything else is derived from them, so that a spec travels as plain text.
      features: Every feature of the three tables.
      labels: Every label in the order of declaration, those of the interactions first.
    """

    name: str
    texts: tuple[str, str, str]
    features: tuple[Feature, ...]
    labels: tuple[Label, ...]

    def to_json(self) -> str:
        """Returns the arguments of `parse_spec` as JSON, for parameters of components."""
        return json.dumps({"name": self.name, "texts": self.texts})

    def table(self, side: str) -> tuple[Feature, ...]:
        """Returns the features of one table, `side` being one of `SIDES`."""
        return tuple(f for f in self.features if f.side == side)

    def schema(self, side: str) -> schema_pb2.Schema:
        """Returns one table's schema as tensorflow_metadata's message."""
        return text_format.Parse(self.texts[SIDES.index(side)], schema_pb2.Schema())

    def expectations(self, side: str) -> str:
        """Returns what one table's data are held against, as protobuf text.

        Of a column that ingest builds or drops, nothing but name, type and tags is left: no source
        could keep or break what else its schema says, and a user of all items has no unseen one.
        What ingest makes of personal values has no domain.
        """
        schema, features = self.schema(side), {f.name: f for f in self.table(side)}
        for proto in schema.feature:
            feature = features[proto.name]
            if feature.derived or (feature.treatment and not feature.treatment.kind.kept):
                proto.CopyFrom(schema_pb2.Feature(
                    name=proto.name, type=proto.type, annotation=proto.annotation))
            elif feature.treatment:
                proto.ClearField("domain_info")
                proto.ClearField("domain")
        return text_format.MessageToString(schema, as_utf8=True)

    def role(self, role: str, side: str = "interactions") -> Feature:
        """Returns the feature that plays a role in a table.

        Raises:
          InputError: No feature of the table has that role.
        """
        for feature in self.table(side):
            if feature.role == role:
                return feature
        raise InputError(
            "role-missing",
            f"Schema {self.name!r}, table {side!r}: no feature has the tag {role!r}. Tag one."
        )

    def has_role(self, role: str, side: str = "interactions") -> bool:
        """Returns whether a feature of the table plays the role."""
        return any(f.role == role for f in self.table(side))

    def inputs(self, side: str, modalities: Iterable[str] | None = None,
               targets: tuple[str, ...] = ()) -> tuple[Feature, ...]:
        """Returns the columns of a side that towers may read: no id, no label, no PII.

        Args:
          side: One of `SIDES`.
          modalities: Which modalities are read; every one where `None`.
          targets: Labels that are learned. A user's attribute is an input where it is not.
        """
        read = {raw_modality(name).name for name in (
            MODALITIES if modalities is None else modalities)}
        hidden = {label.feature for label in self.labels_of(side)
                  if side == "interactions" or label.name in targets}
        return tuple(
            f
            for f in self.table(side)
            if f.modality in read and f.role is None and not f.pii
            and f.name not in hidden and (not f.derived or f.sound_of)
        )

    def labels_of(self, side: str) -> tuple[Label, ...]:
        """Returns the labels on one table's columns."""
        return tuple(label for label in self.labels if label.side == side)

    def id_key(self, side: str) -> Feature:
        """Returns the id column of the users or of the items table."""
        return self.role({"users": "user_id", "items": "item_id"}[side], side)

    def histories(self) -> dict[str, Feature]:
        """Returns the history columns by what they hold: a role or a feature's name."""
        return {f.history: f for f in self.table("interactions") if f.history}

    @property
    def has_history(self) -> bool:
        """Whether there are histories of items with their times."""
        return {"item_id", "timestamp"} <= set(self.histories())

    def history_source(self, what: str) -> Feature:
        """Returns the column whose past values a history holds, by a role or by its name."""
        if self.has_role(what):
            return self.role(what)
        return next(f for f in self.table("interactions") if f.name == what)

    def event_count(self, side: str) -> Feature | None:
        """Returns the column that counts a row's training events, if the schema has one."""
        return next((f for f in self.table(side) if f.counts_events), None)

    def unseen(self) -> Feature | None:
        """Returns the column of items that a row's user has no event with, if there is one."""
        return next((f for f in self.table("interactions") if f.unseen), None)

    def event_weights(self) -> dict[str, float]:
        """Returns how much an event counts in training, by its type; 1 for one not listed."""
        if not self.has_role("event_type"):
            return {}
        return dict(self.role("event_type").weights)

    def label(self, name: str) -> Label:
        """Returns a label by name.

        Raises:
          InputError: The dataset has no such label.
        """
        for label in self.labels:
            if label.name == name:
                return label
        known = ", ".join(label.name for label in self.labels) or "none"
        raise InputError("unknown-label",
                         f"Dataset {self.name!r} has no label {name!r}. It has: {known}.")
