"""Rows that both runs have, with what they had and have: what a finding is about."""

from dataclasses import dataclass
from typing import Any

from schemas import FeatureSpec
from schemas.values.text import NOT_SHOWN

_MOST = 3
_NOTHING = "–"
Rows = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Example:
    """A row whose value is another one than in the last run.

    Attributes:
      row: Its id; of an event that of its item.
      old: What it had, as a person reads it.
      new: What it has.
    """

    row: str
    old: str
    new: str


def examples(spec: FeatureSpec, today: dict[str, Any], past: dict[str, Any], table: str,
             column: str) -> tuple[Example, ...]:
    """Returns at most three rows whose value changed, those first that changed most.

    Args:
      spec: The dataset's spec.
      today: The profile of this run's data.
      past: That of the last one.
      table: The table.
      column: The column; that of the ids stands for all others.

    Returns:
      Nothing where no row of both runs is kept, or none may be shown.
    """
    name = (spec.role("item_id") if table == "interactions" else spec.id_key(table)).name
    now, then = _shown(today, table), _shown(past, table)
    examples = []
    for key in sorted(now.keys() & then.keys(),
                      key=lambda key: (len(now[key].items() & then[key].items()), key)):
        old, new = (_value(row[key], column, name) for row in (then, now))
        if old != new:
            examples.append(Example(now[key].get(name, NOT_SHOWN), old, new))
    return tuple(examples[:_MOST])


def _shown(profile: dict[str, Any], table: str) -> Rows:
    sample = (profile.get("events", {}).get("pairs", {}) if table == "interactions"
              else profile.get("ids", {}).get(table, {}))
    return sample.get("shown", {})  # which profiles of earlier versions lack


def _value(row: dict[str, str], column: str, name: str) -> str:
    if column == name:
        return ", ".join(value for other, value in row.items() if other != name) or _NOTHING
    return row.get(column, _NOTHING)
