"""Takes e-mail addresses, telephone numbers and card numbers out of free texts.

No light library does all three: scrubadub brings scikit-learn, TextBlob and a maker of fake data,
presidio brings spaCy and a model of language. Telephone numbers are the hard part, and are left to
Google's own rules of every country, `phonenumbers`.
"""

import re
from dataclasses import replace
from typing import Any

import phonenumbers

from components.privacy.options import Privacy
from components.sources.base import Record
from schemas import FeatureSpec

EMAIL, TELEPHONE, CARD = "(email)", "(telephone)", "(card)"  # what is left in their place
# Bounded, so that no text takes longer than its length.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_CARD = re.compile(r"(?<!\d)[0-9](?:[ -]?[0-9]){12,18}(?!\d)")
_SEVEN_DIGITS = re.compile(r"\d(?:\D{0,4}\d){6}")  # no telephone number of a country has fewer
_TRIES = 10_000  # runs of digits of one text that are held against all rules


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
        faults = tuple(self._clean(one) for one in record.faults)
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
