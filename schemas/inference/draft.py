"""From the columns of up to three tables to the proposal of three schemas."""

import re
from dataclasses import dataclass

from schemas.inference import labels, roles
from schemas.inference.column import BYTES, HISTORY_COLUMNS, INT, Column, hints_at, unused
from schemas.inference.meaning import meaning
from schemas.inference.proposal import Proposal, decide, origin

_HISTORY = (0, 50)
_ADD = ('Add tag: "{}" to one of them and give the same command with --force: such tags are kept, '
        "and histories and numbers of events follow.")
_SOUGHT = {
    "users": "an id of users: one short value a row that no other row has",
    "items": "an id of items: one short value a row that no other row has",
}


@dataclass(frozen=True)
class Draft:
    """Proposed schemas.

    Attributes:
      features: The features of each table.
      headings: Comments above each table.
      missing: Roles that no column was found for, a sentence each.
      timed: The interactions have a time.
      labels: Names of the labels.
    """

    features: dict[str, list[Proposal]]
    headings: dict[str, list[str]]
    missing: tuple[str, ...]
    timed: bool
    labels: tuple[str, ...]


def draft(tables: dict[str, list[Column]], tagged: roles.Tagged | None = None) -> Draft:
    """Proposes the schemas of a user's tables.

    Args:
      tables: The columns of the interactions, and of users and items where there are such tables.
      tagged: The columns that play a role because a person has said so.

    Returns:
      Proposals for all three tables. A table that the user lacks gets its id alone, if the
      interactions have it.
    """
    tags = tagged or {}
    ids = roles.find_ids(tables, tags)
    kinds = {role: _id_kind([choice.column for (_, r), choice in ids.items() if r == role])
             for role in roles.KEYS.values()}
    time = _tagged(tables, tags, "timestamp") or roles.find_time(
        tables["interactions"],
        [f.column for (side, _), f in ids.items() if side == "interactions"])
    features: dict[str, list[Proposal]] = {}
    headings: dict[str, list[str]] = {}
    for side, role in roles.KEYS.items():
        features[side] = _table(tables.get(side), side, role, ids, kinds[role], time is not None)
        headings[side] = [] if side in tables else [
            f"There is no table of {side}: they are those that the interactions name."]
    features["interactions"], names = _interactions(
        tables["interactions"], ids, kinds, time, _tagged(tables, tags, "event_type"))
    headings["interactions"] = [] if time else [
        "No column holds the time of an event (seconds or milliseconds since 1970, or ISO 8601): "
        "no histories, and a run needs `split: random`.",
        *_nearly_times(tables["interactions"])]
    missing = _missing(tables, ids)
    if time and missing:
        headings["interactions"].append(
            "Histories and numbers of events are drafted when the ids are known.")
    for side in headings:
        headings[side] += [decide(text) for text in missing if f"Table {side}:" in text]
    return Draft(features, headings, missing, time is not None, names)


def _tagged(tables: dict[str, list[Column]], tags: roles.Tagged, role: str) -> roles.Choice | None:
    column = roles.find_tagged(tables["interactions"], tags, "interactions", role)
    return roles.Choice(column) if column else None


def _id_kind(columns: list[Column]) -> str:
    return INT if columns and all(c.number for c in columns) else BYTES


def _table(columns: list[Column] | None, side: str, role: str,
           ids: dict[tuple[str, str], roles.Choice], kind: str, timed: bool) -> list[Proposal]:
    """Proposes the users or the items."""
    choice = ids.get((side if columns is not None else "interactions", role))
    if columns is None:
        if choice is None:
            return []
        # Comments on the column are in the interactions.
        proposals = [Proposal(choice.column.name, kind, (role,), required=True)]
    else:
        proposals = [
            _identity(choice, role, kind) if choice and column is choice.column
            else meaning(column, side) for column in columns
        ]
        proposals.sort(key=lambda p: role not in p.tags)
    if choice and timed:
        base = re.sub("_?(id|ID|Id)$", "", choice.column.name) or side.removesuffix("s")
        name = unused(f"{base}_events", {p.name for p in proposals})
        proposals.append(Proposal(name, INT, ("events",), domain=(0, None), comments=(
            "Built at ingest: number of training events, for slices.",)))
    return proposals


def _identity(choice: roles.Choice, role: str, kind: str) -> Proposal:
    column = choice.column
    files = (f"Its values are names of files as well ({column.media}). To have those read, add a "
             f'column and say in the configuration what it is made of: "{{{column.given}}}".',
             ) if column.media else ()
    return Proposal(column.name, kind, (role,), required=True, comments=(
        *origin(column), *files, *map(decide, choice.questions)))


def _interactions(
    columns: list[Column], ids: dict[tuple[str, str], roles.Choice], kinds: dict[str, str],
    time: roles.Choice | None, kind_of_event: roles.Choice | None,
) -> tuple[list[Proposal], tuple[str, ...]]:
    choices = {role: ids["interactions", role] for role in kinds if ("interactions", role) in ids}
    first = [_identity(what, role, kinds[role]) for role, what in choices.items()]
    taken = [what.column for what in choices.values()]
    if time:
        comments = (*origin(time.column), *map(decide, time.questions))
        first.append(Proposal(time.column.name, INT, ("timestamp",), required=True,
                              comments=comments))
        taken.append(time.column)
    event = kind_of_event or roles.find_event_type(columns, taken)
    if event:
        first.append(_event_type(event))
        taken.append(event.column)
    rest = [column for column in columns if column not in taken]
    rated, proposals = _rest(rest, event is not None)
    names = tuple(re.split(">=|=", tag.removeprefix("label:"))[0]
                  for p in proposals for tag in p.tags if tag.startswith("label:"))
    proposals = first + proposals
    used = {p.name for p in proposals}
    item = choices.get("item_id")
    if time and item:
        proposals += _histories(kinds["item_id"], rated, event, used)
    if item and not names:
        proposals.append(Proposal(
            unused("unseen_items", used), kinds["item_id"], ("unseen",), values=(2, 2), comments=(
                "Built at ingest: items that the user has no event with. Nothing here is rated or "
                "0 or 1, so that the head `click` learns from them what is not chosen.",)))
    return proposals, names


def _rest(columns: list[Column], typed: bool) -> tuple[Proposal | None, list[Proposal]]:
    """Proposes labels, and what is no label; returns the rating apart as well."""
    ratings = labels.find_ratings(columns, typed)
    names: set[str] = {"rating"} if ratings else set()
    flags = {c.name: labels.binary(c, names) for c in sorted(
        columns, key=lambda c: not hints_at(c.given, "like")) if c not in ratings[:1]}
    rated = labels.rating(ratings[0], ratings[1:], "like" in names) if ratings else None
    proposals = []
    for column in columns:
        if ratings and column is ratings[0] and rated:
            proposals.append(rated)
        else:
            proposals.append(flags.get(column.name) or meaning(column, "interactions"))
    return rated, proposals


def _event_type(choice: roles.Choice) -> Proposal:
    column = choice.column
    types = [value for value in column.values if "\n" not in value]
    example = max(types, key=lambda value: "urchase" in value or "buy" in value, default="VALUE")
    return Proposal(
        column.name, BYTES, ("event_type", *(f"weight:{value}=1" for value in types)),
        required=True, comments=(
            *origin(column), *map(decide, choice.questions),
            decide("how much does an event of each type count in training? All count once so far."),
            f'To learn one type as a task of its own, add tag: "label:NAME={example}".',
        ))


def _histories(item_kind: str, rated: Proposal | None, event: roles.Choice | None,
               used: set[str]) -> list[Proposal]:
    """Proposes the columns of what a user did before."""
    columns = [(HISTORY_COLUMNS["item_id"], item_kind, "item_id"),
               (HISTORY_COLUMNS["timestamp"], INT, "timestamp")]
    if rated:
        columns.append((f"history_{rated.name}", rated.kind, rated.name))
    if event:
        columns.append((f"history_{event.column.name}", BYTES, "event_type"))
    return [
        Proposal(unused(name, used), kind, ("sequence", f"history:{what}"), values=_HISTORY,
                 comments=() if place else ("Built at ingest: what the user did before.",))
        for place, (name, kind, what) in enumerate(columns)
    ]


def _nearly_times(columns: list[Column]) -> list[str]:
    named = [c.given for c in columns if hints_at(c.given, "time") and not c.moments]
    return [decide(f"is {' or '.join(named)} the time? Its values are none that can be read.")
            ] if named else []


def _missing(tables: dict[str, list[Column]],
             ids: dict[tuple[str, str], roles.Choice]) -> tuple[str, ...]:
    """Returns a sentence for each role that no column was found for."""
    faults = []
    for side, role in roles.KEYS.items():
        if ("interactions", role) not in ids:
            faults.append(
                f"Table interactions: no column was found for the role {role}: a short value in "
                f"every row that is in the table of {side}, or is called like one. It has: "
                f"{_names(tables['interactions'])}. {_ADD.format(role)}")
        if side in tables and (side, role) not in ids:
            faults.append(
                f"Table {side}: no column was found for the role {role}: {_SOUGHT[side]}. It has: "
                f"{_names(tables[side])}. {_ADD.format(role)}")
    return tuple(faults)


def _names(columns: list[Column]) -> str:
    return ", ".join(column.given.strip() for column in columns)
