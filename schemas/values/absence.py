"""How files say that a value is not there, where they do not leave it empty."""

# MySQL's and PostgreSQL's mark in text files; nothing else is written like it.
SQL_NULL = "\\N"
_WORDS = frozenset((
    "", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "(null)", "<null>", "none",
    "nil", "-", "--", "?", ".", SQL_NULL.lower()))
_LONGEST = max(map(len, _WORDS))


def is_absent(value: object) -> bool:
    """Tells whether a value says that there is none, in a column where it can be nothing else.

    Args:
      value: A text or a number. In a column of free texts `None` or `-` may be a value.

    Returns:
      Whether it is NaN, or a text that is empty or such a word in upper or lower case.
    """
    if isinstance(value, str):
        text = value.strip()
        return len(text) <= _LONGEST and text.lower() in _WORDS
    return value != value  # true of NaN alone
