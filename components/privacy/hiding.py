"""Takes personal data out of a row and its texts, before anything of it is written."""

import re
from dataclasses import replace
from typing import Any

import phonenumbers
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.privacy.options import Privacy
from components.sources.base import Record
from schemas import SIDES, FeatureSpec, parse_spec

EMAIL, TELEPHONE, CARD = "(email)", "(telephone)", "(card)"  # what is left in their place
# Bounded, so that no text takes longer than its length.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_CARD = re.compile(r"(?<!\d)[0-9](?:[ -]?[0-9]){12,18}(?!\d)")
_SEVEN_DIGITS = re.compile(r"\d(?:\D{0,4}\d){6}")  # no telephone number of a country has fewer
_TRIES = 10_000  # runs of digits of one text that are held against all rules
MARK = b"(personal)"  # in the place of a text, so that missing ones can still be counted
_USER = "user_id"


class Scrubber:
    """Scrubs the texts of a table's records, before anything else looks at them."""

    def __init__(self, spec: FeatureSpec, side: str, privacy: Privacy):
        """Prepares for one table.

        Args:
          spec: The dataset's spec; columns of a modality of words are scrubbed.
          side: The table.
          privacy: Whether to scrub at all, and the region.
        """
        self._columns = [f.name for f in spec.table(side) if f.language and not f.derived
                         ] if privacy.scrub else []
        self._region = privacy.telephone_region

    def scrub(self, record: Record) -> tuple[Record, list[str]]:
        """Returns a record with scrubbed texts, and the columns that were changed."""
        if not self._columns:
            return record, []
        changed: dict[str, Any] = {}
        for name in self._columns:
            value = record.values.get(name)
            cleaned = [self._clean(one) for one in value] if isinstance(value, list | tuple) \
                else self._clean(value)
            if cleaned != (list(value) if isinstance(value, tuple) else value):
                changed[name] = cleaned
        faults = tuple(one._replace(reason=self._clean(one.reason)) for one in record.faults)
        if not changed and faults == record.faults:
            return record, []
        return replace(record, values=record.values | changed, faults=faults), list(changed)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, bytes):
            text = value.decode("utf-8", "surrogateescape")
            return scrubbed(text, self._region).encode("utf-8", "surrogateescape")
        return scrubbed(value, self._region) if isinstance(value, str) else value


def scrubbed(text: str, region: str | None = None) -> str:
    """Returns a text with marks in the place of addresses and numbers.

    Args:
      text: The text.
      region: The country whose telephone numbers need no country code; `None` for none.

    Example:
      >>> scrubbed("Write to ann@example.org or call +44 20 7946 0018.")
      'Write to (email) or call (telephone).'
    """
    if "@" in text:
        text = _EMAIL.sub(EMAIL, text)
    if _SEVEN_DIGITS.search(text) is None:
        return text
    text = _CARD.sub(_card, text)
    end, parts = 0, []
    for match in phonenumbers.PhoneNumberMatcher(text, region, max_tries=_TRIES):
        parts += [text[end:match.start], TELEPHONE]
        end = match.end
    return "".join([*parts, text[end:]])


def _card(match: re.Match) -> str:
    """Returns the mark for digits whose last one is the check digit of the others (Luhn)."""
    digits = [int(one) for one in match[0] if one.isdecimal()][::-1]
    total = sum(digits[::2]) + sum(sum(divmod(2 * one, 10)) for one in digits[1::2])
    return match[0] if total % 10 else CARD


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
