"""Random tables and broken files through the real ingest: nothing is lost, nothing is raised raw.

Every case ends in exact counts, or in one of our errors with a message.
"""

import csv
import gzip
import io
import json
import math
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingested import Ingested, run_ingest
from PIL import Image
from worlds import column, history, own_source, small_spec

from schemas import SIDES, TesseraError

QUICK, THOROUGH = 12, 500  # cases in `make test` and in `make test-full`

SPEC = small_spec(
    column("age", "INT", "numeric", domain=(0, 120)),
    column("title", "BYTES", "text") + column("tags", "BYTES", "categorical", most=3)
    + column("photo", "BYTES", "image"),
    column("stars", "FLOAT", "label:rating", domain=(1, 5)) + history("past", "item_id", "BYTES"),
    time="when")
KEYS = {"users": "who", "items": "what"}
COLUMNS = {side: [f.name for f in SPEC.table(side) if not f.derived] for side in SIDES}

# What may stand in a column instead of a good value, and whether that costs the row.
ODD: dict[str, list[tuple[str, Any, bool]]] = {
    "users": [("who", None, True), ("who", " ", True), ("age", "old", False), ("age", 300, False),
              ("age", 10**30, False), ("age", None, False), ("age", "3,5", False)],
    "items": [("what", None, True), ("what", "", True), ("title", 'a "quoted"\nline, ...', False),
              ("title", "七人の侍", False), ("title", "x" * 5000, False),
              ("tags", "a|b|c|d", False), *(("photo", path, False) for path in (
                  "gone.png", "../photo.png", "/etc/passwd", "a\0b", "bad.png", ".", "y" * 300))],
    "interactions": [
        ("who", None, True), ("who", "  ", True), ("what", None, True), ("when", None, True),
        ("when", "yesterday", True), ("when", "nan", True), ("when", 10**19, True),
        ("when", "2024-05-01T12:00:00+02:00", False), ("when", 1_714_564_800_123, False),
        ("stars", 0, True), ("stars", 9.5, True), ("stars", math.nan, True), ("stars", None, False),
        ("stars", -math.inf, True), ("stars", "good", True), ("stars", "3,5", True),
    ],
}
# What befalls a whole file. Behind the first four, all rows are still there.
KNOWABLE = ("nothing", "byte-order mark", "swapped columns", "compressed")
# These leave a text whose lines can be counted.
IN_PLACE = ("cut", "flipped bits", "lost bytes", "another delimiter", "lines broken")
DAMAGE = (*KNOWABLE, *IN_PLACE, "another encoding", "empty", "cut while compressed",
          "flipped while compressed")


@dataclass(frozen=True)
class Case:
    """Three tables and what befalls the file of one of them."""

    file_format: str
    tables: dict[str, list[dict[str, Any]]]  # a table that the user does not have is no key
    bad: dict[str, list[bool]]  # whether a row's own values cost it
    side: str
    damage: str
    places: tuple[float, ...]  # as shares of the file's length


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draws a case; shrunk, it is small tables without damage."""
    users = [f"user {n}" for n in range(draw(st.integers(1, 4)))]
    items = list(range(draw(st.integers(1, 4))))
    known = {"who": st.sampled_from([*users, "nobody"]), "what": st.sampled_from([*items, 99])}
    good: dict[str, list[dict[str, Any]]] = {
        "users": [{"who": user, "age": 20 + n} for n, user in enumerate(users)],
        "items": [{"what": item, "title": f"Title {item}", "tags": "a|b", "photo": "photo.png"}
                  for item in items],
        "interactions": [
            {"who": draw(known["who"]), "what": draw(known["what"]), "when": 1_700_000_000 + n,
             "stars": 1 + n % 5} for n in range(draw(st.integers(1, 12)))],
    }
    absent = draw(st.sampled_from([(), ("users",), ("items",), ("users", "items")]))
    tables, bad = {}, {}
    for side in (side for side in SIDES if side not in absent):
        rows = [(dict(row), False) for row in good[side]]
        for _ in range(draw(st.integers(0, 3))):
            place = draw(st.integers(0, len(rows) - 1))
            if draw(st.booleans()):
                rows.append((dict(rows[place][0]), rows[place][1]))  # a second row of one id
                continue
            column, value, costs = draw(st.sampled_from(ODD[side]))
            row, was_bad = rows[place]
            rows[place] = (row | {column: value}, was_bad or costs)
        tables[side] = [row for row, _ in rows]
        bad[side] = [costs for _, costs in rows]
    return Case(
        draw(st.sampled_from(["csv", "jsonl", "parquet"])), tables, bad,
        draw(st.sampled_from(sorted(tables))), draw(st.sampled_from(DAMAGE)),
        tuple(draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=4))))


def encoded(rows: list[dict[str, Any]], columns: list[str], file_format: str) -> bytes:
    """Returns the rows as a good file, whatever their values."""
    if file_format == "jsonl":
        return "".join(json.dumps({name: row[name] for name in columns}) + "\n"
                       for row in rows).encode()
    if file_format == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([columns, *([row[name] for name in columns] for row in rows)])
        return out.getvalue().encode()
    table = {}
    for name in columns:
        values = [row[name] for row in rows]
        try:
            table[name] = pyarrow.array(values)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
            table[name] = pyarrow.array([v if v is None else str(v) for v in values])
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(table), file, row_group_size=3)
    return file.getvalue()


def flipped(data: bytes, places: tuple[float, ...]) -> bytes:
    changed = bytearray(data)
    for place in places if data else ():
        changed[int(place * len(data))] ^= 1 << int(place * 8000) % 8
    return bytes(changed)


def damaged(data: bytes, damage: str, places: tuple[float, ...]) -> bytes:
    """Returns a file's bytes after what befell it."""
    cut = int(places[0] * len(data))
    match damage:
        case "byte-order mark":
            return b"\xef\xbb\xbf" + data
        case "cut":
            return data[:cut]
        case "flipped bits":
            return flipped(data, places)
        case "lost bytes":
            return data[:cut] + data[cut + 7:]
        case "another delimiter":
            return data.replace(b",", b";")
        case "another encoding":
            return data.decode("utf-8", "replace").encode("utf-16")
        case "empty":
            return b""
        case "lines broken":
            broken = [b"\n", b'"', b",,,,,,\n", b"\0", b"\xff\xfe", b"\r", b"[1]\n", b"{\n"]
            for number, place in enumerate(places):
                cut = int(place * len(data))
                data = data[:cut] + broken[(cut + number) % len(broken)] + data[cut:]
    return data


def lines(data: bytes, file_format: str) -> int | None:
    """Counts the rows of a damaged text, `None` where a quote may join some of them."""
    result = re.split(rb"\r\n|\r|\n", data)
    if file_format == "jsonl":
        return sum(bool(line.decode(errors="surrogateescape").strip()) for line in result)
    return None if b'"' in data else sum(map(bool, result)) - 1


def write(case: Case, folder: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Writes a case's files.

    Returns:
      The options that read them, and the number of rows in each table's file where it is known.
    """
    media = folder / "media"
    media.mkdir(parents=True)
    Image.new("L", (2, 2)).save(media / "photo.png")
    (media / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    options: dict[str, Any] = {"media_dir": "media"}
    written = {}
    for side, rows in case.tables.items():
        columns, name = COLUMNS[side], f"{side}.{case.file_format}"
        damage = case.damage if side == case.side else "nothing"
        if case.file_format == "parquet" and damage in ("byte-order mark", "compressed"):
            damage = "nothing"  # these are a text's
        if damage == "swapped columns":
            rows = [dict(zip(columns, [*list(row.values())[1:], row[columns[0]]], strict=True))
                    for row in rows]
        data = damaged(encoded(rows, columns, case.file_format), damage, case.places)
        number = len(rows) if damage in KNOWABLE else None
        if case.file_format != "parquet" and damage in IN_PLACE:
            number = lines(data, case.file_format)
        if number is not None:
            written[side] = number
        if "compressed" in damage and case.file_format != "parquet":
            data = gzip.compress(data)
            name += ".gz"
            if damage != "compressed":
                data = damaged(data, {"cut": "cut", "fli": "flipped bits"}[damage[:3]], case.places)
        (folder / name).write_bytes(data)
        options[side] = {"files": name}
    return options, written


def check(case: Case) -> None:
    """Ingests a case; the counts are exact, or the error is one of ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options, written = write(case, folder)
        whole = case.damage in KNOWABLE
        try:
            source = own_source(folder, case.file_format, SPEC, **options)
            result = run_ingest(source, SPEC, folder / "out")
        except TesseraError as error:
            assert len(str(error)) > 20 and "Traceback" not in str(error)
            assert not whole, f"a whole file was refused: {error}"
            return
        check_counts(result)
        for side, number in written.items():
            assert result.counts[side]["read"] == number, side
        if case.damage in KNOWABLE and case.damage != "swapped columns":
            check_kept(case, result)


def check_counts(result: Ingested) -> None:
    """What was read is in the Examples or in the quarantine."""
    for side in SIDES:
        counts = result.counts[side]
        left = [fault for fault in result.faults if fault["table"] == side]
        assert counts["read"] == counts["kept"] + counts["quarantined"]
        assert counts["kept"] == result.kept(side)
        assert counts["quarantined"] == sum(fault["kind"] == "row" for fault in left)
        assert all(fault["reason"] and fault["line"] > 0 for fault in left)
    splits = {name: len(rows) for name, rows in result.examples.items()}
    for split, number in result.counts["splits"].items():
        assert number == splits[f"interactions/Split-{split}"]


def check_kept(case: Case, result: Ingested) -> None:
    """Which rows are kept, worked out from what was written."""
    ids: dict[str, set[Any]] = {}
    for side, key in KEYS.items():
        if side in case.tables:
            ids[side] = {row[key] for row in good_rows(case, side)}
            assert result.counts[side]["kept"] == len(ids[side])
    good = [row for row in good_rows(case, "interactions")
            if all(row[KEYS[side]] in known for side, known in ids.items())]
    events = {(row["who"], row["what"], row["when"]) for row in good}
    assert result.counts["interactions"]["kept"] == len(events)


def good_rows(case: Case, side: str) -> list[dict[str, Any]]:
    """Returns the rows of a table whose own values do not cost them."""
    return [row for row, bad in zip(case.tables[side], case.bad[side], strict=True) if not bad]


@pytest.mark.parametrize("number", [QUICK, pytest.param(THOROUGH, marks=pytest.mark.slow)])
def test_whatever_the_files_hold_nothing_is_lost(number):
    run = settings(
        max_examples=number, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck))(given(cases())(check))
    run()
