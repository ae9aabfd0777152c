import datetime
import decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from ingested import run_ingest
from worlds import column, own_source, png, small_spec

SPEC = small_spec(
    items=column("title", "BYTES", "text") + column("tags", "BYTES", "categorical", most=3)
    + column("pages", "INT", "numeric") + column("photo", "BYTES", "image"),
    events=column("stars", "FLOAT", "label:rating", domain=(1, 5)), time="when")
NO_TIME = "is no time: expected seconds, milliseconds or an ISO date"
PLAIN = "; where quotes are plain characters, set quoting: none"
NO_UTF8 = "is no utf-8; set 'encoding' to that of the file, perhaps latin-1"
PIXEL = png((0, 0, 0), 1, 1)

# A line of the events, and the reason it is left out for; None where it is kept.
EVENTS = [
    (b"ann,a,10,4", None),
    (b'"ann","a",11,"4"', None),
    (b"ann, a, 12, 4", None),  # spaces behind the comma belong to the layout
    (b"ann,a,1714564800000,4\r", None),
    # The moment of the line before, told in another way.
    (b"ann,a,2024-05-01T14:00:00+02:00,4", "row: the same event is already in events.csv"),
    (b"ann,a,2024-05-01,", None),
    ("ünal,a,13,4".encode(), None),
    (b'"ann",a,14,"4\n"', None),
    (b"", None),  # no row
    (b",a,10,4", "row: who is missing"),
    (b"nobody,a,10,4", "row: who 'nobody' is not in the table of users"),
    (b"ann,nothing,10,4", "row: what 'nothing' is not in the table of items"),
    (b"ann ,a,10,4", "row: the same event is already in events.csv, line 2"),
    (b"ann,a,,4", "row: when is missing"),
    (b"ann,a,yesterday,4", f"row: when 'yesterday' {NO_TIME}"),
    (b"ann,a,2024-13-01,4", f"row: when '2024-13-01' {NO_TIME}"),
    (b"ann,a,1714564800000000000,4", f"row: when '1714564800000000000' {NO_TIME}"),
    (b"ann,a,nan,4", "row: when is missing"),
    (b"ann,a,100,nan", None),
    (b"ann,a,10,-Infinity", "row: stars '-Infinity' is not a number"),
    (b'ann,a,10,"3,5"', "row: stars '3,5' is not a number; for decimal commas set decimal: ','"),
    (b"ann,a,10,6", "row: stars '6' is outside the range 1 to 5"),
    (b"ann,a,10", "row: the line has 3 fields, expected 4; who is missing"),
    (b"ann,a,10,4,5", "row: the line has 5 fields, expected 4; who is missing"),
    (b"\0\0\0\0", "row: the line has 1 fields, expected 4; who is missing"),
    (b'ann,"a,10,4', f"row: the line is no CSV (',' expected after '\"'{PLAIN}); who is missing"),
    (b"ann,a,20,4", None),  # behind an open quote
    (b'ann,"a",21,4', None),
    (b'ann,"a"b,10,4', f"row: the line is no CSV (',' expected after '\"'{PLAIN}); who is missing"),
    (b"\xfcnal,a,10,4", f"row: who: the byte 0xfc {NO_UTF8}; who is missing"),
    (b"ann,a,22,4", None),
    (b'"ann,a,10,4', f"row: the line is no CSV (unexpected end of data{PLAIN}); who is missing"),
    (b"ann,a,23,4", None),
]
ITEMS = [
    (b"a,A title,x|y,120,pixel.png", None),
    (b'b,"A ""quoted""\ntitle, with a comma",,,', None),
    (b"c," + b"x" * 200_000 + b",,,", None),  # Python's own limit is 131072
    (b"a,Once more,,,", "row: what 'a' is already in items.csv, line 2"),
    (b",No id,,,", "row: what is missing"),
    (b"d,Long,1|2|3|4,,", "value: tags has 4 values, at most 3 fit"),
    (b"e,Thick,,9223372036854775808,",
     "value: pages '9223372036854775808' is too large to be stored"),
    (b"f,Odd,,12.5,", "value: pages '12.5' is not a whole number"),
    (b"g,caf\xe9,,1,", f"value: title: the byte 0xe9 {NO_UTF8}"),
    (b"h,Away,,,../pixel.png",
     "value: photo: the path '../pixel.png' leaves the media folder"),
    (b"j,Out,,,out.png", "value: photo: the path 'out.png' leaves the media folder"),
    (b"k,Gone,,,gone.png", "value: photo: image file gone.png is missing"),
    (b"n,Text,,,text.png", "value: photo: not a readable JPEG, PNG, GIF or BMP image "
                           "(it starts with b'no image')"),
    (b"o,Zero,,,a\0b", "value: photo: the path 'a\\x00b' leads nowhere (embedded null byte)"),
    (b"p,Loop,,,loop", "value: photo: the path 'loop' leads nowhere (Symlink loop from "),
    (b"q,Long,,," + b"y" * 300, f"value: photo: image file {'y' * 60} cannot be read "
                                "(File name too long)"),
]


def write(path: Path, header: str, lines: list[tuple[bytes, str | None]]) -> dict[int, str | None]:
    """Writes a table and returns each line's reason."""
    with path.open("wb") as out:
        out.write(header.encode() + b"\n" + b"".join(line + b"\n" for line, _ in lines))
    number, expected = 2, {}
    for line, reason in lines:
        expected[number] = reason
        number += 1 + line.count(b"\n")
    return expected


def opened(folder: Path, name: str, **options):
    return own_source(folder, name, SPEC, interactions={"files": f"events*.{name}"},
                      media_dir="media", **options)


def make_media(folder: Path) -> None:
    media = folder / "media"
    media.mkdir()
    (folder / "outside.png").write_bytes(PIXEL)
    (media / "pixel.png").write_bytes(PIXEL)
    (media / "text.png").write_text("no image")
    (media / "out.png").symlink_to(folder / "outside.png")
    (media / "loop").symlink_to("loop")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    make_media(folder)
    (folder / "users.csv").write_text("who\nann\nünal\n", encoding="utf-8")
    events = write(folder / "events.csv", "who,what,when,stars", EVENTS)
    items = write(folder / "items.csv", "what,title,tags,pages,photo", ITEMS)
    source = opened(folder, "csv", users={"files": "users.csv"}, items={"files": "items.csv"})
    return events, items, run_ingest(source, SPEC, folder / "out")


@pytest.mark.parametrize(("side", "number"), [("interactions", n) for n in range(len(EVENTS))]
                         + [("items", n) for n in range(len(ITEMS))])
def test_what_is_said_of_a_line(tables, side, number):
    events, items, ingested = tables
    line, reason = list((events if side == "interactions" else items).items())[number]
    file = "events.csv" if side == "interactions" else "items.csv"
    actual = ingested.reasons_of(side).get((file, line))
    if reason is None:
        assert actual is None
    else:
        assert actual is not None and actual.startswith(reason)


def test_nothing_is_lost(tables):
    _, _, ingested = tables
    written = {"users": 2, "items": len(ITEMS), "interactions": sum(bool(e) for e, _ in EVENTS)}
    left = {"users": 0, "items": 2, "interactions": sum(bool(reason) for _, reason in EVENTS)}
    for side, number in written.items():
        kept = number - left[side]
        assert ingested.counts[side] == {"read": number, "kept": kept, "quarantined": left[side]}
        assert ingested.kept(side) == kept
    assert sum(fault["kind"] == "row" for fault in ingested.faults) == sum(left.values())


JSON_LINES = [
    ('{"who": "ann", "what": 7, "when": 10, "stars": 4}', None),
    ('{"who": "ann", "what": 7.0, "when": 11.0, "stars": 4.5}', None),
    ('{" who ": "ann", "what": true, "when": "12"}', None),
    ('[1, 2]', "row: the line is no JSON object; who is missing"),
    ('{"who": "ann"', "row: the line is no JSON (Expecting ',' delimiter"),
    ('{"who": "ann", "who": "bob", "what": 7, "when": 10}',
     "row: the line is no JSON (it has the key 'who' twice); who is missing"),
    ("[" * 100_000, "row: the line is no JSON (maximum recursion depth exceeded"),
    ('{"who": {"id": 1}, "what": 7, "when": 10}',
     "row: who: the value is an object, expected a single text or number; who is missing"),
    ('{"who": ["ann", "bob"], "what": 7, "when": 10}',
     "row: who has 2 values, at most 1 fit"),
    ('{"who": null, "what": 7, "when": 10}', "row: who is missing"),
    ('{"who": "\\ud800", "what": 7, "when": 10}',
     "row: who: the character \\ud800 is half of a pair (a lone surrogate); who is missing"),
    ('{"who": "ann", "what": 7, "when": 13, "stars": NaN}', None),
    ('{"who": "ann", "what": 7, "when": 10, "stars": 1e400}', "row: stars inf is not finite"),
    ('{"who": "ann", "what": 7, "when": true}', f"row: when True {NO_TIME}"),
    ('{"who": "ann", "what": 7, "when": 1' + 5000 * "0" + "}",
     "row: the line is no JSON (Exceeds the limit"),
]


def test_json_lines(tmp_path):
    make_media(tmp_path)
    expected = write(tmp_path / "events.jsonl", "\ufeff",
                     [(line.encode(), reason) for line, reason in JSON_LINES])
    ingested = run_ingest(opened(tmp_path, "jsonl"), SPEC, tmp_path / "out")
    message = {line: reason for (_, line), reason in ingested.reasons_of("interactions").items()}
    assert set(message) == {line for line, reason in expected.items() if reason}
    for line, reason in expected.items():
        assert reason is None or message[line].startswith(reason)
    assert ingested.counts["interactions"] == {
        "read": len(JSON_LINES), "kept": 4, "quarantined": len(JSON_LINES) - 4}
    assert ingested.kept("items") == 2  # 7 and 7.0 are one, and true


DAY = datetime.datetime(2024, 5, 1, 14, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
PARQUET = {  # two rows of each: who, what, when, stars, and the second's reason
    "zones": (["ann", "ann"], [1, 2], [DAY, None], [4.0, None], "row: when is missing"),
    "decimals": (["ann", "ann"], [1, 2], [30, 31], [decimal.Decimal("4.5"), decimal.Decimal("9.5")],
                 "row: stars Decimal('9.5') is outside the range 1 to 5"),
    "lists": (["ann", "ann"], [["1"], ["1", "2"]], [50, 51], [4.0, 4.0],
              "row: what has 2 values, at most 1 fit"),
    "no utf-8": ([b"ann", b"\xff"], [1, 2], [60, 61], [4.0, 4.0],
                 "row: who: the bytes are no UTF-8 (invalid start byte); who is missing"),
    "text that is none": (pyarrow.array([b"ann", b"\xff"]).view(pyarrow.string()), [1, 2],
                          [70, 71], [4.0, 4.0],
                          "row: who: the value cannot be read ('utf-8' codec can't decode"),
    "year 30000": (["ann", "ann"], [1, 2],
                   pyarrow.array([10, 900_000_000_000]).cast(pyarrow.timestamp("s")), [4.0, 4.0],
                   "row: when: the value cannot be read (date value out of range"),
}


def test_parquet(tmp_path, monkeypatch):
    # No page of these files is damaged: none need be read in a process of its own before.
    monkeypatch.setattr("components.sources.files.parquet._PROBE", "")
    make_media(tmp_path)
    for name, columns in PARQUET.items():
        table = pyarrow.table(dict(zip((" who", "what", "when", "stars "), columns, strict=False)))
        pyarrow.parquet.write_table(table, tmp_path / f"events {name}.parquet")
    ingested = run_ingest(opened(tmp_path, "parquet"), SPEC, tmp_path / "out")
    message = ingested.reasons_of("interactions")
    for name, (*_, reason) in PARQUET.items():
        assert message[f"events {name}.parquet", 2].startswith(reason), name
    assert ingested.counts["interactions"] == {"read": 12, "kept": 6, "quarantined": 6}
