"""A user's own files: what is read, and what every kind of fault says."""

import gzip
import json
from pathlib import Path

import pytest

from components.sources import open_source
from schemas import InputError, parse_spec

INTERACTIONS = """
feature { name: "who" type: BYTES presence { min_fraction: 1 } annotation { tag: "user_id" } }
feature { name: "what" type: BYTES presence { min_fraction: 1 } annotation { tag: "item_id" } }
feature { name: "when" type: INT presence { min_fraction: 1 } annotation { tag: "timestamp" } }
feature {
  name: "stars" type: FLOAT
  float_domain { min: 1 max: 5 }
  annotation { tag: "label:rating" }
}
"""
ITEMS = """
feature { name: "what" type: BYTES presence { min_fraction: 1 } annotation { tag: "item_id" } }
feature { name: "tags" type: BYTES value_count { max: 3 } annotation { tag: "categorical" } }
feature { name: "photo" type: BYTES image_domain {} annotation { tag: "image" } }
"""
USERS = """
feature { name: "who" type: BYTES presence { min_fraction: 1 } annotation { tag: "user_id" } }
"""
SPEC = parse_spec("own", [USERS, ITEMS, INTERACTIONS])
EVENTS = "who,what,when,stars\nann,a,10,4\nbob,b,20,\n"


def source(folder: Path, name: str = "csv", **options):
    options.setdefault("interactions", {"files": "events.csv"})
    return open_source(name, str(folder), {"spec": {"name": SPEC.name, "texts": SPEC.texts},
                                           "options": options})


def rows(opened, side="interactions"):
    return [r for shard in opened.shards(side) for r in opened.records(side, shard)]


def test_reads_rows_with_their_lines(tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    found = rows(source(tmp_path))
    assert [(r.line, r.values) for r in found] == [
        (2, {"who": "ann", "what": "a", "when": "10", "stars": "4"}),
        (3, {"who": "bob", "what": "b", "when": "20"}),
    ]


def test_maps_columns_and_knows_absent_tables(tmp_path):
    (tmp_path / "events.csv").write_text("customer,what,when,stars\nann,a,10,4\n")
    opened = source(tmp_path, interactions={"files": "events.csv", "columns": {"who": "customer"}})
    assert rows(opened)[0].values["who"] == "ann"
    assert not opened.has_table("users") and opened.shards("users") == []


def test_byte_order_mark_quotes_newlines_and_compression(tmp_path):
    text = '\ufeffwho,what,when,stars\n"ann, the ""first""","a\nb",10,4\nbob,b,20,3\n'
    with gzip.open(tmp_path / "events.csv.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    found = rows(source(tmp_path, interactions={"files": "events.csv.gz"}))
    assert found[0].values["who"] == 'ann, the "first"' and found[0].values["what"] == "a\nb"
    assert found[1].line == 4


def test_shards_of_a_glob_and_json_lines(tmp_path):
    for part, who in enumerate("ab"):
        line = {"who": who, "what": "x", "when": part, "stars": 2.5}
        (tmp_path / f"events-{part}.jsonl").write_text(json.dumps(line) + "\n[1]\nno json\n")
    opened = source(tmp_path, "jsonl", interactions={"files": "events-*.jsonl"})
    found = rows(opened)
    assert opened.shards("interactions") == ["events-0.jsonl", "events-1.jsonl"]
    assert found[0].values["stars"] == 2.5
    assert found[1].faults == ("the line is no JSON object",)
    assert found[2].faults[0].startswith("the line is no JSON (")


def test_parquet_rows(tmp_path):
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"who": ["ann"], "what": ["a"], "when": [10], "stars": [4.0]})
    pyarrow.parquet.write_table(table, tmp_path / "events.parquet")
    opened = source(tmp_path, "parquet", interactions={"files": "events.parquet"})
    assert rows(opened)[0].values == {"who": "ann", "what": "a", "when": 10, "stars": 4.0}


def test_lists_and_media_inside_and_outside_of_the_folder(tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "items.csv").write_text("what,tags,photo\na,x|y,pic.png\nb,,../../secret.png\n")
    (tmp_path / "media").mkdir()
    opened = source(tmp_path, items={"files": "items.csv"}, media_dir="media")
    inside, outside = rows(opened, "items")
    assert inside.values["tags"] == ["x", "y"]
    assert inside.values["photo"] == tmp_path / "media" / "pic.png"
    assert "photo" not in outside.values
    assert outside.faults == ("photo: the path '../../secret.png' leaves the media folder",)


def test_decimal_commas_where_the_user_says_so(tmp_path):
    (tmp_path / "events.csv").write_text("who;what;when;stars\nann;a;10;3,5\n")
    opened = source(tmp_path, delimiter=";", decimal=",")
    assert rows(opened)[0].values["stars"] == "3.5"


@pytest.mark.parametrize(("content", "options", "message"), [
    (b"", {}, "events.csv is empty. Give one with rows"),
    (b"who;what;when;stars\n", {}, r"one column only.*Set 'delimiter' to ';'"),
    (b"who,item,when,stars\n", {}, "no column 'what', which the interactions need. It has: who,"),
    ("who,what,when".encode("utf-16"), {}, r"no text in utf-8: it holds zero bytes.*utf-16"),
    (EVENTS.encode(), {"encoding": "utf-99"}, "encoding 'utf-99' is unknown"),
    (EVENTS.encode(), {"items": {"files": "none-*.csv"}}, "'none-.*' matches no file"),
    (EVENTS.encode(), {"interactions": {"files": "events.csv", "columns": {"x": "who"}}},
     "names 'x', which the schema of interactions does not have. It has: who, what"),
    (EVENTS.encode(), {"interactions": {"files": "events.csv",
                                        "columns": {"who": "what", "what": "what"}}},
     "the column 'what' is mapped twice, to who and what"),
])
def test_faulty_files_and_options(tmp_path, content, options, message):
    (tmp_path / "events.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        source(tmp_path, **options)


def test_no_folder_and_no_configuration(tmp_path):
    with pytest.raises(InputError, match="Folder .*nowhere is missing"):
        source(tmp_path / "nowhere")
    with pytest.raises(InputError, match="needs a configuration that says where its tables are"):
        open_source("csv", str(tmp_path))


def test_a_parquet_source_refuses_text(tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    with pytest.raises(InputError, match=r"events.csv is no Parquet file"):
        source(tmp_path, "parquet")
