import pytest
from refusals import refuses

from components.privacy.options import KEY, KEY_FILE, Pseudonyms
from pipeline.privacy.command import pseudonym

SECRET = "a secret of thirty bytes or so"


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.delenv(KEY_FILE, raising=False)


def test_an_id_has_one_pseudonym_a_key():
    one, other = Pseudonyms(SECRET.encode()), Pseudonyms(b"another secret as long")
    assert one.of(b"ann") == one.of(b"ann") != one.of(b"bob")
    assert one.of(b"ann") != other.of(b"ann") and one.key_id != other.key_id
    assert len(one.of(b"ann")) == 32 and isinstance(one.of(7), int)
    assert all(0 <= one.of(number) < 2**63 for number in range(-3, 50))
    assert SECRET not in repr(one) and SECRET not in one.key_id


def test_the_key_is_in_a_variable_or_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text(SECRET + "\n")
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    from_file = Pseudonyms.from_environment()
    monkeypatch.setenv(KEY, SECRET)
    assert Pseudonyms.from_environment() == from_file


@pytest.mark.parametrize("key", ["", "short", "ä" * 7])
def test_a_key_that_is_missing_or_short_is_refused_and_not_shown(monkeypatch, key):
    monkeypatch.setenv(KEY, key)
    with refuses("no-privacy-key") as caught:
        Pseudonyms.from_environment()
    assert not key or key not in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "none"))
    with refuses("privacy-key-unreadable", KEY_FILE):
        Pseudonyms.from_environment()


@pytest.mark.parametrize("given", ["--5", "5-", "anna"])
def test_what_is_no_whole_number_has_no_pseudonym_of_one(monkeypatch, given):
    monkeypatch.setenv(KEY, "x" * 16)
    with refuses("user-no-integer"):
        pseudonym(given, whole=True)
