"""What a column without a role is to the model: its modality, or why it has none."""

from schemas.inference.column import BYTES, FLOAT, INT, Column, hints_at, names_a_person
from schemas.inference.proposal import Proposal, decide, origin
from schemas.values.numbers import means_yes

_LONG = 3.0  # words of a text, on average
_CLOSED = 12  # most values of a set that is closed
_SEEN = 20  # rows for each value before a set counts as closed
_LENGTHS = (5, 10, 20, 50, 100, 200, 500, 1000)
_DEFINITE = 50  # different whole numbers from which on they are hardly codes


def personal(column: Column, side: str) -> Proposal | None:
    """Proposes `pii` for what looks like personal data.

    Args:
      column: The facts.
      side: Its table; a phone or an address may well describe an item.

    Returns:
      The proposal, or `None`.
    """
    forms = sorted(column.forms & {"mail address", "phone number", "network address"})
    named = (side != "items" and hints_at(column.given, "personal")) or (
        side == "users" and names_a_person(column.given))
    if column.media or not (forms or named):
        return None
    why = f"each value looks like a {forms[0]}" if forms else "its name says so"
    kind = BYTES if forms else column.kind
    return Proposal(column.name, kind, ("pii",), comments=(
        *origin(column),
        decide(f"taken for personal data ({why}): kept out of the model and masked in reports. "
               "Remove the tag, and give a modality, if it is none.")))


def meaning(column: Column, side: str) -> Proposal:
    """Proposes type, modality and domain of a column that plays no role and carries no label.

    Args:
      column: The facts.
      side: Its table.

    Returns:
      The proposal; without a modality where the column says nothing to the model.
    """
    if column.present == 0:
        return _ignored(column, "no value in the rows that were seen.")
    if column.media:
        return _media(column)
    protected = personal(column, side)
    if protected:
        return protected
    if column.distinct == 1 and column.present > 1:
        return _ignored(column, "the same value in every row that has one.")
    if column.listed:
        return _list(column)
    if column.dates:
        return _ignored(column, "dates, which no tower reads; a number such as a year or an age in "
                                "days would be read.")
    if side == "interactions":
        long = column.words >= _LONG
        modality = "numeric" if column.number else "text" if long else "categorical"
        return Proposal(column.name, column.kind, (modality,), comments=(
            *origin(column), "Checked and reported, not read by the model: no role, no label."))
    return _number(column) if column.number else _words(column)


def _media(column: Column) -> Proposal:
    if column.media_fault:
        return _ignored(column, f"looks like {column.media}, but {column.media_fault}. Correct "
                                f'that and add tag: "{column.media}".')
    return Proposal(column.name, BYTES, (str(column.media),), comments=origin(column))


def _ignored(column: Column, why: str) -> Proposal:
    return Proposal(column.name, column.kind, comments=(
        *origin(column), decide(f"not read by the model: {why}")))


def _list(column: Column) -> Proposal:
    longest = next((n for n in _LENGTHS if n >= column.most), column.most)
    comments = [*origin(column), f"Up to {column.most} values in a row were seen."]
    if column.kind == FLOAT:
        comments.append(decide("a list of numbers: no tower reads several in a row; not read."))
        return Proposal(column.name, FLOAT, values=(0, longest), comments=tuple(comments))
    if column.words > 2 * _LONG:
        comments.append(decide("a list of long texts: taken for categories; join them to one text "
                               "to have their words read."))
    return Proposal(column.name, BYTES, ("categorical",), values=(0, longest),
                    comments=tuple(comments))


def _number(column: Column) -> Proposal:
    if hints_at(column.given, "code") and column.whole:
        question = (f"whole numbers, {column.distinct} different: categories by its name; or "
                    "numeric?")
        return Proposal(column.name, BYTES, ("categorical",), usual=_usual(column),
                        comments=(*origin(column), decide(question)))
    if hints_at(column.given, "aggregate"):
        return _ignored(column, "by its name it sums up what the model is to predict (ratings, "
                                "popularity), perhaps from later events than those it learns. "
                                'Add tag: "numeric" if it is known beforehand.')
    low = 0.0 if column.minimum is not None and column.minimum >= 0 else None
    high = 1.0 if column.zero_or_one or (low == 0 and _share(column)) else None
    comments = [*origin(column), f"From {column.minimum:g} to {column.maximum:g}."]
    if column.kind == INT and column.distinct <= _DEFINITE and not column.zero_or_one \
            and not hints_at(column.given, "count"):
        comments.append(decide(f"whole numbers, {column.distinct} different: numeric; or codes, "
                               "then BYTES and categorical?"))
    return Proposal(column.name, column.kind, ("numeric",), usual=_usual(column),
                    domain=(low, high), comments=tuple(comments))


def _share(column: Column) -> bool:
    """Returns whether fractions fill the range from 0 to 1."""
    return (column.kind == FLOAT and not column.whole and column.maximum is not None
            and 0.9 < column.maximum <= 1)


def _words(column: Column) -> Proposal:
    if len(means_yes(column.values)) > 2:
        return Proposal(column.name, INT, ("numeric",), usual=_usual(column), domain=(0, 1),
                        comments=(*origin(column),
                                  f"Read as 0 and 1: {', '.join(column.values)}."))
    if column.forms & {"url"}:
        return _ignored(column, "addresses of pages.")
    text = column.words >= _LONG and (column.seldom_repeats or column.words >= 3 * _LONG)
    spoken = hints_at(column.given, "text") and column.seldom_repeats
    if text or spoken:
        return Proposal(column.name, BYTES, ("text",), usual=_usual(column),
                        comments=origin(column))
    comments = origin(column)
    if column.seldom_repeats and column.present > _SEEN:
        if column.words < 1.5:
            return _ignored(column, f"{column.distinct} different values in {column.present} rows, "
                                    "one word each, such as codes.")
        question = f"{column.words:.1f} words, seldom twice the same: text, or categorical?"
        return Proposal(column.name, BYTES, ("text",), usual=_usual(column),
                        comments=(*comments, decide(question)))
    closed = _closed(column)
    if closed:
        comments += (f"Every value that was seen; a run stops at another one. "
                     f"Remove string_domain if more than these {len(closed)} are right.",)
    return Proposal(column.name, BYTES, ("categorical",), usual=_usual(column), strings=closed,
                    comments=comments)


def _closed(column: Column) -> tuple[str, ...]:
    small = 1 < len(column.values) <= _CLOSED and column.present >= _SEEN * len(column.values)
    return column.values if column.complete and small else ()


def _usual(column: Column) -> bool:
    """Returns whether a missing value would be news: the whole table was seen and has none."""
    return column.complete and column.present == column.rows >= _SEEN
