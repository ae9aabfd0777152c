from pathlib import Path

import pytest

from components.sources.files.delimited import csv_rows
from components.sources.files.text import Layout

HEADER = "user,item,time,review"
EVENTS = [f"u{n},i{n % 7},{1_500_000_000 + n},fine" for n in range(30)]


def read(path: Path, lines: list[str], layout: Layout, end: str = "\n") -> tuple[list, dict]:
    """Writes lines with commas for delimiters, and returns good rows and faults by line."""
    text = end.join([*lines, ""])
    path.write_bytes(text.replace(",", layout.delimiter).encode())
    result = list(csv_rows(path, layout))
    return ([(line, row) for line, row, faults in result if not faults],
            {line: faults[0].reason for line, row, faults in result if faults})


@pytest.mark.parametrize(("delimiter", "end"), [(",", "\n"), (",", "\r\n"), ("\t", "\n")])
@pytest.mark.parametrize("apart", [1, 4, 20])
def test_a_stray_quote_costs_its_own_line(tmp_path, delimiter, apart, end):
    lines = [HEADER, *EVENTS]
    lines[4] = 'u3,i3,1500000003,"Great stuff'
    lines[4 + apart] = f'u{3 + apart},i1,1500000099,only 5"'
    rows, faults = read(tmp_path / "events.csv", lines, Layout(delimiter), end)
    assert list(faults) == [5]
    assert f"its quote is closed in line {5 + apart} only" in faults[5]
    assert "quoting: none" in faults[5]
    assert len(rows) == len(EVENTS) - 1
    assert dict(rows)[5 + apart]["review"] == 'only 5"'


@pytest.mark.parametrize(("lines", "bad", "good"), [
    # In a column before the last.
    (["user,note,time", 'u0,"Great,1500000001', "u1,fine,1500000002", 'u2,5",1500000003',
      "u3,fine,1500000004"], [2], [3, 4, 5]),
    # The merged line has more fields than a row; it cost all of its lines, as one fault.
    (["user,note,time", 'u0,a,"1500000001', "u1,b,1500000002", 'u2,b",1500000003',
      "u3,fine,1500000004"], [2], [3, 4, 5]),
    # No column has a form of its own, but there are several lines.
    (["name,note,word", 'ann,"good,x', "bob,bad,y", 'eve,so",z', "joe,fine,w"], [2], [3, 4, 5]),
    # Never closed.
    ([HEADER, 'u0,i1,1500000001,"Great', *EVENTS[:3]], [2], [3, 4, 5]),
    # Twice, and once more without an end.
    ([HEADER, 'u0,i1,1500000001,"a', EVENTS[0], 'u1,i1,1500000002,b"', EVENTS[1],
      'u2,i1,1500000003,"c', EVENTS[2], 'u3,i1,1500000004,d"', 'u4,i1,1500000004,"e', EVENTS[3]],
     [2, 6, 9], [3, 4, 5, 7, 8, 10]),
])
def test_other_strays(tmp_path, lines, bad, good):
    rows, faults = read(tmp_path / "events.csv", lines, Layout())
    assert list(faults) == bad
    assert [line for line, _ in rows] == good


def test_two_lines_without_forms_are_two_between_tabs(tmp_path):
    lines = ["title,genre", '"The Matrix,so good', 'Heat",a crime', "The End,of it"]
    rows, faults = read(tmp_path / "events.tsv", lines, Layout("\t"))
    assert list(faults) == [2] and len(rows) == 2


REVIEWS = [
    "Great stuff,\nwould buy again, really, yes\nfive stars", "one\ntwo\nthree",
    "It cost 1,000 euros\n1,000 things, 2,000 things, and 3\n\nBye",
    'She said "no",\nthen, well, yes, perhaps', "1,2,3,4\n5,6,7,8", "a,b,c,d", "\n\n",
    "- good, cheap, small, red\n- bad, dear, large, blue",
    "Dear shop,\nthanks,\nthe goods came,\nall of them,\nAnn"]


@pytest.mark.parametrize(("delimiter", "header"), [
    (",", "user,item,time,review"), (",", "name,review,word"), ("\t", "item,review")])
def test_true_reviews_of_several_lines_are_read(tmp_path, delimiter, header):
    import csv

    columns = header.split(",")
    with (tmp_path / "events.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        for number in range(50):
            one = {"user": f"u{number}", "item": number, "time": 1_500_000_000 + number,
                   "review": REVIEWS[number % len(REVIEWS)], "name": "ann", "word": "fine"}
            writer.writerow([one[name] for name in columns])
    result = list(csv_rows(tmp_path / "events.csv", Layout(delimiter)))
    assert not [faults for _, _, faults in result if faults]
    assert [row["review"] for _, row, _ in result] == [
        REVIEWS[number % len(REVIEWS)] for number in range(50)]


def test_quotes_as_plain_characters(tmp_path):
    lines = [HEADER, 'u0,i1,1500000001,"Great', 'u1,i1,1500000002,"so" he said',
             'u2,"i1",1500000003,only 5"']
    rows, faults = read(tmp_path / "events.csv", lines, Layout(quotes=False))
    assert not faults
    assert [row["review"] for _, row in rows] == ['"Great', '"so" he said', 'only 5"']
    assert rows[2][1]["item"] == '"i1"'


ESCAPED = [HEADER, r'u0,i1,1500000001,"She said \"hi\", twice"', r'u1,i1,1500000002,"5\""',
           r'u2,\N,1500000003,"one', r'two \"2\""', r'u3,i1,1500000004,a\, b', *EVENTS[4:9]]


def test_quotes_behind_a_backslash_are_part_of_the_field(tmp_path):
    rows, faults = read(tmp_path / "events.csv", ESCAPED, Layout(backslash=True))
    assert not faults
    assert [row["review"] for _, row in rows[:4]] == [
        'She said "hi", twice', '5"', 'one\ntwo "2"', "a, b"]
    assert [row["item"] for _, row in rows[:3]] == ["i1", "i1", ""]


def test_the_rows_behind_too_long_a_line_are_read_with_backslashes_too(tmp_path, monkeypatch):
    monkeypatch.setattr("components.sources.files.delimited.LONGEST", 60)
    long = f"u0,i1,1500000001,{'x' * 80}"
    rows, faults = read(tmp_path / "events.csv", [HEADER, *EVENTS[:3], long, *EVENTS[3:5]],
                        Layout(backslash=True))
    assert list(faults) == [5] and len(rows) == 5


def test_a_backslash_before_a_quote_is_named(tmp_path):
    rows, faults = read(tmp_path / "events.csv", [*ESCAPED[:3], *EVENTS], Layout())
    assert list(faults) == [2, 3] and len(rows) == len(EVENTS)
    assert all("quoting: backslash" in fault for fault in faults.values())
