"""Which columns are the ids, the time and the type of event.

Values come first: an id of the interactions is found again in the users or items table, once
a row. Dense numbers overlap by chance (users 1 to 943 are also items 1 to 943), so how
much of the table occurs and what the columns are called break such ties.
"""

import itertools
import re
from dataclasses import dataclass

from schemas.inference.column import (
    BYTES,
    Column,
    can_identify,
    hints_at,
    role_hint,
    suggests_identity,
)

KEYS = {"users": "user_id", "items": "item_id"}
_TRIED = 8  # best pairs of columns for each table that are tried together
_MOST_TYPES = 20
_EVENT = re.compile(
    r"(page_?)?views?|viewed|click(ed)?|pv|buy|bought|cart|fav|add_?to_?cart|add|remove(_from_cart)?"
    r"|purchased?|order(ed)?|like[ds]?|dislike[ds]?|play(ed)?|listen(ed)?|watch(ed)?|skip(ped)?"
    r"|share[ds]?|save[ds]?|rate[ds]?|wishlist|impression|transaction|download(ed)?|read|detail"
    r"|search|checkout|return(ed)?|浏览|点击|购买|收藏|加购", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """A column that plays a role, and what a person should decide about it."""

    column: Column
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Pair:
    """A table's key, the interactions' column that holds its values, and how well they agree."""

    key: Column
    column: Column
    shared: float
    score: float


Tables = dict[str, list[Column]]
# Which column plays a role, by side and role, where a person has said so.
Tagged = dict[tuple[str, str], str]


def find_ids(tables: Tables, tagged: Tagged | None = None) -> dict[tuple[str, str], Choice]:
    """Finds the ids of users and items in every table.

    Args:
      tables: Columns by side; users and items may be absent.
      tagged: What a person has said, which is not asked again.

    Returns:
      The columns found, by side and role; one that cannot be found has no entry.
    """
    events, tags = tables["interactions"], tagged or {}
    choices: list[list[_Pair | None]] = []
    for side, role in KEYS.items():
        pairs = _pairs(tables.get(side, []), events, role)
        chosen = find_tagged(events, tags, "interactions", role)
        if chosen is None:
            choices.append([*pairs[:_TRIED], *_by_name(events, role), None])
        else:
            known = [pair for pair in pairs if pair.column is chosen]
            choices.append([*known[:1]] or [_Pair(chosen, chosen, 0.0, 1.0)])
    best: tuple[_Pair | None, _Pair | None] = (None, None)
    most = -1.0
    for user, item in itertools.product(*choices):
        if user and item and user.column is item.column:
            continue
        score = sum(pair.score for pair in (user, item) if pair)
        if score > most:
            best, most = (user, item), score
    keys: dict[tuple[str, str], Choice] = {}
    for (side, role), pair in zip(KEYS.items(), best, strict=True):
        if pair and find_tagged(events, tags, "interactions", role):
            keys["interactions", role] = Choice(
                pair.column, (*_gaps(pair.column), *_mail(pair.column)))
        elif pair:
            keys["interactions", role] = _event_id(pair, events, role, side in tables)
        table = tables.get(side, [])
        if column := find_tagged(table, tags, side, role):
            keys[side, role] = Choice(column, (*_twice(column), *_gaps(column), *_mail(column)))
        elif key := _key(table, pair, role):
            keys[side, role] = key
    return keys


def find_tagged(columns: list[Column], tagged: Tagged, side: str, role: str) -> Column | None:
    """Returns the column that a person has given a role, if it is there."""
    return next((c for c in columns if c.name == tagged.get((side, role))), None)


def _pairs(table: list[Column], events: list[Column], role: str) -> list[_Pair]:
    pairs = []
    for key, column in itertools.product(table, events):
        if not (can_identify(key) and can_identify(column) and _differs(key)):
            continue
        both = len(key.keys & column.keys)
        shared = both / len(column.keys)
        # Two samples of large tables meet seldom; whole tables must. Small numbers, such as
        # quantities, are ids of something by chance; then little of that table occurs.
        whole = key.complete and column.complete
        hint = _hint(column, role)
        overlaps = both >= (0.1 if whole else 0.01) * len(key.keys) or hint > 0
        if both and overlaps and shared >= (0.5 if whole else 0.01):
            names = _hint(key, role) + 2 * hint
            score = 2 + shared + both / len(key.keys) + names / 2 - 0.5 * (not _plain(column))
            pairs.append(_Pair(key, column, shared, score))
    return sorted(pairs, key=lambda pair: -pair.score)


def _by_name(events: list[Column], role: str) -> list[_Pair]:
    """Returns columns that are called like the role and look like ids."""
    return [
        _Pair(column, column, 0.0, 1.0) for column in events
        if _hint(column, role) == 1.0 and suggests_identity(column)
        and column.distinct > 1
    ]


def _hint(column: Column, role: str) -> float:
    return max(role_hint(column.given, role), role_hint(column.name, role))


def _plain(column: Column) -> bool:
    """Returns whether a column is more likely an id than a text or a picture of the same rows."""
    return suggests_identity(column) and not column.media


def _unique(column: Column) -> bool:
    return suggests_identity(column) and _differs(column)


def _differs(column: Column) -> bool:
    return column.distinct >= 0.9 * column.present > 0


def _event_id(pair: _Pair, events: list[Column], role: str, has_table: bool) -> Choice:
    column, questions = pair.column, []
    others = [c.given for c in events if c is not column
              and _hint(c, role) == 1.0 and suggests_identity(c)]
    if others:
        questions.append(f"{' and '.join(others)} may be the {role} as well; keep one.")
    if pair.shared == 0:
        questions.append(f"taken for the {role} by its name and its "
                         f"{column.distinct} different values in {column.present} rows; is it?")
        if has_table:
            questions.append("none of its values is in the table that should explain it.")
    elif pair.shared < 0.99 and pair.key.complete and column.complete:
        questions.append(f"{1 - pair.shared:.0%} of its values have no row in their table; "
                         "such rows are quarantined.")
    return Choice(column, (*questions, *_gaps(column), *_mail(column)))


def _key(table: list[Column], pair: _Pair | None, role: str) -> Choice | None:
    if pair and pair.key is not pair.column:
        return Choice(pair.key, (*_twice(pair.key), *_gaps(pair.key), *_mail(pair.key)))
    named = [c for c in table if _unique(c)
             and (_hint(c, role) == 1.0 or c.given.strip().lower() == "id")]
    if not named:
        return None
    question = (f"taken for the {role} by its name, and because it differs in every row; no id of "
                "the interactions is among its values. Is it?")
    return Choice(named[0], (question, *_twice(named[0]), *_gaps(named[0])))


def _twice(column: Column) -> list[str]:
    double = column.present - column.distinct
    return [f"{double} rows repeat an id; the first of each is kept."] if double else []


def _gaps(column: Column) -> list[str]:
    without = column.rows - column.present
    note = f"{without} of {column.rows} rows have no value and are quarantined."
    return [note] if without else []


def _mail(column: Column) -> list[str]:
    forms = sorted(column.forms & {"mail address", "phone number"})
    return [f"its values are personal ({', '.join(forms)}), and ids are stored in the model: "
            "replace them by pseudonyms?"] if forms else []


def find_time(events: list[Column], ids: list[Column]) -> Choice | None:
    """Finds the time of the events.

    Args:
      events: Columns of the interactions.
      ids: Those that are taken.

    Returns:
      The column, or `None` where no column holds moments in (almost) every row.
    """
    fit = [c for c in events
           if c not in ids and c.moments and not c.listed and c.present >= 0.9 * c.rows
           and (c.dates or c.distinct > 1)]
    fit.sort(key=lambda c: (not hints_at(c.given, "time"), not c.dates, c.rows - c.present))
    if not fit:
        return None
    column, questions = fit[0], []
    if len(fit) > 1:
        others = ", ".join(c.given for c in fit[1:])
        questions.append(f"{others} would do as the time as well; is this when it happened?")
    elif not column.dates and not hints_at(column.given, "time"):
        questions.append("whole numbers that look like seconds or milliseconds since 1970; is it "
                         "the time?")
    return Choice(column, (*questions, *_gaps(column)))


def find_event_type(events: list[Column], taken: list[Column]) -> Choice | None:
    """Finds the column that says what kind of event a row is.

    Args:
      events: Columns of the interactions.
      taken: Those that play another role.

    Returns:
      The column, or `None`: values must be few texts in every row that repeat, and either known
      words (view, purchase) or under a name such as event or action.
    """
    for column in events:
        small = (column.kind == BYTES and 1 < len(column.values) <= _MOST_TYPES
                 and column.distinct < column.present == column.rows and not column.listed)
        if column in taken or not small or column.dates or column.media:
            continue
        known = sum(bool(_EVENT.fullmatch(value.strip())) for value in column.values)
        if 2 * known >= len(column.values):
            return Choice(column)
        if hints_at(column.given, "event") and column.parts <= 2:
            return Choice(column, ("taken for the type of event by its name and its few values; is "
                                  "it?",))
    return None
