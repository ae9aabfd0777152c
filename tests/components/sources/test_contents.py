import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
from pathlib import Path

import pyarrow
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest
from refusals import refuses
from worlds import column, own_source, records, small_spec, zipped

from components.sources.base import Fault
from schemas import InputError

SPEC = small_spec(events=column("day", "BYTES"))
TEXT = "who,what\n" + "".join(f"u{n % 97},i{n % 89}\n" for n in range(500))
GOOD = TEXT.encode()
TABLE = pyarrow.table({"who": ["u0", "u1"], "what": ["i0", "i1"]})


def read(folder: Path, file: str, name: str = "csv", **options) -> list:
    return records(own_source(folder, name, SPEC, **{"interactions": {"files": file}} | options))


def packed(codec: str, data: bytes = GOOD) -> bytes:
    out = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(out, codec) as file:
        file.write(data)
    return out.getvalue().to_pybytes()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("events.csv")
        info.size = len(GOOD)
        archive.addfile(info, io.BytesIO(GOOD))
    return out.getvalue()


def written(write, **how) -> bytes:
    out = io.BytesIO()
    write(TABLE, out, **how)
    return out.getvalue()


def sqlite(folder: Path) -> bytes:
    database = sqlite3.connect(folder / "made.db")
    database.execute("create table events (who, what)")
    database.commit()
    database.close()
    return (folder / "made.db").read_bytes()


@pytest.mark.parametrize("data", [
    GOOD, gzip.compress(GOOD[:9]) + gzip.compress(GOOD[9:]), bz2.compress(GOOD),
    lzma.compress(GOOD), lzma.compress(GOOD, lzma.FORMAT_ALONE),
    packed("zstd", GOOD[:9]) + packed("zstd", GOOD[9:]), packed("lz4"),
    zipped({"events.csv.gz": gzip.compress(GOOD)}),
    zipped({"data/": b"", "data/events.csv": GOOD, ".DS_Store": b"x",
              "__MACOSX/data/._events.csv": b"x"}),
], ids=["plain", "gzips", "bz2", "xz", "lzma", "zstds", "lz4", "gzip in zip", "zip of a Mac"])
def test_the_content_says_how_a_file_is_compressed(tmp_path, data):
    for name in ("events.csv", "events.zip"):
        (tmp_path / name).write_bytes(data)
        result = read(tmp_path, name)
        assert len(result) == 500 and not any(record.faults for record in result)
        assert result[-1].values == {"who": "u14", "what": "i54"} and result[-1].line == 501


@pytest.mark.parametrize("data", [packed("zstd")[:-20], packed("lz4")[:-20]])
def test_a_compressed_file_that_is_cut_short(tmp_path, data):
    (tmp_path / "events.csv").write_bytes(data)
    with refuses("damaged-text-file"):
        read(tmp_path, "events.csv")


ZIP = zipped({"events.csv": GOOD})
FOREIGN = {
    "zip of two": (zipped({"a": GOOD, "b": GOOD}),
                   r"is a zip archive of 2 files \(a, b\), expected one"),
    "locked zip": (ZIP[:6] + b"\x01" + ZIP[7:-22].replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01") + ZIP[-22:],
        "is a zip archive with a password"),
    "cut zip": (ZIP[:-30], "is a zip archive that is damaged or cut short"),
    "xlsx": (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}),
             "is a document of a spreadsheet .*Save the table as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is an old Excel file .*Save"),
    "tar": (tarred(), "is an archive .tar.. Unpack it"),
    "parquet": (written(pyarrow.parquet.write_table), "is a Parquet file. Set 'dataset' to parq"),
    "feather": (written(pyarrow.feather.write_feather), "is an Arrow or Feather file. Save"),
    "orc": (written(pyarrow.orc.write_table), "is an ORC file. Save"),
    "sqlite": (sqlite, "is an SQLite database. Export"),
    "pickle": (pickle.dumps(["a"]), "is pickled Python data, which could run a program"),
    "html": (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page .HTML."),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n",
            "is the placeholder of a file in Git LFS. Fetch"),
    "json": (b'{"who": "u0", "what": "i0"}\n', "is JSON, no CSV. Set 'dataset' to jsonl"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_format_that_is_not_read_is_named(tmp_path, kind):
    data, message = FOREIGN[kind]
    (tmp_path / "events.csv").write_bytes(data(tmp_path) if callable(data) else data)
    with pytest.raises(InputError, match=f"File {tmp_path}/events.csv {message}") as error:
        read(tmp_path, "events.csv")
    assert error.value.exit_code == 2 and len(str(error.value)) < 400
    if kind != "json":
        with pytest.raises(InputError, match=message):
            read(tmp_path, "events.csv", "jsonl")


@pytest.mark.parametrize(("data", "message"), [
    (gzip.compress(GOOD), "is compressed .gzip.. Parquet is compressed inside: unpack"),
    (written(pyarrow.feather.write_feather), "is an Arrow or Feather file"),
    (pickle.dumps(["a"]), "is pickled Python data"),
])
def test_what_is_no_parquet_is_named(tmp_path, data, message):
    (tmp_path / "events.parquet").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read(tmp_path, "events.parquet", "parquet")


@pytest.mark.parametrize("header", ["ORCID", "PARENT", "PAR1", "FEA1", "BZh1", "Obj", "RDX3", "7z"])
def test_headers_that_begin_like_a_format(tmp_path, header):
    (tmp_path / "events.csv").write_text(f"{header},who,what\n1,u0,i0\n")
    (result,) = read(tmp_path, "events.csv")
    assert result.values == {"who": "u0", "what": "i0"}
    (tmp_path / "ducks.csv").write_text("user_id,DUCK,who,what\n1,2,u0,i0\n")
    assert len(read(tmp_path, "ducks.csv")) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("given", ["utf-8", "utf-16"])
def test_a_byte_order_mark_says_the_encoding(tmp_path, encoding, given):
    text = "who,what\r\nünal,b\r\n"
    (tmp_path / "events.csv").write_bytes(text.encode(encoding))
    (tmp_path / "events.csv.gz").write_bytes(gzip.compress(text.encode(encoding)))
    (tmp_path / "events.jsonl").write_bytes('{"who": "ünal", "what": "b"}\n'.encode(encoding))
    for file, name in (("events.csv", "csv"), ("events.csv.gz", "csv"), ("events.jsonl", "jsonl")):
        (result,) = read(tmp_path, file, name, encoding=given)
        assert result.values == {"who": "ünal", "what": "b"}


@pytest.mark.parametrize("line", ["sep=;", "SEP=;\r", '"sep=;"', "\ufeffsep=;"])
def test_the_separator_that_excel_writes(tmp_path, line):
    (tmp_path / "events.csv").write_text(f"{line}\nwho;what\nu0;i0\nu1;i1\n", encoding="utf-8")
    result = read(tmp_path, "events.csv")
    assert [(record.line, record.values["who"]) for record in result] == [(3, "u0"), (4, "u1")]
    (tmp_path / "bare.csv").write_text("sep=;\nu0;i0\nu1;i1\n")
    result = read(tmp_path, "bare.csv", interactions={
        "files": "bare.csv", "columns": {"who": 1, "what": 2}})
    assert [(record.line, record.values["what"]) for record in result] == [(2, "i0"), (3, "i1")]


ROWS = [{"who": f"u{n}", "what": {"a": 1} if n == 5 else 'i "[{,}]" \\', "day": "ünal\n"}
        for n in range(3000)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("after", ["", "\n", "\n[]\n"])
def test_a_json_array_is_rows(tmp_path, indent, after):
    text = json.dumps(ROWS, indent=indent, ensure_ascii=False) + after
    (tmp_path / "events.json").write_text(text, encoding="utf-8")
    result = read(tmp_path, "events.json", "jsonl")
    assert len(result) == 3000
    assert result[7].values == ROWS[7]
    assert [record.faults for record in result if record.faults] == [
        (Fault("what: the value is an object, expected a single text or number", "what"),)]
    assert [record.line for record in result[:3]] == ([2, 7, 12] if indent else [1, 1, 1])


def test_faults_of_a_json_array(tmp_path):
    (tmp_path / "events.json").write_text('[\n{"who": 1, "what": 2},\n7,\n{"who": x},\n{"who": 3}]')
    result = read(tmp_path, "events.json", "jsonl")
    assert [(record.line, *(one.reason for one in record.faults)) for record in result] == [
        (2,), (3, "the element is no JSON object"),
        (4, "the element is no JSON (Expecting value: line 1 column 9 (char 8))"), (5,)]
    (tmp_path / "events.json").write_text('[{"who": 1, "what": 2},\n{"who": 3')
    with refuses("damaged-text-file"):
        read(tmp_path, "events.json", "jsonl")


@pytest.mark.parametrize("name", ["csv", "parquet", "jsonl"])
def test_names_of_folders_are_columns(tmp_path, name):
    for day in ("2024-05-01", "2024-05-02%2F3", "__HIVE_DEFAULT_PARTITION__"):
        folder = tmp_path / f"sales/day={day}"
        folder.mkdir(parents=True)
        if name == "csv":
            (folder / "part-0.csv").write_text("who,what\nu0,i0\nu1\n")
        elif name == "jsonl":
            (folder / "part-0.jsonl").write_text('{"who": "u0", "what": "i0"}\n7\n')
        else:
            pyarrow.parquet.write_table(TABLE, folder / "part-0.parquet")
    result = read(tmp_path, f"sales/*/part-*.{name}", name)
    assert [record.values.get("day") for record in result[::2]] == [
        "2024-05-01", "2024-05-02/3", None]
    if name != "parquet":
        assert result[1].faults and not result[1].values
    if name == "csv":  # a column of the file goes before its folder
        (tmp_path / "sales/day=2024-05-01/part-0.csv").write_text("who,what,day\nu0,i0,2\n")
        assert read(tmp_path, "sales/*/part-0.csv")[0].values["day"] == "2"


def test_positions_are_those_of_csv_alone_and_of_columns_beside_folders(tmp_path):
    (tmp_path / "day=1").mkdir()
    (tmp_path / "day=1/events.csv").write_text("u0,i0\nu1,i1\n")
    options = {"files": "day=*/events.csv", "columns": {"who": 1, "what": 2}}
    assert [record.values for record in read(tmp_path, "", interactions=options)] == [
        {"who": "u0", "what": "i0", "day": "1"}, {"who": "u1", "what": "i1", "day": "1"}]
    with refuses("positions-without-csv"):
        read(tmp_path, "", "jsonl", interactions=options)


def test_few_large_rows_of_parquet_are_in_memory_at_once(tmp_path, monkeypatch):
    from components.sources.files import parquet
    from components.sources.files.text import Layout

    sizes, python_rows = [], parquet._python_rows

    def counted(batch):
        sizes.append(batch.num_rows)
        return python_rows(batch)

    monkeypatch.setattr(parquet, "_BATCH_BYTES", 50_000)
    monkeypatch.setattr(parquet, "_python_rows", counted)
    pictures = [bytes([n]) * 5_000 + bytes(range(256)) * 20 for n in range(40)]
    pyarrow.parquet.write_table(pyarrow.table({"photo": pictures}), tmp_path / "x.parquet",
                                use_dictionary=False, compression="none")
    rows = list(parquet.parquet_rows(tmp_path / "x.parquet", Layout()))
    assert [row["photo"] for _, row, _ in rows] == pictures
    assert max(sizes) <= 5 and sum(sizes) == 40
