"""Takes personal data out of a row, before anything of it is written."""

from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.privacy.pseudonyms import Pseudonyms
from schemas import SIDES, FeatureSpec, parse_spec

MARK = b"(personal)"  # in the place of a text, so that missing ones can still be counted
_USER = "user_id"


def hidden(spec: FeatureSpec) -> FeatureSpec:
    """Returns a spec in which users' ids are personal data, and no rule asks for what is hidden.

    Args:
      spec: The dataset's spec.
    """
    texts = []
    for side in SIDES:
        schema = spec.schema(side)
        for feature in schema.feature:
            tags = feature.annotation.tag
            if _USER in tags and "pii" not in tags:
                tags.append("pii")
            if "pii" not in tags:
                continue
            feature.ClearField("domain_info")
            feature.ClearField("domain")
            if feature.type != schema_pb2.BYTES and _USER not in tags:  # they are left out
                feature.CopyFrom(schema_pb2.Feature(
                    name=feature.name, type=feature.type, annotation=feature.annotation))
        texts.append(text_format.MessageToString(schema, as_utf8=True))
    return parse_spec(spec.name, texts)


class Hiding:
    """Replaces a user's id by its pseudonym, texts of personal data by a mark, and drops others."""

    def __init__(self, spec: FeatureSpec, side: str, pseudonyms: Pseudonyms | None):
        """Prepares for one table.

        Args:
          spec: The dataset's spec, as `hidden` returns it.
          side: The table.
          pseudonyms: Makes the pseudonyms; `None` where rows stay as they are.
        """
        self._pseudonyms = pseudonyms
        self._user = spec.role(_USER, side).name if spec.has_role(_USER, side) else None
        self._personal = [f for f in spec.table(side) if f.pii and not f.role and not f.derived]

    def hide(self, values: dict[str, list[Any]]) -> None:
        """Hides what is personal in a checked row, in its place.

        Args:
          values: Lists of values by column.
        """
        if self._pseudonyms is None:
            return
        if self._user in values:
            values[self._user] = [self._pseudonyms.of(one) for one in values[self._user]]
        for feature in self._personal:
            if values.pop(feature.name, None) and feature.dtype is bytes and not feature.media:
                values[feature.name] = [MARK]
