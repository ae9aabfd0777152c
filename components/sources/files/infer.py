"""A first draft of the schemas of a user's own files.

TensorFlow Data Validation says what the columns are (types, presence, known values); what the
values look like and what the columns are called says what they mean. A person reads the draft:
each guess carries a comment, and what cannot be guessed is asked for.
"""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.catalog_gen.times import to_seconds
from components.sources.files.options import FileOptions
from components.sources.files.readers import FORMATS
from schemas import SIDES, InputError

_SAMPLE = 10_000
_IMAGE = re.compile(r".+\.(png|jpe?g|gif|bmp)$", re.IGNORECASE)
_SOUND = re.compile(r".+\.(wav|flac|ogg|mp3)$", re.IGNORECASE)
_LONG_TEXT = 4  # words, on average
_FEW = 0.2  # distinct values a row, at most, for a category
_TIME_NAMES = re.compile(r"(^|_)(time|timestamp|date|at|ts|when)(_|$)", re.IGNORECASE)
_PERSONAL = re.compile(r"mail|phone|address|zip|postcode|first_?name|last_?name|birth", re.IGNORECASE)
_ID_NAMES = {
    "user_id": re.compile(r"user|customer|member|visitor|account", re.IGNORECASE),
    "item_id": re.compile(r"item|product|movie|track|article|sku|song", re.IGNORECASE),
}
_RATING = re.compile(r"rating|stars|score", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One column of a sample.

    Attributes:
      name: Its name in the file.
      values: The values that are there.
      rows: Rows of the sample, those without a value included.
    """

    name: str
    values: list[Any]
    rows: int

    @property
    def numbers(self) -> list[float] | None:
        """The values as numbers, `None` where one is none."""
        try:
            return [float(value) for value in self.values]
        except (TypeError, ValueError):
            return None

    @property
    def distinct(self) -> int:
        """Number of different values."""
        return len({str(value) for value in self.values})

    def all_match(self, pattern: re.Pattern) -> bool:
        """Tells whether all values are texts of a form."""
        return bool(self.values) and all(
            isinstance(v, str) and pattern.fullmatch(v) for v in self.values
        )


def infer_schemas(folder: Path, file_format: str, options: FileOptions) -> dict[str, str]:
    """Drafts the schemas of a user's tables.

    Args:
      folder: The data's folder.
      file_format: `"csv"`, `"parquet"` or `"jsonl"`.
      options: What is where; columns need not be mapped.

    Returns:
      The draft of each table that is there, as protobuf text with comments.

    Raises:
      InputError: A table's files are missing or empty.
    """
    drafts = {}
    for side in SIDES:
        table = options.table(side)
        if table is not None:
            columns = _sample(folder, file_format, options, table.files, side)
            drafts[side] = _draft(columns, side)
    return drafts


def _sample(folder: Path, file_format: str, options: FileOptions, patterns: Iterable[str],
            side: str) -> list[Column]:
    paths = [p for pattern in patterns for p in sorted(folder.glob(pattern))]
    if not paths:
        raise InputError(f"source.{side}.files matches no file in {folder}.")
    names, rows = FORMATS[file_format]
    header = names(paths[0], options)
    found = list(itertools.islice((row for _, row, _ in rows(paths[0], options) if row), _SAMPLE))
    if not found:
        raise InputError(f"File {paths[0]} has no rows below its header; there is nothing to see.")
    return [
        Column(n, [r[n] for r in found if r.get(n) not in (None, "")], len(found)) for n in header
    ]


def _draft(columns: list[Column], side: str) -> str:
    lines = [f"# Draft of the table of {side}: read every comment, then remove it."]
    taken: set[str] = set()
    for column in columns:
        feature, comments = _feature(column, side, taken)
        lines += [f"# {column.name}: {comment}" for comment in comments]
        body = text_format.MessageToString(feature, as_one_line=True)
        lines.append(f"feature {{ {body} }}")
    for role in _needed(side) - taken:
        lines.append(f'# MISSING: no column looks like the role {role}; add tag: "{role}" to one.')
    return "\n".join(lines) + "\n"


def _needed(side: str) -> set[str]:
    return {"users": {"user_id"}, "items": {"item_id"},
            "interactions": {"user_id", "item_id", "timestamp"}}[side]


def _feature(column: Column, side: str, taken: set[str]) -> tuple[schema_pb2.Feature, list[str]]:
    numbers = column.numbers
    whole = numbers is not None and all(n == int(n) for n in numbers if abs(n) < 2**63)
    kind = schema_pb2.BYTES if numbers is None else schema_pb2.INT if whole else schema_pb2.FLOAT
    feature = schema_pb2.Feature(name=column.name, type=kind)
    comments: list[str] = []
    role = _role(column, side, taken)
    if role:
        taken.add(role)
        feature.annotation.tag.append(role)
        feature.presence.min_fraction = 1.0
        if role == "timestamp":
            feature.type = schema_pb2.INT
        comments.append(f"taken for the {role}")
        return feature, comments
    if not column.values:
        return feature, ["no value in the sample: give it a type and a modality, or remove it"]
    if _PERSONAL.search(column.name):
        feature.annotation.tag.append("pii")
        return feature, ["looks like personal data: kept out of the model and of reports"]
    if side == "interactions" and numbers is not None and _RATING.search(column.name):
        feature.type = schema_pb2.FLOAT
        feature.float_domain.min, feature.float_domain.max = min(numbers), max(numbers)
        middle = (min(numbers) + 2 * max(numbers)) / 3
        feature.annotation.tag.extend(["label:rating", f"label:like>={middle:.4g}"])
        return feature, ["taken for a rating; check its scale and from where on it is a like"]
    modality, why = _modality(column, numbers)
    feature.annotation.tag.append(modality)
    if modality == "image":
        feature.image_domain.SetInParent()
    return feature, [*comments, why]


def _role(column: Column, side: str, taken: set[str]) -> str | None:
    full = len(column.values) == column.rows
    for role, pattern in _ID_NAMES.items():
        own = {"users": "user_id", "items": "item_id"}.get(side, role)
        unique = side == "interactions" or column.distinct == column.rows
        named = pattern.search(column.name) or (side != "interactions" and column.name == "id")
        if role == own and role not in taken and full and unique and named:
            return role
    times = full and side == "interactions" and "timestamp" not in taken
    if times and _TIME_NAMES.search(column.name):
        seconds = [to_seconds(value) for value in column.values]
        if all(second is not None for second in seconds):
            return "timestamp"
    return None


def _modality(column: Column, numbers: list[float] | None) -> tuple[str, str]:
    if column.all_match(_IMAGE):
        return "image", "paths of pictures"
    if column.all_match(_SOUND):
        return "audio", "paths of sounds"
    if numbers is not None:
        return "numeric", "numbers; make it categorical where they are codes"
    words = sum(len(str(value).split()) for value in column.values) / len(column.values)
    if words >= _LONG_TEXT or column.distinct > _FEW * len(column.values):
        return "text", f"{words:.1f} words on average"
    return "categorical", f"{column.distinct} different values"
