import pytest
from refusals import refuses
from worlds import column, own_source, small_spec

MAIL = column("mail", "BYTES", "pii")
ROWS = {
    "no-header": "ann@example.org;41;Rome\nbob@example.org;52;Bern\neve@example.org;33;Oslo\n",
    "missing-column": "Ann Secret;Rome\nBob Open;Bern\nEve Shut;Oslo\n",
    "wrong-delimiter": "Ann Secret,41,ann@example.org\nBob,52,bob@example.org\n"}


@pytest.mark.parametrize("code", ROWS)
@pytest.mark.parametrize("personal", [MAIL, column("mail", "BYTES", "pii:hash")])
def test_no_message_shows_the_first_row_of_a_table_of_people(tmp_path, code, personal):
    (tmp_path / "users.csv").write_text(ROWS[code])
    (tmp_path / "events.csv").write_text("who;what\nann;tea\n")
    spec = small_spec(users=personal)
    with refuses(code, "users.csv") as caught:
        own_source(tmp_path, "csv", spec, delimiter=";", interactions={"files": "events.csv"},
                   users={"files": "users.csv"})
    assert not [word for word in ("ann", "Ann", "Secret", "41", "Rome")
                if word in str(caught.value).replace(str(tmp_path), "")]


def test_a_table_without_people_shows_what_it_has(tmp_path):
    (tmp_path / "events.csv").write_text("customer;what\nann;tea\n")
    with refuses("missing-column", "customer, what"):
        own_source(tmp_path, "csv", small_spec(), delimiter=";",
                   interactions={"files": "events.csv"})


def test_of_a_table_of_people_the_columns_that_are_read_are_named(tmp_path):
    (tmp_path / "events.csv").write_text("who;what\nann;tea\n")
    (tmp_path / "users.csv").write_text("mail;town\nann@x.org;Rome\n")
    with refuses("missing-column", "2 columns", "mail") as caught:
        own_source(tmp_path, "csv", small_spec(users=MAIL), delimiter=";",
                   interactions={"files": "events.csv"}, users={"files": "users.csv"})
    assert "town" not in str(caught.value)
