import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from refusals import refuses
from typer.testing import CliRunner

from pipeline.cli import app
from serving import bulk
from serving.bulk import read_user_ids, score, version_to_ask
from serving.client import VersionStatus
from serving.connection import ServerUnavailableError


@pytest.fixture
def users(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "_PART_USERS", 2)
    pq.write_table(pa.table({"user_id": ["a", "bob", None, "dora", "eve"]}),
                   tmp_path / "users.parquet")
    return tmp_path / "users.parquet"


def test_each_user_gets_a_list(client, users, tmp_path):
    output = tmp_path / "recs.parquet"
    assert score(client, users, output, k=2) == 5
    rows = pq.read_table(output).to_pylist()
    assert [row["user_id"] for row in rows] == [u for u in ("a", "bob", "", "dora", "eve")
                                                for _ in range(2)]
    assert rows[2] == {"user_id": "bob", "rank": 1, "item_id": "i0", "score": 3.0, "rating": 1.5}
    assert sorted(os.listdir(tmp_path)) == ["recs.parquet", "users.parquet"]


def test_a_stopped_job_goes_on_after_its_last_whole_part(client, users, tmp_path, monkeypatch):
    output, asked = tmp_path / "recs.parquet", []
    recommend = client.recommend

    def stopping(some, k):
        asked.append(list(some))
        if len(asked) == 2:
            raise ServerUnavailableError("server-unavailable", "gone")
        return recommend(some, k)

    monkeypatch.setattr(client, "recommend", stopping)
    with pytest.raises(ServerUnavailableError):
        score(client, users, output, k=2)
    assert not output.exists()
    with refuses("other-scoring-job", "differs in k"):
        score(client, users, output, k=3)
    others, at = tmp_path / "others.parquet", users.stat().st_mtime_ns
    pq.write_table(pa.table({"user_id": ["a", "bob", None, "dora", "adam"]}), others)
    os.utime(others, ns=(at, at))
    with refuses("other-scoring-job", "differs in users"):
        score(client, others, output, k=2)
    score(client, users, output, k=2)
    assert asked == [["a", "bob"], ["", "dora"], ["", "dora"], ["eve"]]
    assert pq.read_table(output).num_rows == 10


def test_a_job_that_was_killed_as_it_began_begins_again(client, users, tmp_path, monkeypatch):
    def killed(self, text, **options):
        self.write_bytes(text[:9].encode())
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "write_text", killed)
        score(client, users, tmp_path / "recs.parquet", k=2)
    assert score(client, users, tmp_path / "recs.parquet", k=2) == 5


def test_a_stopped_job_goes_on_with_its_version_while_that_is_served(tmp_path):
    class Served:
        served_version = 4

        def status(self):
            return [VersionStatus(4, "AVAILABLE"), VersionStatus(3, "AVAILABLE"),
                    VersionStatus(2, "END")]

    def begun(text):
        (tmp_path / "recs.parquet.parts").mkdir(exist_ok=True)
        (tmp_path / "recs.parquet.parts" / "job.json").write_text(text)
        return version_to_ask(Served(), tmp_path / "recs.parquet")

    assert version_to_ask(Served(), tmp_path / "recs.parquet") == 4
    assert begun('{"version": 3}') == 3
    assert begun('{"version": 2}') == 4
    for text in ("{", "[]", "\"job\""):
        with refuses("bad-scoring-job"):
            begun(text)


@pytest.mark.parametrize("column", [
    pa.array(["7", "b\u00e9", None, " 9 "]), pa.array(["7", "be\u0301", None, "9"]),
    pa.array([b"7", "b\u00e9".encode(), None, b"9"]), pa.array(["7.0", "b\u00e9", "", "9"])])
def test_users_are_asked_for_by_the_ids_of_ingest(tmp_path, column):
    pq.write_table(pa.table({"user_id": column}), tmp_path / "users.parquet")
    assert read_user_ids(tmp_path / "users.parquet") == ["7", "b\u00e9", "", "9"]


def test_numbers_with_gaps_are_ids_too(tmp_path):
    pq.write_table(pa.table({"user_id": [7.0, float("nan"), None]}), tmp_path / "users.parquet")
    assert read_user_ids(tmp_path / "users.parquet") == ["7", "", ""]


def test_nobody_gets_a_file_without_rows(client, tmp_path):
    pq.write_table(pa.table({"user_id": pa.array([], pa.string())}), tmp_path / "users.parquet")
    assert score(client, tmp_path / "users.parquet", tmp_path / "recs.parquet", k=2) == 0
    assert pq.read_table(tmp_path / "recs.parquet").num_rows == 0


def test_the_users_own_file_is_not_written_over(client, users, tmp_path):
    (tmp_path / "link.parquet").symlink_to(users)
    for output in (users, tmp_path / "link.parquet"):
        with refuses("scores-onto-users"):
            score(client, users, output, k=2)
    assert len(read_user_ids(users)) == 5


def test_a_folder_for_the_output_is_refused_first(client, users, tmp_path):
    with refuses("scores-into-folder", tmp_path):
        score(client, users, tmp_path, k=2)
    assert not tmp_path.with_name(f"{tmp_path.name}.parts").exists()


def test_a_file_without_users_is_refused(client, tmp_path):
    pq.write_table(pa.table({"name": ["a"]}), tmp_path / "users.parquet")
    for file in (tmp_path / "users.parquet", tmp_path / "absent.parquet"):
        with refuses("bad-users-file", file):
            score(client, file, tmp_path / "recs.parquet", k=2)


def test_what_is_not_available_is_left_out_of_the_lists(server, users, tmp_path):
    (tmp_path / "sold-out.txt").write_text("i0\n")
    asked = CliRunner().invoke(app, [
        "score", f"--port={server.port}", f"--unavailable={tmp_path / 'sold-out.txt'}",
        f"--input={users}", f"--output={tmp_path / 'recs.parquet'}"])
    # Blocked items go to a signature that the tiny model lacks.
    assert getattr(asked.exception, "code", None) == "unknown-signature-of-server"
    assert "recommend_filtered" in str(asked.exception)
