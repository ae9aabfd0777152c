"""docs/schema-tags.md: the tags of schemas, from the table of the code that reads them."""

from schemas.tags import known_tags

_HEAD = """\
# Schema tags

`make docs` writes this page from `schemas/tags.py`; [schemas.md](schemas.md) has an example. A tag
is `annotation { tag: "..." }` of a column. Capitals are a name, a value or a number of yours.

| Tag | Meaning |
|---|---|
"""


def schema_tags_page() -> str:
    """Returns docs/schema-tags.md: what each tag means."""
    return _HEAD + "".join(f"| `{tag}` | {meaning} |\n" for tag, meaning in known_tags().items())
