import functools

import pytest
from refusals import assert_refused
from rich.console import Console

from pipeline import schema_commands

EVENTS = "user,item,time,stars\n" + "".join(
    f"u{n % 7},i{n % 5},{1700000000 + n},{1 + n % 5}\n" for n in range(50))


@pytest.fixture
def tessera(tessera, monkeypatch, tmp_path):
    """Runs `tessera schema` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(schema_commands, "console", Console(width=150))

    return functools.partial(tessera, "schema")


def test_from_files_to_a_checked_schema(tessera, tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    code, out, _ = tessera("infer", "--interactions", "events.csv")
    assert code == 0
    assert "schemas/interactions.pbtxt: 50 rows seen, 7 columns; user is user_id" in out
    assert "my.yaml: a configuration to start from" in out and "look for DECIDE in" in out
    assert "data_dir" not in (tmp_path / "my.yaml").read_text()
    code, out, _ = tessera("check", "schemas")
    assert code == 0 and "rows looked at" not in out
    assert ["stars", "interactions", "number", "label:rating,", "label:like>=4", "to", "be",
            "learned"] in [line.replace("│", " ").split() for line in out.splitlines()]
    code, out, _ = tessera("check", "--config", "my.yaml")
    assert code == 0
    assert "interactions: 50 rows looked at, 0 would be quarantined, 0 values left out" in out
    code, out, _ = tessera("check", "schemas", "--interactions", "events.csv")
    assert code == 0 and "interactions: 50 rows looked at, 0 would be" in out


def test_nothing_is_overwritten_without_a_word(tessera, tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "items.pbtxt").write_text("mine")
    (tmp_path / "my.yaml").write_text("mine")
    result = tessera("infer", "--interactions", "events.csv")
    assert_refused(result, "schemas/items.pbtxt would be overwritten", "--out", "--force")
    assert (tmp_path / "schemas" / "items.pbtxt").read_text() == "mine"
    code, out, _ = tessera("infer", "--interactions", "events.csv", "--force")
    assert code == 0 and "my.yaml is there already and stays as it is" in out
    assert (tmp_path / "schemas" / "items.pbtxt").read_text() != "mine"
    assert (tmp_path / "my.yaml").read_text() == "mine"


def test_rows_that_break_the_rules_end_with_3(tessera, tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    assert tessera("infer", "--interactions", "events.csv")[0] == 0
    (tmp_path / "events.csv").write_text(EVENTS + "u1,i1,1700000000,9\n,i1,5,3\n")
    code, out, err = tessera("check", "--config", "my.yaml")
    assert code == 3 and "52 rows looked at, 2 would be quarantined" in out
    assert "row  events.csv line 52: stars '9' is outside the range 1 to 5" in out
    assert "Table interactions: 2 of 52 rows would be quarantined, above the limit of 1.00%" in err
    with (tmp_path / "my.yaml").open("a") as file:
        file.write("checks: {max_quarantine_share: 0.1}\n")
    assert tessera("check", "--config", "my.yaml")[0] == 0


@pytest.mark.parametrize(("content", "words", "messages"), [
    (b"", (), ("e.csv is empty. Give one with rows",)),
    (b"user,item\n", (), ("interactions have no row: e.csv", "Give a file with rows")),
    (b"user;item\nu;i\n", (), ("one column only", "Set 'delimiter' to ';'")),
    (b"user,item\nu\n", (), ("no row that can be read (e.csv line 2: the line has 1 fields",)),
    (b"196\t242\t3\n", ("--delimiter", "tab"), ("interactions have no row: e.csv",)),
    (b"user,item\n", ("--delimiter", ";;"), ("delimiter: given ';;'",)),
    (b"user,item\n", ("--dataset", "parquet"), ("e.csv is no Parquet file",)),
    (b"user,item\n", ("--dataset", "demo"), ("'demo' brings its own schemas",)),
    (b"user,item\n", ("--users", "/u.csv"), ("--users '/u.csv' is an absolute path",)),
    (b"user,item\n", ("--data-dir", "nowhere"), ("nowhere is missing", "--data-dir")),
    (b"user,item\nu,i\n", ("--out", "e.csv"), ("e.csv is no folder",)),
])
def test_files_and_options_that_cannot_be(tessera, tmp_path, content, words, messages):
    (tmp_path / "e.csv").write_bytes(content)
    assert_refused(tessera("infer", "--interactions", "e.csv", *words), *messages)
    assert not (tmp_path / "schemas").exists()


def test_a_split_that_the_schema_cannot_have(tessera, tmp_path):
    (tmp_path / "events.csv").write_text("\n".join(
        ",".join(line.split(",")[:2]) for line in EVENTS.splitlines()))
    assert tessera("infer", "--interactions", "events.csv")[0] == 0
    path = tmp_path / "my.yaml"
    assert "split: random " in path.read_text()
    path.write_text(path.read_text().replace("split: random ", "split: u80 "))
    assert_refused(tessera("check", "--config", "my.yaml"), "has no timestamp", "Set split: random")
    code, out, _ = tessera("check", "schemas", "--interactions", "events.csv")
    assert code == 0 and "50 rows looked at, 0 would be quarantined" in out


def test_times_without_a_history_are_told_with_what_to_add(tessera, tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    assert tessera("infer", "--interactions", "events.csv")[0] == 0
    path = tmp_path / "schemas" / "interactions.pbtxt"
    assert "no model will know" not in tessera("check", "schemas")[1]
    with_all = path.read_text()
    path.write_text(with_all[:with_all.index("# Built at ingest: what the user did")])
    code, out, _ = tessera("check", "schemas")
    assert code == 0 and "the tag history:item_id or history:timestamp: no model will know" in out
    added = [line for line in out.splitlines() if line.startswith("  feature {")]
    path.write_text(path.read_text() + "\n".join(added))
    assert "no model will know" not in tessera("check", "schemas")[1]


def test_a_split_that_leaves_no_test_is_refused(tessera, tmp_path):
    (tmp_path / "events.csv").write_text("user,item,time\n" + "".join(
        f"u{n % 25},i{n % 5 + n // 25},{1700000000 + n}\n" for n in range(50)))
    assert tessera("infer", "--interactions", "events.csv")[0] == 0
    assert_refused(tessera("check", "--config", "my.yaml"), "'u80' leaves no row for validation",
                   "of 25 users none has more than 2")
    assert tessera("check", "schemas", "--interactions", "events.csv")[0] == 0
    (tmp_path / "events.csv").write_text(EVENTS)
    assert tessera("check", "--config", "my.yaml")[0] == 0


def test_the_projects_own_schemas_are_shown(tessera):
    code, out, _ = tessera("check", "demo")
    assert code == 0
    shown = [line.replace("│", " ").split() for line in out.splitlines()]
    assert ["email", "users", "text", "pii", "kept", "out;", "masked", "in", "reports"] in shown
    assert ["photo", "items", "bytes", "image", "input:", "a", "picture"] in shown


def test_no_files_and_no_schemas_or_faulty_ones(tessera, tmp_path):
    assert_refused(tessera("infer"), "Nothing says where the interactions are", "--interactions")
    assert_refused(tessera("check"), "No schemas given", "--config")
    assert_refused(tessera("check", "nowhere"), "Unknown schema 'nowhere'. Known: demo")
    assert_refused(tessera("infer", "--config", "gone.yaml"), "Cannot read gone.yaml")
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "interactions.pbtxt"
    path.write_text('feature { name: "a" type: BYTES annotation { tag: "colour" } }')
    assert_refused(tessera("check", "mine"), "no feature has the tag 'user_id'")
    path.write_text("feature {")
    assert_refused(tessera("check", "mine"), "Correct the file's syntax")


def test_a_source_that_is_no_mapping_is_refused(tessera, tmp_path):
    for text in ("source: events.csv", "source: {interactions: [a]}"):
        (tmp_path / "my.yaml").write_text(f"dataset: csv\n{text}\n")
        result = tessera("infer", "--config", "my.yaml")
        assert_refused(result, "bad-configuration", "source" if "[" not in text else "interactions")


def test_what_a_schema_says_is_shown_as_it_is(tessera, tmp_path):
    assert tessera("check", "demo")[0] == 0
    (tmp_path / "interactions.pbtxt").write_text(
        'feature { name: "who" type: BYTES annotation { tag: "user_id" } }\n'
        'feature { name: "what" type: BYTES annotation { tag: "item_id" } }\n'
        'feature { name: "did" type: BYTES annotation { tag: "label:buy=[/b]" } }\n')
    code, out, _ = tessera("check", ".")
    assert code == 0 and "label:buy=[/b]" in out
