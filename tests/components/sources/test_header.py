import json

import pytest
from refusals import refuses

from components.sources.files.delimited import csv_columns, csv_rows, without_header
from components.sources.files.options import FileOptions
from components.sources.files.text import Layout
from schemas import InputError

ROWS = {
    "numbers": "196\t242\t3\t881250949\n186\t302\t3\t891717742\n22\t377\t1\t878887116\n",
    "ids": "u1\ti5\t4\nu2\ti6\t5\nu17\ti123\t1\n",
    "names and numbers": "ann\tThe Matrix\t4\nbob\tHeat\t5\neve\tUp, up\t3\n",
    "times": "ann\tmatrix\t2024-05-01T10:00:00Z\nbob\theat\t2024-05-02\n",
    "uuids": "6f1c1a52-3d5f-4c1e-9b0a-3f1c9d7e2b11\tx\n"
             "0b8c1a52-3d5f-4c1e-9b0a-3f1c9d7e2b12\ty\n",
    "mail": "a@b.com\tx\nc@d.org\ty\n",
    "pictures": "one\tcovers/one.jpg\ntwo\tcovers/two.jpg\n",
    "with holes": "1\t\t3\t881250949\n2\t7\tNA\t881250950\n3\t8\t2\t881250951\n",
    "releases": "Toy Story\t1995\nHeat\t1995\nUp\t2009\n",
    "decimals": "u1;i1;3,5\nu2;i2;4,5\n".replace(";", "\t"),
}
TABLES = {
    "names": "user\titem\tstars\n1\t2\t3\n",
    "words": "user\titem\nann\tmatrix\nbob\theat\n",
    "years": "country\t2019\t2020\t2021\nGermany\t5\t6\t7\nFrance\t4\t8\t9\n",
    "numbered": "title\t0\t1\t2\nHeat\t7\t3\t1\nUp\t7\t4\t1\n",
    "flags": "title\tDrama\tComedy\nHeat\tDrama\t\nUp\t\tComedy\n",
    "an index": "\tuser\titem\n0\tu1\ti1\n1\tu2\ti2\n",
    "a number in it": "user\tq1\tq2\tq3\n1\t5\t4\t3\n2\t1\t1\t1\n",
    "questions": "Q1\tQ2\n5\t4\n3\t2\n",
    "dates": "user\t2024-01-01\t2024-01-02\nu1\t3\t4\n",
    "booleans": "name\tTrue\nann\t1\nbob\t0\n",
    "nothing below": "1\t2\t3\n",
}


def table(tmp_path, text: str):
    path = tmp_path / "events.tsv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ROWS)
def test_a_first_line_that_is_a_row(tmp_path, name):
    path = table(tmp_path, ROWS[name])
    error = without_header(path, Layout("\t"), "interactions")
    assert isinstance(error, InputError) and error.exit_code == 2
    assert f"File {path} has no line that names its columns" in str(error)
    assert "source.interactions.columns" in str(error)
    result = list(csv_rows(path, Layout("\t", header=False)))
    assert len(result) == ROWS[name].count("\n") and not any(faults for *_, faults in result)
    assert [line for line, *_ in result] == list(range(1, len(result) + 1))
    assert list(result[0][1]) == [str(n + 1) for n in range(len(result[0][1]))]
    assert result[0][1]["1"] == ROWS[name].split("\t")[0].strip('"')


@pytest.mark.parametrize("name", TABLES)
def test_a_first_line_that_names_columns(tmp_path, name):
    assert without_header(table(tmp_path, TABLES[name]), Layout("\t"), "items") is None


def test_positions_for_a_file_that_has_names(tmp_path):
    path = table(tmp_path, TABLES["names"])
    with refuses("header-with-positions", "user, item, stars"):
        csv_columns(path, Layout("\t", header=False))


def test_positions_in_a_configuration():
    options = FileOptions(interactions={"files": "x", "columns": {"user_id": 1, "key": "{1}-{2}"}},
                          users={"files": "y"}, quoting="none")
    assert options.interactions.columns == {"user_id": "1", "key": "{1}-{2}"}
    assert options.layout("interactions") == Layout(quotes=False, header=False)
    assert options.layout("users") == Layout(quotes=False)
    assert FileOptions(**json.loads(options.model_dump_json())) == options
    one = FileOptions(interactions={"files": "x", "quoting": "none"}, users={"files": "y"})
    assert [one.layout(side).quotes for side in ("interactions", "users")] == [False, True]


@pytest.mark.parametrize(("table", "message"), [
    ({"columns": {"user_id": 0}}, "user_id is at position 0; the first is 1"),
    ({"columns": {"user_id": 1}, "header": True}, "positions, which are for files without"),
    ({"columns": {"user_id": True}}, "valid string"),
    ({"quoting": "all"}, "'standard', 'backslash' or 'none'"),
])
def test_positions_that_cannot_be(table, message):
    with pytest.raises(ValueError, match=message):
        FileOptions(interactions={"files": "x", **table})
