import bz2
import gzip
import io
import lzma

import pyarrow
import pyarrow.parquet
import pytest
from refusals import refuses
from worlds import column, own_source, records, small_spec

from schemas import InputError

SPEC = small_spec(events=column("note", "BYTES"))
PICTURES = small_spec(items=column("photo", "BYTES", "image"))
HEADER = "who,what,note\n"
ROWS = "".join(f"user {n % 97},item {n % 89},{n * n}\n" for n in range(20_000))
GOOD = (HEADER + ROWS).encode()


def opened(folder, file="events.csv", name="csv", spec=SPEC, columns=None, **options):
    table = {"files": file, "columns": columns or {}}
    return own_source(folder, name, spec, **{"interactions": table} | options)


def parquet(**how) -> bytes:
    out = io.BytesIO()
    columns = {"who": [f"user {n % 97}" for n in range(20_000)],
               "what": [f"item {n % 89}" for n in range(20_000)]}
    pyarrow.parquet.write_table(pyarrow.table(columns), out, row_group_size=5000, **how)
    return out.getvalue()


def damaged(data: bytes, share: float) -> bytes:
    place = int(len(data) * share)
    return data[:place] + bytes(byte ^ 0xFF for byte in data[place:place + 40]) + data[place + 40:]


@pytest.mark.parametrize(("file", "content", "code"), [
    ("events.csv", b"", "empty-text-file"),
    ("events.csv", b"\n" + GOOD, "header-empty"),
    ("events.csv", HEADER.encode(), "empty-table"),
    ("events.csv", b"who;what;note\na;b;c\n", "wrong-delimiter"),
    ("events.csv", b"who,what,who\na,b,c\n", "duplicate-column"),
    ("events.csv", b'"who,what\na,b\n', "header-not-csv"),
    ("events.csv", GOOD.decode().encode("utf-16-le"), "zero-bytes"),
    ("events.csv", "who,what,über\na,b,c\n".encode("latin-1"), "header-encoding"),
    ("events.csv", (HEADER + "ä,b,\nö,b,\nan,b,\nü,b,\n").encode("latin-1"), "wrong-encoding"),
    ("events.csv.gz", gzip.compress(GOOD)[:-5000], "damaged-text-file"),
    ("events.csv.gz", gzip.compress(GOOD) + b"garbage behind", "damaged-text-file"),
    ("events.csv.bz2", damaged(bz2.compress(GOOD), 0.5), "damaged-text-file"),
    ("events.csv.xz", damaged(lzma.compress(GOOD), 0.5), "damaged-text-file"),
    ("events.jsonl", b'[\n 1,\n "a"\n]', "not-json-objects"),
    ("events.jsonl", b'{"who": "a"}\n', "missing-column"),
    ("events.parquet", GOOD, "not-parquet"),
    ("events.parquet", parquet()[:-500], "not-parquet"),
    ("events.parquet", damaged(parquet(), 0.6), "damaged-parquet"),
], ids=lambda value: value if isinstance(value, str) and value.startswith("events") else "")
def test_a_file_that_cannot_be_read(tmp_path, file, content, code):
    (tmp_path / file).write_bytes(content)
    name = file.split(".")[1]
    with refuses(code, file) as error:
        records(opened(tmp_path, file, name))
    assert "Traceback" not in str(error.value) and error.value.exit_code == 2


def test_good_files_beside_them_are_read(tmp_path):
    """So that no message above comes from a test file that is wrong in itself."""
    rows = "".join(ROWS.splitlines(True)[:500]).encode()
    good = HEADER.encode() + rows
    (tmp_path / "events-1.csv").write_bytes(b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n"))
    (tmp_path / "events-2.csv.gz").write_bytes(gzip.compress(good) + gzip.compress(rows))
    (tmp_path / "events-3.csv.bz2").write_bytes(bz2.compress(good) + bz2.compress(rows))
    (tmp_path / "events-4.csv.xz").write_bytes(lzma.compress(good) + bytes(8) + lzma.compress(rows))
    (tmp_path / "events-5.csv").write_bytes(HEADER.encode())
    result = records(opened(tmp_path, "events-*"))
    assert len(result) == 7 * 500 and not any(record.faults for record in result)
    (tmp_path / "events.parquet").write_bytes(parquet())
    assert len(records(opened(tmp_path, "events.parquet", "parquet"))) == 20_000


def test_an_encoding_that_stops_in_the_middle(tmp_path):
    (tmp_path / "events.csv").write_bytes(GOOD.decode().encode("utf-16")[:-1] + b"\xd8")
    with refuses("damaged-text-file"):
        records(opened(tmp_path, encoding="utf-16"))


@pytest.mark.parametrize("content", [GOOD, GOOD.decode().encode("utf-16-le")])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "idna"])
def test_text_without_the_mark_that_its_encoding_needs(tmp_path, content, encoding):
    (tmp_path / "events.csv").write_bytes(content)
    with refuses("damaged-text-file", "'encoding'"):
        opened(tmp_path, encoding=encoding)


def test_a_parquet_file_that_would_end_the_process(tmp_path, monkeypatch):
    (tmp_path / "events.parquet").write_bytes(parquet())
    source = opened(tmp_path, "events.parquet", "parquet")
    monkeypatch.setattr("components.sources.files.parquet._PROBE",
                        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with refuses("parquet-kills-reader", "signal 11"):
        records(source)


@pytest.mark.parametrize(("pattern", "message"), [
    ("none-*.csv", "source.interactions.files: 'none-.*' matches no file in .* Paths are relative"),
    ("folder", "'folder' is a folder or a broken link in .* Name its files, as in 'folder/"),
    ("/tmp/*.csv", "'/tmp/.*' is no path relative to the data folder .*Non-relative"),
    ("", "'' is no path relative to the data folder"),
])
def test_patterns_without_a_file(tmp_path, pattern, message):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=message):
        opened(tmp_path, pattern)


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_a_file_without_the_right_to_read_it(tmp_path, monkeypatch, name):
    (tmp_path / f"events.{name}").write_bytes(GOOD)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("components.sources.files.readers.open_text", refuse)
    monkeypatch.setattr("components.sources.files.text.open_text", refuse)
    monkeypatch.setattr("pyarrow.parquet.read_schema", refuse)
    with refuses("unreadable-file", f"events.{name}"):
        opened(tmp_path, f"events.{name}", name)


@pytest.mark.parametrize(("options", "message"), [
    ({"encoding": "utf-99"}, "encoding 'utf-99' is unknown; try utf-8 or latin-1"),
    ({"delimiter": '"'}, "a quote or the end of a line cannot separate fields; try ',', ';'"),
    ({"columns": {"x": "who"}}, "source.interactions.columns names 'x', which the schema of "
     "interactions does not have. It has: who, what, note"),
    ({"columns": {"who": "what", "what": " what "}},
     "the column 'what' is mapped twice, to who and what; keep one"),
    ({"columns": {"who": "{what}-{age}"}}, "no column 'age', which source.interactions.columns "
     "names in '{what}-{age}'. It has: who, what, note"),
    ({"columns": {"note": "{who"}}, "the template '{who' has a brace without its partner"),
    ({"columns": {"note": "who}"}}, "the template 'who}' has a brace without its partner"),
    ({"columns": {"note": "{}-{who}"}}, "braces without a column's name"),
])
def test_options_that_cannot_be(tmp_path, options, message):
    (tmp_path / "events.csv").write_bytes(GOOD)
    with pytest.raises(InputError, match=message.replace("{", r"\{").replace("}", r"\}")):
        opened(tmp_path, **options)


def test_a_media_folder_that_is_missing(tmp_path):
    (tmp_path / "events.csv").write_bytes(GOOD)
    (tmp_path / "items.csv").write_text("what,photo\nitem 1,a.png\n")
    with refuses("no-media-folder", "/pictures"):
        opened(tmp_path, spec=PICTURES, media_dir="pictures", items={"files": "items.csv"})
    # Neither a table without a picture nor one that is not there has a picture to look for.
    for spec in (SPEC, PICTURES):
        assert opened(tmp_path, spec=spec, media_dir="pictures").shards(
            "interactions") == ["events.csv"]


def test_an_items_table_without_rows(tmp_path):
    (tmp_path / "events.csv").write_bytes(GOOD)
    for part in "ab":
        (tmp_path / f"items-{part}.csv").write_text("what\n")
    with refuses("empty-table", "The items have no row: items-a.csv, items-b.csv"):
        opened(tmp_path, items={"files": "items-*.csv"})
