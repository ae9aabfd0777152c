"""Schemas of small datasets, written column by column."""

from collections.abc import Sequence

from schemas import FeatureSpec, parse_spec

Domain = tuple[float | None, float | None] | Sequence[str]


def column(name: str, kind: str, *tags: str, one: bool = False, most: int | None = None,
           count: int | None = None, domain: Domain | None = None, rest: str = "") -> str:
    """Returns one feature of a schema, as protobuf text that ends in a newline.

    Args:
      name: The column's name.
      kind: `"INT"`, `"FLOAT"` or `"BYTES"`.
      tags: Its tags, such as `"numeric"` or `"label:like>=4"`.
      one: Each row has exactly one value.
      most: Each row has 0 to so many values.
      count: Each row has so many values.
      domain: The smallest and the largest number (`None`: no bound), or all texts.
      rest: What else the feature says, as protobuf text.
    """
    parts = [f'name: "{name}" type: {kind}', rest]
    if one:
        parts.append("presence { min_fraction: 1.0 min_count: 1 } shape { dim { size: 1 } }")
    if most is not None or count is not None:
        low, high = (0, most) if count is None else (count, count)
        parts.append(f"value_count {{ min: {low} max: {high} }}")
    if domain is not None and kind == "BYTES":
        values = " ".join(f'value: "{value}"' for value in domain)
        parts.append(f'string_domain {{ name: "{name}" {values} }}')
    elif domain is not None:
        bounds = " ".join(f"{end}: {bound}" for end, bound in zip(("min", "max"), domain,
                                                                  strict=True) if bound is not None)
        parts.append(f"{kind.lower()}_domain {{ {bounds} }}")
    if tags:
        parts.append("annotation { " + " ".join(f'tag: "{tag}"' for tag in tags) + " }")
    return f"feature {{ {' '.join(filter(None, parts))} }}\n"


def history(name: str, of: str, kind: str = "INT", most: int = 3) -> str:
    """Returns a column of a user's past values of a role or of a feature."""
    return column(name, kind, "sequence", f"history:{of}", most=most)


def unseen(name: str, kind: str = "INT", count: int = 2) -> str:
    """Returns a column of items that the user has no event with."""
    return column(name, kind, "unseen", count=count)


def id_columns(user: str = "BYTES who", item: str = "BYTES what", one: bool = False
               ) -> tuple[str, str]:
    """Returns the id columns of users and of items, each given as its type and its name."""
    pairs = ((user.split(), "user_id"), (item.split(), "item_id"))
    return tuple(column(name, kind, role, one=one)  # type: ignore[return-value]
                 for (kind, name), role in pairs)


def small_spec(users: str = "", items: str = "", events: str = "", *, user: str = "BYTES who",
               item: str = "BYTES what", time: str | None = None, one: bool = False,
               name: str = "small") -> FeatureSpec:
    """Returns a dataset's spec: its id columns and what else is in its tables.

    Args:
      users: Further columns of the users, by `column`.
      items: Further columns of the items.
      events: Further columns of the interactions.
      user: Type and name of the users' ids.
      item: Type and name of the items' ids.
      time: Name of the column of times, if there is one.
      one: Whether the schema demands ids and times of each row.
      name: The dataset's name.

    Example:
      >>> spec = small_spec(items=column("price", "FLOAT", "numeric"), time="when")
      >>> [feature.name for feature in spec.features]
      ['who', 'what', 'price', 'who', 'what', 'when']
    """
    who, what = id_columns(user, item, one)
    when = column(time, "INT", "timestamp", one=one) if time else ""
    return parse_spec(name, [who + users, what + items, who + what + when + events])
