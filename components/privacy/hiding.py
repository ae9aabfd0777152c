"""Takes personal data out of a row, before anything of it is written."""

from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.privacy.options import Privacy
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
    """Treats personal values as their columns' tags say, and hides what pseudonyms ask for.

    With pseudonyms a user's id is replaced by its own, texts of personal data by a mark, and other
    personal data are left out.
    """

    def __init__(self, spec: FeatureSpec, side: str, privacy: Privacy):
        """Prepares for one table; the key, if one is needed, is that of the environment.

        Args:
          spec: The dataset's spec, as `hidden` returns it where there are pseudonyms.
          side: The table.
          privacy: What is asked for.
        """
        made = privacy.made(spec)
        self._pseudonym: Any = None if made is None else made.of  # nobody asks it then
        own = [f for f in spec.table(side) if not f.role and not f.derived]
        self._treated = [(f.name, f.treatment) for f in own if f.treatment is not None]
        self._personal = [f for f in own if f.pii and f.treatment is None] \
            if privacy.pseudonyms else []
        self._users = [f.name for f in spec.table(side) if f.role == _USER] \
            if privacy.pseudonyms else []

    def hide(self, values: dict[str, list[Any]]) -> None:
        """Hides what is personal in a checked row, in its place.

        Args:
          values: Lists of values by column.
        """
        for name, treatment in self._treated:
            kept = [treatment.of(one, self._pseudonym) for one in values.pop(name, ())]
            if kept := [one for one in kept if one is not None]:
                values[name] = kept
        for name in self._users:
            values[name] = [self._pseudonym(one) for one in values[name]]
        for feature in self._personal:
            if values.pop(feature.name, None) and feature.dtype is bytes and not feature.media:
                values[feature.name] = [MARK]
