"""What the tags of one feature say together."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import InputError
from schemas.modality import MODALITIES
from schemas.spec import ROLES
from schemas.tags import TAG, Treatment, known_tags, treatment_of, written_forms

_NUMBER = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"  # that a float of 32 bits holds
_LABEL = re.compile(
    rf"label:(?P<name>\w+)(?:>=(?P<threshold>-?{_NUMBER})|=(?P<equals>.+))?$")
_WEIGHT = re.compile(rf"weight:(?P<value>.+)=(?P<weight>{_NUMBER})$")
_WORDS = tuple(map(re.compile, (
    r"(?P<kind>history):(?P<word>\w+)$", r"(?P<kind>sound_of):(?P<word>.+)$",
    r"(?P<kind>fewest_rows):(?P<word>[1-9]\d{0,8})$")))
_CHECK = re.compile(r"check:(?P<check>[a-z_]+)(?:=(?P<off>off)"
                    rf"|>(?P<limit>-?{_NUMBER})=(?P<severity>WARN|FAIL))$")
_FLAGS = ("pii", "events", "unseen")


@dataclass(frozen=True)
class FeatureTags:
    """The tags of a feature.

    Attributes:
      words: One word of each kind: `role`, `modality`, `history`, `sound_of`, `fewest_rows`.
      flags: Those of `pii`, `events` and `unseen` that it has.
      labels: Name, threshold and value of each label.
      weights: Weight by the type of event.
      limits: Limit by check and severity.
      treatments: The treatment of personal data, if it has one.
    """

    words: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    labels: list[tuple[str, float | None, str | None]] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    limits: dict[tuple[str, str], float] = field(default_factory=dict)
    treatments: dict[str, Treatment] = field(default_factory=dict)

    @classmethod
    def of(cls, tags: Iterable[str], where: str) -> "FeatureTags":
        """Reads tags.

        Args:
          tags: As the schema has them.
          where: The feature, for messages.

        Raises:
          InputError: One is unknown, or two contradict each other.
        """
        result = cls()
        for tag in tags:
            result._add(tag, where)
        return result

    def _add(self, tag: str, where: str) -> None:
        label, weight, check = (pattern.match(tag) for pattern in (_LABEL, _WEIGHT, _CHECK))
        if check:
            for severity in ("WARN", "FAIL") if check["off"] else (check["severity"],):
                _keep_one(self.limits, (check["check"], severity),
                          float(check["limit"] or "inf"), f"{where}, check")
        elif label:
            threshold = float(label["threshold"]) if label["threshold"] else None
            self.labels.append((label["name"], threshold, label["equals"]))
        elif weight:
            _keep_one(self.weights, weight["value"], float(weight["weight"]), f"{where}, weight")
        elif tag in _FLAGS:
            self.flags.add(tag)
        elif treatment := treatment_of(tag):
            _keep_one(self.treatments, "treatment", treatment, where)
        else:
            _keep_one(self.words, *_word(tag, where), where)


def _word(tag: str, where: str) -> tuple[str, str]:
    """Returns a word and its kind."""
    for pattern in _WORDS:
        if written := pattern.match(tag):
            return written["kind"], written["word"]
    if tag in ROLES:
        return "role", tag
    if tag in MODALITIES:
        return "modality", tag
    raise _unknown_tag(tag, where)


def _keep_one(kinds: dict[Any, Any], kind: Any, value: Any, where: str) -> None:
    if kinds.setdefault(kind, value) != value:
        raise InputError("contradicting-tags",
                         f"{where}: {kind} is both {kinds[kind]!r} and {value!r}. Keep one.")


def _unknown_tag(tag: str, where: str) -> InputError:
    if tag.startswith("weight:"):
        return InputError("bad-weight-tag",
                          f"{where}: the tag {tag!r} is no weight. Write 'weight:VALUE=X', where "
                          "VALUE is a type of event as the column holds it, and X a number such "
                          "as 3 or 0.5.")
    if tag.startswith("label:"):
        return InputError("bad-label-tag",
                          f"{where}: the tag {tag!r} is no label. Write 'label:NAME', "
                          "'label:NAME>=X' with a number such as 4 or -0.5, or "
                          "'label:NAME=VALUE'.")
    if tag.startswith(TAG):
        return InputError("bad-pii-tag",
                          f"{where}: the tag {tag!r} is no treatment of personal data. There are: "
                          f"{', '.join(written_forms())}, where N is a whole number from 1 on.")
    if tag.startswith("check:"):
        return InputError("bad-check-tag",
                          f"{where}: the tag {tag!r} sets no check. Write 'check:NAME>X=WARN', "
                          "'check:NAME>X=FAIL' or 'check:NAME=off'; docs/data-validation.md lists "
                          "the names.")
    return InputError(
        "unknown-tag", f"{where}: unknown tag {tag!r}. Known: {', '.join(known_tags())}.")
